// HMAC-SHA256 (RFC 2104), and comparing what is secret.
#pragma once

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace crypto {

/// Two lower-case digits a byte.
std::string hex(std::string_view bytes);
/// 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view message);
/// Takes a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
