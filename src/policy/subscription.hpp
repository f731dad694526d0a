// The state of a subscription as a pure machine: what is known, and one more thing learned, give what is known after.
//
// Razorpay sends events more than once, late and in any order. So every field here is joined in a way that does not
// depend on the order and takes a repetition without change (the newest by the event's own time, the largest, the first
// end): any shuffle of a history, with repetitions, ends in the same state.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace texbuild {
inline namespace v0 {
namespace policy {

using time_point = std::chrono::system_clock::time_point;

/// In the order in which events of the same second count: their times have whole seconds.
enum class subscription_state { created, authenticated, active, pending, halted, paused, canceled, completed, expired };

/// The word that clients are shown.
std::string_view to_string(subscription_state state) noexcept;
/// Razorpay's word. Empty for one that is not known.
std::optional<subscription_state> parse_razorpay_state(std::string_view word) noexcept;

/// Nothing follows.
constexpr bool is_final(subscription_state s) noexcept { return s >= subscription_state::canceled; }

/// What an event, or an answer of Razorpay's API, says about a subscription.
struct subscription_news {
  time_point at;                               ///< the event's own time
  int rank = 0;                                ///< of events of the same second, the one with the higher rank counts
  std::optional<subscription_state> moves_to;  ///< empty: it moves nothing (`updated`)
  bool paid = false;                           ///< the period up to `current_end` is paid
  std::string provider_plan;                   ///< "" if not said
  std::optional<time_point> current_start;
  std::optional<time_point> current_end;
  std::optional<time_point> ended_at;
  std::int64_t paid_count = 0;
  std::int64_t total_count = 0;
};

/// What is known. Every `*_at`, `*_rank` pair says how new the field before it is.
struct subscription_facts {
  subscription_state state = subscription_state::created;
  std::int64_t state_at = 0;  ///< Unix seconds
  int state_rank = -1;
  std::string provider_plan;
  std::int64_t total_count = 0;
  std::int64_t plan_at = 0;
  int plan_rank = -1;
  std::optional<std::int64_t> current_start;
  std::optional<std::int64_t> current_end;
  std::optional<std::int64_t> paid_until;
  std::optional<std::int64_t> ended_at;
  std::int64_t paid_count = 0;

  friend bool operator==(const subscription_facts&, const subscription_facts&) = default;
};

/// What is known after the news.
subscription_facts learn(subscription_facts known, const subscription_news& news);

/// What the facts give at a time.
struct entitlement {
  bool plan = false;    ///< the subscription's plan; else the free one
  bool paused = false;  ///< nothing may be built
};
entitlement entitles(const subscription_facts& facts, time_point now);

/// Whether the user may not subscribe again: it is active, or will be without another payment. One that was only made
/// is not: its checkout can be given again.
bool is_live(const subscription_facts& facts) noexcept;

}  // namespace policy
}  // namespace v0
}  // namespace texbuild
