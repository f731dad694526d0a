// RSA public keys that check signatures of the kind RS256: RSASSA-PKCS1-v1_5 with SHA-256.
#pragma once

#include <texbuild/error.hpp>

#include <memory>
#include <string_view>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace texbuild {
inline namespace v0 {
namespace crypto {

/// Immutable; copies share the key; thread safe. Between 2048 and 8192 bits: fewer are weak, more cost too much to
/// check.
class rsa_public_key {
 public:
  /// Big-endian modulus and exponent. `errc::invalid_input` says what is wrong with them.
  static result<rsa_public_key> from_components(std::string_view n, std::string_view e);
  /// An SPKI structure, in DER and nothing after it.
  static result<rsa_public_key> from_spki(std::string_view der);

  /// Whether `signature`, exactly as long as the modulus, is one over `message`.
  [[nodiscard]] bool verify_pkcs1_sha256(std::string_view message, std::string_view signature) const;

 private:
  explicit rsa_public_key(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  static result<rsa_public_key> checked(std::shared_ptr<evp_pkey_st> key);
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
