// What an owner may use and has used, inside a transaction: the plan that counts now, and the counters beside it.
#pragma once

#include "src/policy/subscription.hpp"
#include "src/store/rows.hpp"

#include <texbuild/quota.hpp>

#include <optional>
#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace store {

/// A row of `subscriptions`.
struct subscription_row {
  std::string id;
  std::string owner;
  std::string plan;  ///< its name in the catalog when it was made
  std::string coupon;
  std::string checkout_url;
  policy::subscription_facts facts;
  std::optional<std::int64_t> cancel_asked_at;
  std::int64_t created_at = 0;
};

/// The subscription that counts for an owner, if there is any.
std::optional<subscription_row> current_subscription(statements& s, const std::string& owner);
/// All of them; few, and most have been over for long.
std::vector<subscription_row> subscriptions_of(statements& s, const std::string& owner);
std::optional<subscription_row> look_up_subscription(statements& s, const std::string& id);
/// The columns that `subscription_from` wants, in its order.
extern const std::string_view subscription_columns;
subscription_row subscription_from(const sql_row& row);

/// The plan of a subscription: what Razorpay charges for, else what it was made for, else the free one.
const plan& plan_of(const subscription_row& row, const plan_catalog& plans);

/// An owner's plan and counters at a time. An owner who was never seen is on the free plan.
quota_report quota_of(statements& s, const std::string& owner, const plan_catalog& plans, time now);

/// One line of the audit trail. `detail` holds no secret.
void note_change(statements& s, std::string_view actor, std::string_view owner, std::string_view what,
                 std::string_view detail, time now);

}  // namespace store
}  // namespace v0
}  // namespace texbuild
