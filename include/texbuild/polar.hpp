/// @file
/// The calls of Polar's API that selling needs, and what its webhooks say.
///
/// Facts of the wire are from Polar's OpenAPI description and its official Node package. What the webhooks are signed
/// with is in texbuild/webhook.hpp.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Where and as whom Polar is asked.
struct polar_account {
  std::string access_token;  ///< "polar_oat_…"
  std::string api_url = "https://api.polar.sh";
  std::chrono::milliseconds timeout{std::chrono::seconds(5)};  ///< of one call

  polar_account() = default;
};

/// A page where a customer pays. `status`: open, expired, confirmed (not yet paid), succeeded, failed.
struct polar_checkout {
  std::string id;
  std::string status;
  std::string url;
  std::string product;
  std::optional<std::chrono::system_clock::time_point> expires_at;

  polar_checkout() = default;
};

/// What a checkout is made of.
struct polar_checkout_wish {
  std::string product;                          ///< Polar's id
  std::string customer;                         ///< Polar's id; or "", and then
  std::string external_id;                      ///< our user
  std::string email;                            ///< "" if not known
  std::string success_url;                      ///< "" for Polar's own page; `{CHECKOUT_ID}` in it is replaced
  std::map<std::string, std::string> metadata;  ///< copied to the order and the subscription

  polar_checkout_wish() = default;
};

/// A customer. `external_id` is our user, "" if Polar does not know.
struct polar_customer {
  std::string id;
  std::string external_id;
  std::string email;

  polar_customer() = default;
};

/// Tokens that were used, once for each `id`.
struct polar_usage {
  std::string id;  ///< of ours: a second event with it is skipped there
  std::string user;
  std::string customer;  ///< Polar's id, if that customer does not have the user as its external id; else ""
  std::string model;
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::chrono::system_clock::time_point at;

  polar_usage() = default;
};

/// Thread safe. Blocks until Polar has answered or the time is over: call it from a pool. `errc::not_found`,
/// `errc::invalid_input` (422: it does not take what was sent), `errc::provider_error` (it refused, failed, or answered
/// nonsense), `errc::rate_limited` (with `retry_after`), `errc::unavailable` (no connection), `errc::timed_out`.
class TEXBUILD_API polar_client {
 public:
  polar_client(polar_account account, std::shared_ptr<http_client> http);

  result<polar_checkout> create_checkout(const polar_checkout_wish& wish) const;
  result<polar_checkout> fetch_checkout(std::string_view id) const;
  /// By our user's id.
  result<polar_customer> find_customer(std::string_view external_id) const;
  result<polar_customer> create_customer(std::string_view external_id, std::string_view email) const;
  /// Units consumed over all meters of a customer (Polar's id).
  result<double> consumed(std::string_view customer) const;
  /// All of them or none: Polar refuses a batch with one bad event.
  result<void> ingest(std::span<const polar_usage> events) const;

 private:
  polar_account account_;
  std::shared_ptr<http_client> http_;
};

/// A webhook, as far as anything here follows from it.
struct polar_event {
  using time_point = std::chrono::system_clock::time_point;

  std::string name;  ///< such as "order.paid"
  time_point at;     ///< of the object's last change; of the event, if that is not told
  std::string id;    ///< of the object
  std::string status;
  std::string product;
  std::string checkout;      ///< of an order, a subscription and the checkout itself
  std::string subscription;  ///< of an order, a checkout and the subscription itself
  std::string customer;
  std::string user;        ///< our user: the customer's external id, else what we wrote into the metadata
  std::string deployment;  ///< what we wrote into the metadata
  bool external = false;   ///< `user` is the customer's external id
  bool paid = false;       ///< of an order

  polar_event() = default;
};

/// Names that we write into the metadata of a checkout.
constexpr std::string_view polar_metadata_user = "user_id";
constexpr std::string_view polar_metadata_deployment = "deployment_id";

/// Reads a webhook's body, whose signature was verified before. `received` stands in for a missing time. Unknown names
/// and members are no error. `errc::invalid_input`.
TEXBUILD_API result<polar_event> parse_polar_event(std::string_view body,
                                                   std::chrono::system_clock::time_point received);

}  // namespace v0
}  // namespace texbuild
