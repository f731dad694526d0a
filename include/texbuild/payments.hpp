/// @file
/// Selling plans: subscriptions at Razorpay, coupons, and what their webhooks mean for a user's plan.
///
/// Facts of the wire are from Razorpay's API reference (Subscriptions, Webhooks) and its official Node package.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>
#include <texbuild/quota.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Where and as whom Razorpay is asked.
struct razorpay_account {
  std::string key_id;      ///< "rzp_live_…" or "rzp_test_…"
  std::string key_secret;  ///< not the webhooks' secret
  std::string api_url = "https://api.razorpay.com";
  std::chrono::milliseconds timeout{std::chrono::seconds(10)};  ///< of one call

  razorpay_account() = default;
};

/// A subscription as Razorpay tells it, in answers and in events.
struct razorpay_subscription {
  using time_point = std::chrono::system_clock::time_point;

  std::string id;      ///< "sub_…"
  std::string plan;    ///< "plan_…"
  std::string status;  ///< created, authenticated, active, pending, halted, paused, cancelled, completed, expired
  std::optional<time_point> current_start;
  std::optional<time_point> current_end;
  std::optional<time_point> ended_at;
  std::optional<time_point> created_at;
  std::int64_t paid_count = 0;
  std::int64_t total_count = 0;
  std::string short_url;                     ///< the page where the customer pays; "" in events
  std::map<std::string, std::string> notes;  ///< only the merchant can write them

  razorpay_subscription() = default;
};

/// A payment as events tell it. `failed` is not final: the same payment may be captured later.
struct razorpay_payment {
  std::string id;
  std::string status;             ///< created, authorized, captured, refunded, failed
  std::string error_description;  ///< for the customer; "" if there is none
  std::map<std::string, std::string> notes;

  razorpay_payment() = default;
};

/// One webhook, read.
struct razorpay_event {
  std::string name;  ///< such as "subscription.charged"
  std::chrono::system_clock::time_point at;
  std::optional<razorpay_subscription> subscription;
  std::optional<razorpay_payment> payment;

  razorpay_event() = default;
};

/// Reads a webhook's body, whose signature was verified before (texbuild/webhook.hpp). `received` stands in for a
/// missing time. Unknown names and members are no error. `errc::invalid_input`.
TEXBUILD_API result<razorpay_event> parse_razorpay_event(std::string_view body,
                                                         std::chrono::system_clock::time_point received);

/// What a new subscription is made of.
struct razorpay_order {
  std::string plan;               ///< "plan_…"
  std::int64_t total_count = 12;  ///< billing cycles
  std::string offer;              ///< "offer_…"; "" for none
  /// Until when the first payment can be made; without it, for decades.
  std::optional<std::chrono::system_clock::time_point> expires_at;
  std::map<std::string, std::string> notes;

  razorpay_order() = default;
};

/// The calls that selling plans needs. Thread safe. Blocks until Razorpay has answered or the time is over: call it
/// from a pool. `errc::provider_error` (it refused, or answered nonsense), `errc::unavailable` (no connection),
/// `errc::timed_out`: after the last two, or a 5xx, a write may have happened all the same.
class TEXBUILD_API razorpay_client {
 public:
  razorpay_client(razorpay_account account, std::shared_ptr<http_client> http);

  result<razorpay_subscription> create(const razorpay_order& order) const;
  result<razorpay_subscription> fetch(std::string_view id) const;
  /// At the end of the paid cycle, or now.
  result<razorpay_subscription> cancel(std::string_view id, bool at_cycle_end) const;
  /// Subscriptions of a plan made since then, newest first, at most 100.
  result<std::vector<razorpay_subscription>> list(std::string_view plan,
                                                  std::chrono::system_clock::time_point since) const;

 private:
  razorpay_account account_;
  std::shared_ptr<http_client> http_;
};

/// A code that makes a plan cheaper.
struct coupon {
  std::string code;   ///< letters, digits, '-' and '_'; read in any case, kept in capitals
  int percent = 0;    ///< 1 … 100, told to the customer
  std::string plan;   ///< the only plan it is for
  std::string offer;  ///< Razorpay's "offer_…" that gives the discount
  std::int64_t uses = 0;
  std::int64_t used = 0;
  std::optional<std::chrono::system_clock::time_point> expires_at;
  bool disabled = false;

  coupon() = default;
};

/// Where a customer goes to pay.
struct checkout {
  std::string url;
  std::string plan;
  int discount_percent = 0;
};

/// What a user is told of the subscription.
struct subscription_view {
  using time_point = std::chrono::system_clock::time_point;

