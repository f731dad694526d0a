// The arithmetic of a rate limit: one stored time and the present one in, a decision and the next stored time out.
#pragma once

#include <texbuild/rate_limit.hpp>

#include <chrono>

namespace texbuild {
inline namespace v0 {
namespace policy {

using microseconds = std::chrono::microseconds;

struct gcra_step {
  rate_decision decision;
  microseconds arrival{0};  ///< to be stored, if it is another one; of a refusal only after a clock was set back
};

/// `arrival` is what was stored for this key: the theoretical arrival time of the next request, since 1970; 0 if there
/// is nothing. A clock that was set back makes nobody wait longer than one window.
gcra_step gcra(microseconds arrival, microseconds now, const rate& allowed);

}  // namespace policy
}  // namespace v0
}  // namespace texbuild
