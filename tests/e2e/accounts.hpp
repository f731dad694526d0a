// Session tokens as Clerk makes them, and keys as its operators are given them.
#pragma once

#include "tests/auth/tokens.hpp"

#include <chrono>
#include <string>

namespace texbuild_test {

/// What a token says; members that are empty are left out.
struct session_words {
  std::string user = "user_1";
  std::string issuer, party;
  std::chrono::seconds good_for{3600};
  std::string kid = "ins_1";
};

inline std::string session(const session_words& says, const rsa_key& key = rsa_key::common()) {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto number = [](std::chrono::seconds s) { return std::to_string(s.count()); };
  auto claims = R"({"sub":")" + says.user + R"(","sid":"sess_1","iat":)" + number(now - std::chrono::seconds(1)) +
                R"(,"nbf":)" + number(now - std::chrono::seconds(10)) + R"(,"exp":)" + number(now + says.good_for);
  if (!says.issuer.empty()) claims += R"(,"iss":")" + says.issuer + "\"";
  if (!says.party.empty()) claims += R"(,"azp":")" + says.party + "\"";
  return sign_token(R"({"alg":"RS256","kid":")" + says.kid + R"(","typ":"JWT"})", claims + "}", key);
}

/// A good token of this user by the common key.
inline std::string session_of(const std::string& user) {
  session_words says;
  says.user = user;
  return session(says);
}

inline std::string pem_of(const rsa_key& key, const std::string& line_end = "\n") {
  const auto der = key.spki();
  std::string text(4 * ((der.size() + 2) / 3) + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(der.data()),
                  static_cast<int>(der.size()));
  text.pop_back();
  std::string pem = "-----BEGIN PUBLIC KEY-----" + line_end;
  for (std::size_t at = 0; at < text.size(); at += 64) pem += text.substr(at, 64) + line_end;
  return pem + "-----END PUBLIC KEY-----" + line_end;
}

}  // namespace texbuild_test