  std::string tier = "free";  ///< the plan that counts now
  /// none, created, authenticated, active, pending, halted, paused, canceled, expired
  std::string status = "none";
  std::optional<time_point> current_start;
  std::optional<time_point> current_end;
  std::int64_t paid_count = 0;
  std::int64_t total_count = 0;
  std::optional<time_point> canceled_at;  ///< when it ended, or was asked to end
  bool paused = false;
  std::string last_payment_error;  ///< "" when the last payment went well

  subscription_view() = default;
};

/// One line of the trail of what changed money or rights. Holds no secret.
struct audit_entry {
  std::chrono::system_clock::time_point at;
  std::string actor;  ///< "user", "razorpay", "admin", "texbuild"
  std::string owner;  ///< whose rights; "" for none in particular
  std::string what;   ///< such as "subscription.active"
  std::string detail;
};

/// Settings of billing.
struct billing_options {
  plan_catalog plans;
  std::optional<razorpay_account> razorpay;    ///< empty: nothing can be bought
  std::vector<std::string> webhook_secrets;    ///< the present one first; none: webhooks are refused
  std::int64_t cycles = 12;                    ///< of a new subscription
  std::chrono::seconds checkout_patience{60};  ///< a checkout under way for longer was cut off by a crash

  billing_options() = default;
};

/// What `sweep` did.
struct billing_sweep {
  std::uint64_t applied = 0;    ///< webhooks that were stored, but not applied
  std::uint64_t recovered = 0;  ///< checkouts that a crash had cut off, finished or undone
  std::uint64_t checked = 0;    ///< subscriptions that Razorpay was asked about
  std::uint64_t forgotten = 0;  ///< old webhooks

  billing_sweep() = default;
};

/// Subscriptions, coupons and webhooks over one database, the engine's. Thread safe. Blocks on the database, and where
/// it is said on Razorpay: call it from a pool.
class TEXBUILD_API billing {
 public:
  /// `parts` has to have `db`; `http` is needed for what asks Razorpay.
  static result<billing> open(billing_options options, environment parts);
  billing(billing&&) noexcept;
  billing& operator=(billing&&) noexcept;
  ~billing();

  /// Makes a subscription at Razorpay and says where to pay for it; a checkout of the same plan that is still open is
  /// given again. Asks Razorpay. `errc::invalid_input` (plan), `errc::conflict` (there is a live subscription),
  /// `errc::provider_error`, `errc::unavailable` (nothing can be bought here).
  result<checkout> subscribe(std::string_view user, std::string_view plan);
  /// The same with a coupon, of which one use is taken in one step with the check, and given back when Razorpay fails.
  /// Beyond that `errc::invalid_input` (unknown, or for another plan), `errc::gone` (expired or used up),
  /// `errc::conflict` (this user redeemed it before).
  result<checkout> redeem(std::string_view user, std::string_view code, std::string_view plan);
  /// Ends the subscription with the cycle that is paid. Asking again changes nothing. Asks Razorpay the first time.
  /// `errc::not_found`: there is none that could end.
  result<void> cancel(std::string_view user);
  result<subscription_view> status(std::string_view user);
  /// What the user's plan allows, and what is used of it: the same as `engine::quota`.
  result<quota_report> quota(std::string_view user);

  /// Verifies a webhook and stores it: when this returns success, its effect survives a crash. True: it is new, and
  /// `apply` is due. `errc::internal` (no secret is configured), `errc::unauthorized` (signature),
  /// `errc::invalid_input` (verified, but no event). `event_id` is the header `X-Razorpay-Event-Id`; without one, the
  /// body stands for itself.
  result<bool> receive_razorpay(std::string_view body, std::string_view signature, std::string_view event_id);
  /// Applies what was received and is not applied yet. How many there were.
  result<std::uint64_t> apply();
  /// What has to happen now and then: `apply`, checkouts that a crash cut off, subscriptions of which nothing was
  /// heard, old webhooks. Asks Razorpay. Call it at the start and every half minute. `stop` ends it after the call that
  /// it is at.
  result<billing_sweep> sweep(const std::stop_token& stop = {});

  /// `errc::invalid_input` names what is wrong, `errc::conflict`: the code exists.
  result<void> add_coupon(const coupon& what);
  /// `errc::not_found`.
  result<void> disable_coupon(std::string_view code);
  /// Newest first.
  result<std::vector<coupon>> coupons();
  /// Puts a user on a plan, whatever was bought; "" takes that back. `errc::invalid_input`: no such plan.
  result<void> grant_plan(std::string_view user, std::string_view plan);
  /// The newest `limit` entries, of one user or ("") of all.
  result<std::vector<audit_entry>> audit(std::string_view user, std::uint64_t limit);

  struct impl;

 private:
  explicit billing(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace v0
}  // namespace texbuild
