// SHA-256, and SHA-1 where a protocol names things by it (never for security).
#pragma once

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace crypto {

/// 32 bytes.
std::string sha256(std::string_view bytes);
/// 20 bytes.
std::string sha1(std::string_view bytes);

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
