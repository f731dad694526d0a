#include "src/policy/retry.hpp"

#include <algorithm>
#include <array>

namespace texbuild {
inline namespace v0 {
namespace policy {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::optional<seconds> retry_after(int attempts, std::uint32_t random) {
  static constexpr std::array<seconds, 9> pauses{seconds(5), minutes(5), minutes(30), hours(2), hours(5),
                                                 hours(10),  hours(14),  hours(20),   hours(24)};
  if (attempts < 1 || static_cast<std::size_t>(attempts) > pauses.size()) return std::nullopt;
  const auto pause = pauses[static_cast<std::size_t>(attempts) - 1];
  return pause + seconds(pause.count() * (random % 1000) / 10'000);
}

seconds pause_after(seconds retry) { return std::min<seconds>(retry, minutes(5)); }

}  // namespace policy
}  // namespace v0
}  // namespace texbuild
