// How much of a language model somebody may still use: two counts of the same thing, ours and the provider's, neither
// of which is right at every moment. Pure.
#pragma once

#include <chrono>
#include <cstdint>

namespace texbuild {
inline namespace v0 {
namespace policy {

/// In tokens. The provider counts what it was told, a little later; it also begins anew with a billing period, and
/// knows of uses from elsewhere. Ours has everything from here at once.
struct wallet {
  std::int64_t base = 0;    ///< the provider's count when everything from here was in it
  std::int64_t since = 0;   ///< used here after that
  std::int64_t latest = 0;  ///< the provider's last count
};

/// The larger of the two counts, so that nobody spends a token twice.
std::int64_t used(const wallet& w) noexcept;
/// After the provider was asked. `complete`: all uses from here had reached it long enough before, so that its count is
/// the whole truth; also when it is lower than ours.
wallet counted(wallet w, std::int64_t tokens, bool complete) noexcept;

/// How long the provider may take to count what it was told.
constexpr std::chrono::seconds counting_takes{60};

}  // namespace policy
}  // namespace v0
}  // namespace texbuild
