/// @file
/// Clerk session tokens: who is asking. Rules after Clerk's documentation "Manual JWT verification" and its official
/// package @clerk/backend 3.25, stricter where RFC 7515 is (crit, padding, duplicate members).
#pragma once

#include <texbuild/error.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

class clock;
class http_client;

/// What is asked of a token beside its signature.
struct session_policy {
  std::string issuer;                           ///< must equal `iss`; "" does not check
  std::vector<std::string> authorized_parties;  ///< `azp` must be one of them, byte for byte; empty does not check
  std::string audience;                         ///< checked when set and the token has `aud`
  std::chrono::milliseconds clock_skew{5000};
  std::size_t most_bytes = 16 * 1024;  ///< of the whole token
};

/// What a good token says.
struct session_claims {
  std::string user_id;     ///< `sub`
  std::string session_id;  ///< `sid`; may be empty
  std::string authorized_party;
  std::string issuer;
  std::chrono::system_clock::time_point expires_at;
  std::string organization_id;
  std::string organization_role;                      ///< without `org:` in version 2, as sent in version 1
  std::vector<std::string> organization_permissions;  ///< `org:<feature>:<permission>`
  std::string actor;                                  ///< `act.sub`: the operator behind an impersonated session
};

/// A public key that can check signatures. Immutable; copies share it; thread safe.
class TEXBUILD_API session_key {
 public:
  /// From an SPKI `BEGIN PUBLIC KEY` block; literal `\n`, CRLF and missing line breaks are accepted.
  static result<session_key> from_pem(std::string_view pem);
  struct impl;
  explicit session_key(std::shared_ptr<const impl> key) : impl_(std::move(key)) {}
  [[nodiscard]] const impl& get() const noexcept { return *impl_; }

 private:
  std::shared_ptr<const impl> impl_;
};

/// Keys by id, as a JWKS document publishes them.
class TEXBUILD_API session_key_set {
 public:
  session_key_set() = default;
  /// Entries that cannot be used are skipped; `errc::invalid_input` if the document is no key set at all.
  static result<session_key_set> from_jwks(std::string_view json);
  [[nodiscard]] const session_key* find(std::string_view key_id) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return keys_.empty(); }

 private:
  std::vector<std::pair<std::string, session_key>> keys_;
};

/// The `kid` of a token's header, unverified; for choosing a key. `errc::unauthorized` if it is no token; "" for none.
TEXBUILD_API result<std::string> session_key_id(std::string_view token, const session_policy& policy = {});

/// Checks a token against a key. Pure. `errc::unauthorized`; `cause()` has the reason in Clerk's words
/// (`token-expired`).
TEXBUILD_API result<session_claims> verify_session_token(std::string_view token, const session_key& key,
                                                         const session_policy& policy,
                                                         std::chrono::system_clock::time_point now);

/// Where a token was found in a request, by RFC 9110 and Clerk's rules: the header beats the cookie; a bad header token
/// never falls back to the cookie. Both arguments are the raw header values ("" when absent). Empty: no token.
TEXBUILD_API std::optional<std::string> find_session_token(std::string_view authorization, std::string_view cookie,
                                                           bool allow_cookie);

/// Checks tokens with keys from a PEM, or from a JWKS address with caching and rotation. Thread safe.
class TEXBUILD_API session_verifier {
 public:
  struct options {
    std::string pem;       ///< set: used alone, no network
    std::string jwks_url;  ///< else this
    std::string bearer;    ///< secret for the address (Clerk's Backend API); "" for none
    session_policy policy;
    std::chrono::seconds keys_fresh_for{300};    ///< then they are fetched again
    std::chrono::seconds unknown_key_pause{30};  ///< at the least between fetches caused by unknown key ids
  };
  /// `errc::invalid_input` when neither or an unusable key is given.
  static result<session_verifier> make(options with, std::shared_ptr<http_client> http, std::shared_ptr<clock> time);

  /// Blocks only when keys must be fetched. The last good set stays in use while fetching fails.
  /// `errc::unauthorized`, or `errc::unavailable` when there never was a key set.
  result<session_claims> verify(std::string_view token);
  /// The answer, if it can be given without fetching keys; empty if it cannot. Never blocks for long.
  std::optional<result<session_claims>> try_verify(std::string_view token);

  struct impl;

 private:
  explicit session_verifier(std::shared_ptr<impl> state) : impl_(std::move(state)) {}
  std::shared_ptr<impl> impl_;
};

}  // namespace v0
}  // namespace texbuild
