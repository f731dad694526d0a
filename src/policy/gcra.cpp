#include "src/policy/gcra.hpp"

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace policy {
namespace {

std::chrono::system_clock::time_point at(microseconds since_1970) {
  return std::chrono::system_clock::time_point(since_1970);
}

}  // namespace

gcra_step gcra(microseconds arrival, microseconds now, const rate& allowed) {
  gcra_step step;
  auto& d = step.decision;
  d.limit = allowed.limit;
  if (allowed.limit == 0) {
    d.retry_after = std::max(allowed.window, std::chrono::seconds(1));
    d.reset = at(now + allowed.window);
    step.arrival = arrival;
    return step;
  }
  const microseconds apart = std::max(microseconds(allowed.window) / allowed.limit, microseconds(1));
  const microseconds burst = apart * allowed.limit;
  // Only a wait of more than a window says that the clock was set back. Less also comes of another node's clock, or of
  // a request that waited for the database since it looked at its own: cutting that would give away what was taken.
  const bool set_back = arrival - now > std::max(microseconds(allowed.window), burst) + burst - apart;
  const microseconds from = set_back ? now + burst : std::max(arrival, now);
  const microseconds next = from + apart;
  d.allowed = next - now <= burst;
  if (d.allowed) {
    step.arrival = next;
    d.remaining = static_cast<std::uint32_t>((burst - (next - now)) / apart);
    d.reset = at(next);
  } else {
    d.retry_after = std::max(std::chrono::ceil<std::chrono::seconds>(next - burst - now), std::chrono::seconds(1));
    d.reset = at(from);
    // Cut to what this clock can have given: else it would be cut anew with each refusal, and none would ever pass.
    step.arrival = from;
  }
  return step;
}

}  // namespace policy
}  // namespace v0
}  // namespace texbuild
