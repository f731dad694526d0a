// The parts of verify_session_token, for the verifier, the tests and the fuzzer.
#pragma once

#include "src/crypto/rsa.hpp"

#include <texbuild/session_token.hpp>

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {

struct session_key::impl {
  crypto::rsa_public_key rsa;
  explicit impl(crypto::rsa_public_key key) : rsa(std::move(key)) {}
};

namespace auth {

/// A failure as the library tells it: words for the client, and Clerk's name for it in `cause()`.
error refuse(std::string_view reason, std::string_view words);

/// A token taken apart. Nothing in it is proven.
struct token_parts {
  boost::json::object header;
  boost::json::object payload;
  std::string_view signed_text;  ///< the first two segments as they came; a view of the token
  std::string signature;

  /// `kid`; "" for none.
  [[nodiscard]] std::string_view key_id() const;
};

/// Three segments, strict base64url, strict JSON, and a header of a kind that may be a session. Looks at no claim.
result<token_parts> take_apart(std::string_view token, const session_policy& policy);

/// Signature first, then the claims.
result<session_claims> verify_parts(const token_parts& token, const session_key& key, const session_policy& policy,
                                    std::chrono::system_clock::time_point now);

/// The claims of a payload whose signature is good.
result<session_claims> check_claims(const boost::json::object& payload, const session_policy& policy,
                                    std::chrono::system_clock::time_point now);

}  // namespace auth
}  // namespace v0
}  // namespace texbuild
