// The one question that setting up a bot has for Telegram: whose token is this?
#pragma once

#include <texbuild/error.hpp>
#include <texbuild/http.hpp>

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace bots {

/// The bot's name, without `@`. `errc::forbidden`: Telegram refuses the token, for good. `errc::provider_error`,
/// `errc::unavailable`, `errc::timed_out`: it may answer later. No error holds the token.
result<std::string> ask_telegram(http_client& http, const std::string& origin, std::string_view token,
                                 std::chrono::milliseconds timeout);

}  // namespace bots
}  // namespace v0
}  // namespace texbuild
