/// @file
/// Assistants: chat bots that customers have bought, from their payment to the end of their subscription.
///
/// Once the storefront has marked a deployment as paid, a durable function sets it up: it asks Telegram whether the
/// bot's token is good, has a provisioner run the bot, and says how that ended. The bot answers through this server's
/// own API with a key of its own.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Where a deployment stands. Do not change the values: they are stored.
enum class deployment_status {
  pending = 0,    ///< waits for its payment, or to be set up
  deploying = 1,  ///< is being set up
  active = 2,     ///< runs
  failed = 3,     ///< could not be set up, was never paid, or is over; `error_message` says which
};
TEXBUILD_API std::string_view to_string(deployment_status status) noexcept;

/// A deployment, as far as its owner may see it: no token, no key.
struct deployment {
  using time_point = std::chrono::system_clock::time_point;

  std::string id;  ///< a UUID
  std::string model;
  std::string channel;
  deployment_status status = deployment_status::pending;
  std::string provider_url;   ///< where it runs; "" if that is nobody's business
  std::string error_message;  ///< of a failed one
  std::string bot;            ///< the bot's name at Telegram, "" before it is known
  time_point created_at;
  time_point updated_at;

  deployment() = default;
};

}  // namespace v0
}  // namespace texbuild
