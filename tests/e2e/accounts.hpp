// Session tokens of this moment, as Clerk makes them.
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

}  // namespace texbuild_test
