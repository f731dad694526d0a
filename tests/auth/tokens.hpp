// Tokens made to order, and key sets to check them with.
#pragma once

#include "src/crypto/base64.hpp"
#include "tests/crypto/rsa_key.hpp"

#include <texbuild/session_token.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace texbuild_test {

using namespace std::chrono_literals;

/// The present of these tests: 2026-01-01T00:00:00Z.
inline constexpr std::chrono::system_clock::time_point noon{1767225600s};

inline constexpr std::string_view plain_header = R"({"alg":"RS256","kid":"k1","typ":"JWT"})";
inline constexpr std::string_view plain_payload = R"({"sub":"user_1","sid":"sess_1","exp":1767225660})";

inline std::string sign_token(std::string_view header, std::string_view payload,
                              const rsa_key& key = rsa_key::common()) {
  const auto text = texbuild::crypto::base64url_encode(header) + "." + texbuild::crypto::base64url_encode(payload);
  return text + "." + texbuild::crypto::base64url_encode(key.sign(text));
}

inline std::string jwk(std::string_view id, const rsa_key& key = rsa_key::common()) {
  return R"({"kty":"RSA","use":"sig","alg":"RS256","kid":")" + std::string(id) + R"(","n":")" +
         texbuild::crypto::base64url_encode(key.n()) + R"(","e":")" + texbuild::crypto::base64url_encode(key.e()) +
         "\"}";
}

inline std::string jwks(const std::string& entries) { return R"({"keys":[)" + entries + "]}"; }

/// The PEM block of a key (`rsa_key::spki`).
inline std::string pem_of(const std::string& der, const std::string& line_end = "\n", std::size_t width = 64) {
  auto text = texbuild::crypto::base64url_encode(der);
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  text.append((4 - text.size() % 4) % 4, '=');
  std::string pem = "-----BEGIN PUBLIC KEY-----" + line_end;
  for (std::size_t i = 0; i < text.size(); i += width) pem += text.substr(i, width) + line_end;
  return pem + "-----END PUBLIC KEY-----" + line_end;
}

inline const texbuild::session_key& common_key() {
  static const auto set = texbuild::session_key_set::from_jwks(jwks(jwk("k1"))).value();
  return *set.find("k1");
}

}  // namespace texbuild_test
