// When a message that nobody took is sent again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace texbuild {
inline namespace v0 {
namespace policy {

/// After so many attempts (1 for the first): how long until the next, or that there is none. `random` adds up to a
/// tenth, so that what failed together does not come again together. Source: the Standard Webhooks specification,
/// "Deliverability and reliability".
std::optional<std::chrono::seconds> retry_after(int attempts, std::uint32_t random);

/// How long all other messages of an endpoint wait after a failure: a receiver that is down is not asked for each of
/// them.
std::chrono::seconds pause_after(std::chrono::seconds retry);

/// An endpoint that took nothing for that long is switched off.
constexpr std::chrono::hours given_up_after{5 * 24};

}  // namespace policy
}  // namespace v0
}  // namespace texbuild
