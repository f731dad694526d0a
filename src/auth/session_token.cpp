// From the text of a token to a proven payload: form, header, signature. The claims are in session_claims.cpp.
#include "src/auth/session_token.hpp"

#include "src/crypto/base64.hpp"
#include "src/data/strict_json.hpp"

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace auth {
namespace {

namespace json = boost::json;

/// Values of `cat` that a session may have.
constexpr std::string_view session_category = "cl_B7d4PD111AAA";
constexpr std::string_view no_category = "cl_I7d4PD111III";
constexpr std::string_view machine_category = "cl_B7d4PD333AAA";

error malformed() { return refuse("token-invalid", "the session token is not a signed JSON web token"); }

result<json::object> read_object(std::string_view segment) {
  const auto text = crypto::base64url_decode(segment);
  if (!text) return malformed();
  auto value = data::parse_strict_json(*text);
  if (!value || !value->is_object()) return malformed();
  return std::move(value->get_object());
}

/// What no key can make good. Comes before the choice of a key, so that a hopeless token causes no fetch of keys.
result<void> check_header(const json::object& header) {
  const auto text = [&](std::string_view name) {
    const auto* s = data::find_text(header, name);
    return s == nullptr ? std::optional<std::string_view>() : std::optional(data::view(*s));
  };
  if (const auto* category = header.if_contains("cat")) {
    const auto cat = text("cat");
    if (!category->is_string() || cat == machine_category)
      return refuse("token-invalid", "the token is not a session token");
    if (cat != session_category && cat != no_category)
      return refuse("token-type-mismatch", "the token is not a session token");
  }
  if (header.contains("crit")) return refuse("token-invalid", "the token demands an extension that is not known here");
  if (header.contains("typ") && text("typ") != "JWT")
    return refuse("token-invalid", "the token is not a session token");
  if (header.contains("kid") && !text("kid")) return malformed();
  if (text("alg") != "RS256")
    return refuse("token-invalid-algorithm", "the session token is not signed with RS256, the only way accepted here");
  return {};
}

}  // namespace

error refuse(std::string_view reason, std::string_view words) {
  return error(errc::unauthorized, std::string(words), std::string(reason));
}

std::string_view token_parts::key_id() const {
  const auto* kid = data::find_text(header, "kid");
  return kid == nullptr ? std::string_view() : data::view(*kid);
}

result<token_parts> take_apart(std::string_view token, const session_policy& policy) {
  if (token.empty())
    return refuse("token-invalid", "there is no session token; send it as Authorization: Bearer <token>");
  if (token.size() > policy.most_bytes) return refuse("token-invalid", "the session token is too long");
  if (std::count(token.begin(), token.end(), '.') != 2) return malformed();
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  auto header = read_object(token.substr(0, first));
  if (!header) return std::move(header).error();
  auto payload = read_object(token.substr(first + 1, second - first - 1));
  if (!payload) return std::move(payload).error();
  auto signature = crypto::base64url_decode(token.substr(second + 1));
  if (!signature) return malformed();
  if (const auto good = check_header(*header); !good) return good.error();
  return token_parts{std::move(*header), std::move(*payload), token.substr(0, second), std::move(*signature)};
}

result<session_claims> verify_parts(const token_parts& token, const session_key& key, const session_policy& policy,
                                    std::chrono::system_clock::time_point now) {
  if (!key.get().rsa.verify_pkcs1_sha256(token.signed_text, token.signature))
    return refuse("token-invalid-signature", "the signature of the session token is not valid");
  return check_claims(token.payload, policy, now);
}

}  // namespace auth

result<std::string> session_key_id(std::string_view token, const session_policy& policy) {
  const auto parts = auth::take_apart(token, policy);
  if (!parts) return parts.error();
  return std::string(parts->key_id());
}

result<session_claims> verify_session_token(std::string_view token, const session_key& key,
                                            const session_policy& policy, std::chrono::system_clock::time_point now) {
  const auto parts = auth::take_apart(token, policy);
  if (!parts) return parts.error();
  return auth::verify_parts(*parts, key, policy, now);
}

}  // namespace v0
}  // namespace texbuild
