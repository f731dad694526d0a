// The arithmetic of a token bucket: what is left and the present time in, what is left out. For costs that are not one
// each and are known only afterwards: an estimate is taken, and settled when the cost is known.
#pragma once

#include <chrono>
#include <cstdint>

namespace texbuild {
inline namespace v0 {
namespace policy {

/// Starts full. `refill` tokens come at the end of every `interval`, counted from the first use.
struct bucket_rate {
  std::int64_t capacity = 0;
  std::int64_t refill = 0;
  std::chrono::milliseconds interval{0};
};

/// A bucket that fills in an hour, in a hundred steps. A capacity of 0 or less never has anything.
bucket_rate per_hour(std::int64_t tokens);

/// What is stored.
struct bucket_state {
  std::int64_t tokens = 0;  ///< below 0 when a cost turned out higher than its estimate
  std::chrono::milliseconds refilled_at{0};
};

struct bucket_step {
  bool taken = false;
  bucket_state state;                        ///< to be stored, also of a refusal
  std::chrono::milliseconds next_refill{0};  ///< since 1970
  /// Of a refusal: until there is enough, if nobody else takes any. Less than 0: never, the cost is above the capacity.
  std::chrono::milliseconds wait{0};
};

bucket_state full_bucket(const bucket_rate& rate, std::chrono::milliseconds now);

/// Takes all of `cost`, or nothing. A clock that was set back gives nothing twice and makes nobody wait longer than if
/// it had always been right. A capacity that shrank cuts what is left.
bucket_step take(const bucket_state& stored, const bucket_rate& rate, std::int64_t cost, std::chrono::milliseconds now);

/// Gives `tokens` back (or takes more, when negative), never above the capacity.
bucket_state settle(const bucket_state& stored, const bucket_rate& rate, std::int64_t tokens,
                    std::chrono::milliseconds now);

}  // namespace policy
}  // namespace v0
}  // namespace texbuild
