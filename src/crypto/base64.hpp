// Base64 in both alphabets of RFC 4648. Reading is strict: one text for each value, so that no token has a twin.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace crypto {

/// Standard alphabet, padded to a multiple of four.
std::string base64_encode(std::string_view bytes);
/// URL-safe alphabet, no padding.
std::string base64url_encode(std::string_view bytes);
/// Empty for padding, other characters, an impossible length, or bits left over at the end that are not zero.
std::optional<std::string> base64url_decode(std::string_view text);
/// Standard alphabet, padded to a multiple of four. Empty for anything else.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
