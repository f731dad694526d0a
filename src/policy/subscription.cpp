#include "src/policy/subscription.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace policy {
namespace {

using state = subscription_state;

std::int64_t unix_seconds(time_point t) {
  return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
}

std::optional<std::int64_t> unix_seconds(const std::optional<time_point>& t) {
  if (!t) return std::nullopt;
  return unix_seconds(*t);
}

void raise(std::optional<std::int64_t>& to, const std::optional<std::int64_t>& value) {
  if (value && (!to || *value > *to)) to = value;
}

/// Final states stay; of two, which happens only when histories disagree, the first one that came about.
bool replaces(const subscription_facts& known, state to, std::int64_t at, int rank) {
  const auto before = std::tuple(known.state_at, known.state_rank, known.state);
  const auto after = std::tuple(at, rank, to);
  if (is_final(known.state)) return is_final(to) && after < before;
  return is_final(to) || after > before;
}

}  // namespace

std::string_view to_string(subscription_state s) noexcept {
  switch (s) {
    case state::created:
      return "created";
    case state::authenticated:
      return "authenticated";
    case state::active:
      return "active";
    case state::pending:
      return "pending";
    case state::halted:
      return "halted";
    case state::paused:
      return "paused";
    case state::canceled:
    case state::completed:  // over, and not renewed: the same to whoever asks
      return "canceled";
    case state::expired:
      return "expired";
  }
  return "";
}

std::optional<subscription_state> parse_razorpay_state(std::string_view word) noexcept {
  static constexpr std::array<std::pair<std::string_view, state>, 9> words{{{"created", state::created},
                                                                            {"authenticated", state::authenticated},
                                                                            {"active", state::active},
                                                                            {"pending", state::pending},
                                                                            {"halted", state::halted},
                                                                            {"paused", state::paused},
                                                                            {"cancelled", state::canceled},
                                                                            {"completed", state::completed},
                                                                            {"expired", state::expired}}};
  for (const auto& [name, value] : words)
    if (name == word) return value;
  return std::nullopt;
}

subscription_facts learn(subscription_facts known, const subscription_news& news) {
  const auto at = unix_seconds(news.at);
  if (news.moves_to && replaces(known, *news.moves_to, at, news.rank)) {
    known.state = *news.moves_to;
    known.state_at = at;
    known.state_rank = news.rank;
  }
  const auto newer =
      std::tuple(at, news.rank, std::string_view(news.provider_plan), news.total_count) >
      std::tuple(known.plan_at, known.plan_rank, std::string_view(known.provider_plan), known.total_count);
  if (!news.provider_plan.empty() && newer) {
    known.plan_at = at;
    known.plan_rank = news.rank;
    known.provider_plan = news.provider_plan;
    known.total_count = news.total_count;
  }
  const auto end = unix_seconds(news.current_end);
  const auto start = unix_seconds(news.current_start);
  if (end && std::pair(end, start) > std::pair(known.current_end, known.current_start)) {
    known.current_end = end;
    known.current_start = start;
  }
  if (news.paid) raise(known.paid_until, end);
  if (news.moves_to && is_final(*news.moves_to)) {
    const auto ended = unix_seconds(news.ended_at).value_or(at);
    known.ended_at = known.ended_at ? std::min(*known.ended_at, ended) : ended;
  }
  known.paid_count = std::max(known.paid_count, news.paid_count);
  return known;
}

entitlement entitles(const subscription_facts& facts, time_point now) {
  entitlement out;
  switch (facts.state) {
    case state::active:
    case state::pending:  // Razorpay still tries to charge
      out.plan = true;
      break;
    case state::paused:
      out.paused = true;
      out.plan = true;
      break;
    case state::canceled:
    case state::completed: {
      // Of a cycle that was begun but never paid, `current_end` says nothing.
      auto until = facts.paid_until;
      if (!until && facts.paid_count > 0) until = facts.current_end;
      out.plan = until && unix_seconds(now) < *until;
      break;
    }
    case state::created:
    case state::authenticated:
    case state::halted:
    case state::expired:
      break;
  }
  return out;
}

bool is_live(const subscription_facts& facts) noexcept {
  return facts.state != state::created && !is_final(facts.state);
}

}  // namespace policy
}  // namespace v0
}  // namespace texbuild
