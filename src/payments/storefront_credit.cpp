// The credit for a language model: two counts, ours and Polar's, and uses on their way from one to the other.
#include "src/payments/storefront_impl.hpp"

#include <texbuild/http.hpp>

#include <algorithm>
#include <cmath>

namespace texbuild {
inline namespace v0 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// All calls of one question together.
constexpr milliseconds asking_takes{1800};
// After Polar was away, requests are let through or not by what is known, for that long, before it is asked again.
constexpr seconds left_in_peace{5};
constexpr std::size_t batch_size = 100;
constexpr seconds sending_takes{60};

// While Polar cannot be told of uses, it is tried so often at the least, unless it asks for more time.
constexpr seconds longest_pause{300};

seconds doubled(int times, seconds most) {
  return std::min<seconds>(seconds(std::int64_t{2} << std::clamp(times, 1, 11)), most);
}

/// Polar does not take these events. Anything else is not about them.
bool is_refusal(const error& e) { return e.code() == errc::invalid_input; }

/// Until when a use waits that was refused so often.
seconds wait_after(int refusals) {
  return refusals >= store::hopeless_refusals ? std::chrono::hours(24) : doubled(refusals, std::chrono::hours(1));
}

}  // namespace

result<credit_report> storefront::impl::known_credit(std::string_view user, store::credit_row& row) {
  auto found = credits.look_up(user);
  if (!found) return found.error();
  row = std::move(*found);
  credit_report out;
  std::vector<const assistant_tier*> counting;
  for (const auto& product : row.active_products)
    if (const auto* tier = tier_of_product(product)) counting.push_back(tier);
  if (counting.empty())
    if (const auto* stored = find_tier(row.tier)) counting.push_back(stored);
  if (counting.empty()) counting.push_back(&options.tiers.front());
  std::int64_t largest = -1;
  for (const auto* tier : counting) {
    out.limit_tokens += tier->credit_dollars * tokens_per_dollar;
    out.tokens_per_hour = std::max(out.tokens_per_hour, tier->tokens_per_hour);
    if (tier->credit_dollars > largest) {
      largest = tier->credit_dollars;
      out.tier = tier->name;
    }
  }
  out.used_tokens = policy::used(row.wallet);
  out.customer = !row.customer.empty();
  return out;
}

result<void> storefront::impl::ask_polar(std::string_view user, std::string customer) {
  const auto begun = parts.time->steady_now();
  const auto asked = now();
  const auto left = [&] {
    const auto passed = std::chrono::duration_cast<milliseconds>(parts.time->steady_now() - begun);
    return std::max<milliseconds>(asking_takes - passed, milliseconds(1));
  };
  const auto find = [&]() -> result<void> {
    const auto there = polar(left()).find_customer(user);
    if (!there) return there.error();
    customer = there->id;
    return credits.set_customer(user, customer, now());
  };
  const bool linked = !customer.empty();
  if (!linked)
    if (auto found = find(); !found) return found;
  auto tokens = polar(left()).consumed(customer);
  // An id that Polar no longer knows: the customer may be there as another one.
  const bool stale =
      !tokens && (tokens.error().code() == errc::not_found || tokens.error().code() == errc::invalid_input);
  if (stale && linked) {
    auto found = find();
    // Only a clear word unlinks: a Polar in trouble may refuse all that it is asked.
    if (!found && found.error().code() == errc::not_found)
      if (auto forgotten = credits.set_customer(user, "", now()); !forgotten) return forgotten;
    if (!found) return found;
    tokens = polar(left()).consumed(customer);
  }
  if (!tokens) return tokens.error();
  constexpr double most = 9e15;
  const double sane = std::isfinite(*tokens) ? std::clamp(*tokens, 0.0, most) : most;
  return credits.counted(user, static_cast<std::int64_t>(std::ceil(sane)), asked);
}

result<credit_report> storefront::credit(std::string_view user, std::chrono::seconds max_age) {
  store::credit_row row;
  auto report = impl_->known_credit(user, row);
  if (!report || !impl_->options.polar) return report;
  const auto now = impl_->now();
  const auto fresh = [&] {
    return report->customer && row.asked_at && now >= *row.asked_at && now - *row.asked_at < max_age;
  };
  if (fresh()) return report;
  if (!impl_->may_ask()) return report;
  const auto asked = impl_->asking.one_at_a_time(user, [&]() -> result<bool> {
    // Another request may have asked since.
    report = impl_->known_credit(user, row);
    if (!report) return report.error();
    if (fresh()) return true;
    if (!impl_->asking.allow(user, report->customer, now)) return false;
    const auto there = impl_->ask_polar(user, row.customer);
    if (there || there.error().code() == errc::not_found) return true;
    impl_->could_not_ask(there.error());
    return there.error();
  });
  if (!asked) return report;
  report = impl_->known_credit(user, row);
  if (report) report->current = *asked;
  return report;
}

