#include "src/policy/token_bucket.hpp"

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace policy {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds hour = std::chrono::hours(1);

bucket_state refilled(const bucket_state& stored, const bucket_rate& rate, milliseconds now) {
  auto s = stored;
  // From the future by more than an interval: the clock was set back. Less comes of other nodes' clocks.
  if (s.refilled_at - now > rate.interval) s.refilled_at = now;
  if (rate.refill > 0 && rate.interval.count() > 0 && now >= s.refilled_at + rate.interval) {
    const auto steps = (now - s.refilled_at) / rate.interval;
    s.refilled_at += steps * rate.interval;
    // As many steps as can matter, lest the product overflow after years.
    const auto missing = rate.capacity - std::min(s.tokens, rate.capacity);
    const auto useful = std::min<std::int64_t>(steps, missing / rate.refill + 1);
    s.tokens += useful * rate.refill;
  }
  s.tokens = std::min(s.tokens, rate.capacity);
  return s;
}

}  // namespace

bucket_rate per_hour(std::int64_t tokens) {
  bucket_rate r;
  r.capacity = std::max<std::int64_t>(tokens, 0);
  if (r.capacity == 0) return r;
  r.refill = std::max<std::int64_t>(r.capacity / 100, 1);
  // Less than an hour's worth when the capacity is no multiple of 100: the interval makes up for it.
  r.interval = milliseconds(static_cast<std::int64_t>(
      static_cast<double>(hour.count()) * (static_cast<double>(r.refill) / static_cast<double>(r.capacity))));
  return r;
}

bucket_state full_bucket(const bucket_rate& rate, milliseconds now) {
  bucket_state s;
  s.tokens = rate.capacity;
  s.refilled_at = now;
  return s;
}

bucket_step take(const bucket_state& stored, const bucket_rate& rate, std::int64_t cost, milliseconds now) {
  bucket_step step;
  step.state = refilled(stored, rate, now);
  step.next_refill = step.state.refilled_at + rate.interval;
  step.taken = step.state.tokens >= cost;
  if (step.taken) {
    step.state.tokens -= cost;
  } else if (cost > rate.capacity || rate.refill <= 0) {
    step.wait = milliseconds(-1);
  } else {
    const auto steps = (cost - step.state.tokens + rate.refill - 1) / rate.refill;
    step.wait = step.state.refilled_at + steps * rate.interval - now;
  }
  return step;
}

bucket_state settle(const bucket_state& stored, const bucket_rate& rate, std::int64_t tokens, milliseconds now) {
  auto s = refilled(stored, rate, now);
  s.tokens = std::min(s.tokens + tokens, rate.capacity);
  return s;
}

}  // namespace policy
}  // namespace v0
}  // namespace texbuild
