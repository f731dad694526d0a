// The tables of money: subscriptions, checkouts under way, coupons, the audit trail. Every method is
// one transaction. Time is an argument. Blocks on the disk: call it from a pool.
#pragma once

#include "src/policy/subscription.hpp"
#include "src/store/accounts.hpp"
#include "src/store/inbox.hpp"

#include <texbuild/database.hpp>
#include <texbuild/payments.hpp>
#include <texbuild/quota.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace store {

/// A checkout that is being made at Razorpay.
struct checkout_row {
  std::string reference;  ///< ours, in the notes of what is made there
  std::string owner;
  std::string plan;
  std::string coupon;  ///< "" for none
  std::int64_t begun_at = 0;
};

/// What begins with `begin_checkout`.
struct begun_checkout {
  std::optional<subscription_row> open;  ///< there is one for the same plan already: nothing was begun
  std::string offer;                     ///< of the coupon
  int percent = 0;
};

/// What a webhook changes.
struct event_effect {
  std::string subscription;  ///< "" if it is about none
  std::string owner;         ///< from the notes; "" if they name none
  std::string plan;          ///< the catalog's name, for a subscription that is not known yet
  std::optional<policy::subscription_news> news;
  std::optional<time> created_at;  ///< of the subscription
  std::optional<time> paid_at;     ///< a payment went well then
  std::optional<time> failed_at;   ///< a payment failed then
  std::string failure;             ///< why, for the customer
};

class billing_store {
 public:
  explicit billing_store(std::shared_ptr<database> db) : db_(std::move(db)) {}
  result<void> migrate();

  /// Takes a use of the coupon, if one is named, and reserves the owner's checkout. Errors as `billing::redeem`.
  result<begun_checkout> begin_checkout(const checkout_row& row, time now);
  /// The subscription was made. False: the checkout was given up before.
  result<bool> finish_checkout(const checkout_row& row, const razorpay_subscription& made, time now);
  /// It was not: the coupon's use is given back. False: it was finished or given up before.
  result<bool> drop_checkout(const checkout_row& row, std::string_view why, time now);
  result<std::vector<checkout_row>> checkouts_begun_before(time then);

  result<std::optional<subscription_row>> current(std::string_view owner);
  /// The view that counts now.
  result<subscription_view> view(std::string_view owner, const plan_catalog& plans, time now);
  result<quota_report> quota(std::string_view owner, const plan_catalog& plans, time now);
  result<void> note_cancel_asked(const subscription_row& row, time now);
  /// Subscriptions about which Razorpay should be asked.
  result<std::vector<subscription_row>> due_for_check(time now, std::uint64_t limit);
  /// What Razorpay said when it was asked.
  result<void> learn(std::string_view id, const policy::subscription_news& news, time now);
  result<void> check_later(std::string_view id, time then);

  /// The effect of a webhook, and that it happened, in one step; nothing if it happened before.
  result<void> apply(const inbox& from, std::string_view event_id, const event_effect& effect, time now);

  result<void> add_coupon(const coupon& what, time now);
  /// False: there is none.
  result<bool> disable_coupon(std::string_view code, time now);
  result<std::vector<coupon>> coupons();
  result<void> grant_plan(std::string_view owner, std::string_view plan, time now);
  result<std::vector<audit_entry>> audit(std::string_view owner, std::uint64_t limit);

 private:
  std::shared_ptr<database> db_;
};

}  // namespace store
}  // namespace v0
}  // namespace texbuild
