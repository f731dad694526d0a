/// @file
/// Who users are, from Clerk: its webhooks, and its Backend API for what they have not told yet.
///
/// Facts of the wire are from Clerk's OpenAPI description and its official Node package. Session tokens are another
/// matter: texbuild/session_token.hpp.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>
#include <texbuild/webhook.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {

/// Settings of accounts.
struct accounts_options {
  std::string webhook_secret;  ///< "whsec_…"; "": webhooks are refused
  std::string secret_key;      ///< "sk_…"; "": the Backend API is not asked
  std::string api_url = "https://api.clerk.com";
  std::chrono::milliseconds timeout{std::chrono::seconds(3)};  ///< of one call

  accounts_options() = default;
};

/// A user as Clerk tells it.
struct clerk_user {
  std::string id;               ///< "user_…"
  std::string email;            ///< the primary address, if it is verified; else ""
  std::int64_t updated_at = 0;  ///< Unix milliseconds, of Clerk's clock

  clerk_user() = default;
};

/// A webhook, as far as anything here follows from it.
struct clerk_event {
  std::string name;  ///< such as "user.created"
  clerk_user user;   ///< of `user.*` events

  clerk_event() = default;
};

/// Reads a webhook's body, whose signature was verified before. Unknown names and members are no error.
/// `errc::invalid_input`.
TEXBUILD_API result<clerk_event> parse_clerk_event(std::string_view body);

/// Profiles over one database, the engine's. Thread safe. Blocks on the database, and where it is said on Clerk: call
/// it from a pool.
class TEXBUILD_API accounts {
 public:
  /// `parts` has to have `db`; `http` is needed for what asks Clerk. `errc::invalid_input`: a secret that is none.
  static result<accounts> open(accounts_options options, environment parts);
  accounts(accounts&&) noexcept;
  accounts& operator=(accounts&&) noexcept;
  ~accounts();

  /// Verifies a webhook (Svix's headers) and stores it: when this returns success, its effect survives a crash. True:
  /// it is new, and `apply` is due. `errc::internal` (no secret is configured), `errc::unauthorized` (signature),
  /// `errc::invalid_input` (a header is missing; or verified, but no event).
  result<bool> receive_clerk(std::string_view body, const webhook_headers& headers);
  /// Applies what was received and is not applied yet: user.created and user.updated make or change a user, the newest
  /// word counts; user.deleted forgets what is known of one, whatever comes later. How many there were.
  result<std::uint64_t> apply();
  /// Forgets old webhooks. Call it now and then. How many there were.
  result<std::uint64_t> sweep();

  /// The user's verified primary address, "" if there is none. What no webhook has told is asked from Clerk and kept;
  /// "" too when Clerk cannot be asked.
  result<std::string> email_of(std::string_view user);

  struct impl;

 private:
  explicit accounts(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace v0
}  // namespace texbuild
