#include "src/policy/credit.hpp"

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace policy {

std::int64_t used(const wallet& w) noexcept { return std::max(w.latest, w.base + w.since); }

wallet counted(wallet w, std::int64_t tokens, bool complete) noexcept {
  w.latest = tokens;
  if (complete) {
    w.base = tokens;
    w.since = 0;
  }
  return w;
}

}  // namespace policy
}  // namespace v0
}  // namespace texbuild