result<std::int64_t> storefront::spendable(std::string_view user) {
  const auto report = credit(user, impl_->options.counted_for);
  if (!report) return report.error();
  if (!report->customer) return error(errc::payment_required, "there is no customer account: buy an assistant first");
  return report->limit_tokens - report->used_tokens;
}

result<std::int64_t> storefront::tokens_per_hour(std::string_view user) {
  store::credit_row row;
  const auto report = impl_->known_credit(user, row);
  if (!report) return report.error();
  return report->tokens_per_hour;
}

result<void> storefront::charge(const polar_usage& what, bool estimated) {
  if (what.id.empty() || what.user.empty() || what.prompt_tokens < 0 || what.completion_tokens < 0)
    return error(errc::invalid_input, "a use of tokens needs an id, a user and counts that are not negative");
  return impl_->credits.use(what, estimated, impl_->now());
}

bool storefront::impl::may_ask() {
  const std::scoped_lock guard(pausing);
  return parts.time->steady_now() >= ask_after;
}

void storefront::impl::could_not_ask(const error& why) {
  if (is_refusal(why)) return;  // it is about that user
  const auto until = parts.time->steady_now() + why.retry_after().value_or(left_in_peace);
  const std::scoped_lock guard(pausing);
  ask_after = std::max(ask_after, until);
  if (why.code() != errc::rate_limited) return;
  // Its limit is for all calls together.
  send_after = std::max(send_after, until);
  send_failures = std::max(send_failures, 1);
}

bool storefront::impl::may_send() {
  const std::scoped_lock guard(pausing);
  return send_failures == 0 || parts.time->steady_now() >= send_after;
}

result<void> storefront::impl::send(const std::vector<store::unsent_usage>& batch) {
  std::vector<polar_usage> events;
  events.reserve(batch.size());
  for (const auto& u : batch) events.push_back(u.what);
  auto sent = polar(options.polar->timeout).ingest(events);
  if (!sent && sent.error().code() == errc::rate_limited) could_not_ask(sent.error());
  const std::scoped_lock guard(pausing);
  if (sent || is_refusal(sent.error())) {
    send_failures = 0;
  } else {
    const auto pause = sent.error().retry_after().value_or(doubled(++send_failures, longest_pause));
    send_failures = std::max(send_failures, 1);
    send_after = std::max(send_after, parts.time->steady_now() + pause);
  }
  return sent;
}

result<void> storefront::impl::send_alone(store::unsent_usage one) {
  auto sent = send({one});
  if (sent || !is_refusal(sent.error()) || one.what.customer.empty()) return sent;
  one.what.customer.clear();
  return send({one});
}

result<std::uint64_t> storefront::send_usage(const std::stop_token& stop) {
  std::uint64_t count = 0;
  if (!impl_->options.polar) return count;
  // What is not sent stays due: so all of it goes as soon as Polar is there again.
  while (!stop.stop_requested() && impl_->may_send()) {
    const auto batch = impl_->credits.claim_usage(batch_size, impl_->now(), sending_takes);
    if (!batch) return batch.error();
    if (batch->empty()) break;
    auto sent = impl_->send(*batch);
    if (sent) {
      if (auto kept = impl_->credits.settle_usage(*batch, std::nullopt, impl_->now()); !kept) return kept.error();
      count += batch->size();
      continue;
    }
    // One bad event refuses them all: then each goes by itself, so that the others are told.
    for (const auto& u : *batch) {
      const bool refused = !sent && is_refusal(sent.error());
      if (refused && !stop.stop_requested()) {
        const auto alone = impl_->send_alone(u);
        const auto now = impl_->now();
        if (alone) {
          if (auto kept = impl_->credits.settle_usage({u}, std::nullopt, now); !kept) return kept.error();
          ++count;
          continue;
        }
        if (is_refusal(alone.error())) {
          if (auto kept = impl_->credits.usage_refused(u, now + wait_after(u.refusals + 1), now); !kept)
            return kept.error();
          continue;
        }
        sent = alone;
      }
      if (auto kept = impl_->credits.settle_usage({u}, impl_->now(), impl_->now()); !kept) return kept.error();
    }
    if (!is_refusal(sent.error())) return sent.error();
  }
  return count;
}

}  // namespace v0
}  // namespace texbuild
