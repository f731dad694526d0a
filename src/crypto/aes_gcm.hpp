// AES-256-GCM with a 12 byte nonce and a 16 byte tag (NIST SP 800-38D).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace crypto {

constexpr std::size_t gcm_key_bytes = 32;
constexpr std::size_t gcm_nonce_bytes = 12;
constexpr std::size_t gcm_tag_bytes = 16;

/// The ciphertext and, at its end, the tag. A nonce is used once with a key. Throws `std::runtime_error` if OpenSSL
/// fails, `std::length_error` for a key or nonce of another length.
std::string aes_gcm_seal(std::string_view key, std::string_view nonce, std::string_view plain, std::string_view bound);
/// Empty when the tag does not fit.
std::optional<std::string> aes_gcm_open(std::string_view key, std::string_view nonce, std::string_view sealed,
                                        std::string_view bound);

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
