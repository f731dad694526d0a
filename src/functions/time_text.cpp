#include "src/functions/time_text.hpp"

#include <texbuild/text.hpp>

#include <algorithm>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace functions {

std::string duration_text(std::chrono::milliseconds duration) {
  if (duration <= std::chrono::milliseconds(0)) return {};
  auto left = std::max<std::int64_t>(duration.count() / 1000, 1);
  std::string out;
  for (const auto& [unit, seconds] : {std::pair{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}) {
    if (left >= seconds) out += std::to_string(left / seconds) + unit;
    left %= seconds;
  }
  return out;
}

std::string instant_text(std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(time - whole).count();
  auto out = rfc3339(whole);
  out.pop_back();  // the Z
  const auto digits = std::to_string(1000 + rest);
  return out + "." + digits.substr(1) + "Z";
}

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
