// What a webhook of Polar's changes here, in one transaction.
#include "src/store/accounts.hpp"
#include "src/store/credit_store.hpp"
#include "src/store/deployments.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

constexpr std::size_t longest_user = 200;

std::int64_t microseconds(time t) {
  return std::chrono::floor<std::chrono::microseconds>(t.time_since_epoch()).count();
}

template <std::size_t N>
bool is_one_of(std::string_view what, const std::array<std::string_view, N>& all) {
  return std::find(all.begin(), all.end(), what) != all.end();
}

constexpr std::array<std::string_view, 2> paid_statuses{"active", "trialing"};
// Not "unpaid": a late payment makes it active again. Until then nothing of it runs, as while it is paused.
constexpr std::array<std::string_view, 2> over_statuses{"canceled", "incomplete_expired"};

std::string owner_of(statements& s, const polar_event& e) {
  if (!e.user.empty() && e.user.size() <= longest_user) return e.user;
  if (!e.customer.empty()) {
    const auto rows = s.run("SELECT id FROM owners WHERE polar_customer = $1 LIMIT 1", e.customer);
    if (!rows.empty()) return rows.front().text(0);
  }
  const auto rows = s.run("SELECT owner FROM deployments WHERE id = $1", e.deployment);
  return rows.empty() ? std::string() : rows.front().text(0);
}

/// The newest word on a subscription counts, whatever the order in which they come; of two with the same time the one
/// that ends it, then the one that pays it, then the one that sorts last. What holds afterwards.
std::string learn_of_subscription(statements& s, const polar_event& e, const std::string& id,
                                  const std::string& owner) {
  auto status = e.status;
  if (e.name == "subscription.revoked" && is_one_of(status, paid_statuses)) status = "canceled";
  const auto known = s.run("SELECT status, modified_at FROM polar_subscriptions WHERE id = $1", id);
  const auto at = microseconds(e.at);
  if (!known.empty()) {
    const auto& before = known.front().text(0);
    const auto before_at = known.front().integer(1);
    const auto weight = [](const std::string& w) {
      return std::tuple(is_one_of(w, over_statuses), is_one_of(w, paid_statuses), w);
    };
    if (at < before_at || (at == before_at && weight(status) <= weight(before))) return before;
  }
  s.run(
      "INSERT INTO polar_subscriptions (id, owner, product, status, modified_at) VALUES ($1, $2, $3, $4, $5)"
      " ON CONFLICT (id) DO UPDATE SET product = excluded.product, status = excluded.status,"
      " modified_at = excluded.modified_at",
      id, owner, e.product, status, at);
  return status;
}

std::string status_of_subscription(statements& s, const std::string& id) {
  if (id.empty()) return {};
  const auto rows = s.run("SELECT status FROM polar_subscriptions WHERE id = $1", id);
  return rows.empty() ? std::string() : rows.front().text(0);
}

/// The stored tier is that of a subscription that is active, else none: it speaks only while no subscription does.
void store_tier(statements& s, const std::string& owner, const std::map<std::string, std::string>& tiers) {
  std::string tier;
  for (const auto& row : s.run("SELECT product FROM polar_subscriptions WHERE owner = $1"
                               " AND status IN ('active', 'trialing', 'past_due') ORDER BY modified_at",
                               owner))
    if (const auto found = tiers.find(row.text(0)); found != tiers.end()) tier = found->second;
  s.run("UPDATE owners SET polar_tier = NULLIF($2, '') WHERE id = $1", owner, tier);
}

void learn_of_customer(statements& s, const polar_event& e, const std::string& owner) {
  if (e.customer.empty()) return;
  if (e.name == "customer.deleted") {
    s.run("UPDATE owners SET polar_customer = NULL, polar_external = 0 WHERE id = $1 AND polar_customer = $2", owner,
          e.customer);
  } else {
    // What was known of the same customer stays: not every event tells its external id.
    s.run(
        "UPDATE owners SET polar_customer = $2, polar_external = CASE WHEN $3 = 1 THEN 1 WHEN polar_customer = $2 THEN"
        " polar_external ELSE 0 END WHERE id = $1",
        owner, e.customer, std::int64_t{e.external && owner == e.user ? 1 : 0});
  }
}

/// Several events tell of one payment.
std::string complain_once(statements& s, const deployment_news& news, const std::string& why, time now) {
  constexpr const char* what = "payment.starts_nothing";
  const auto detail = news.payment + ": " + why;
  const auto before = s.run("SELECT 1 FROM audit WHERE owner = $1 AND what = $2 AND detail = $3 LIMIT 1", news.owner,
                            text(what), detail);
  if (!before.empty()) return {};
  note_change(s, "polar", news.owner, what, detail, now);
  return "the payment " + news.payment + " of " + news.owner + " starts nothing: " + why;
}

}  // namespace

result<std::string> credit_store::apply(const inbox& from, std::string_view event_id, const polar_event& e,
                                        const std::map<std::string, std::string>& tiers, time now) {
  return writing(*db_, [&](statements& s) -> std::string {
    if (!from.take(s, event_id)) return {};
    const bool of_customer = e.name.starts_with("customer.");
    const bool of_subscription = e.name.starts_with("subscription.") && !e.subscription.empty();
    const bool of_order = e.name.starts_with("order.");
    const bool of_checkout = e.name.starts_with("checkout.");
    if (!of_customer && !of_subscription && !of_order && !of_checkout) return {};
    const auto owner = owner_of(s, e);
    if (owner.empty()) {
      from.note(s, event_id, "no user is known for this event");
      return {};
    }
    ensure_owner(s, owner, now);
    learn_of_customer(s, e, owner);
    if (of_customer) return {};

    deployment_news news;
    news.owner = owner;
    news.deployment = e.deployment;
    news.checkout = e.checkout;
    news.subscription = e.subscription;
    news.product = e.product;
    news.payment = !e.checkout.empty() ? e.checkout : !e.subscription.empty() ? e.subscription : e.id;
    if (of_subscription) {
      const auto status = learn_of_subscription(s, e, e.subscription, owner);
      store_tier(s, owner, tiers);
      news.paid = is_one_of(status, paid_statuses);
      news.over = is_one_of(status, over_statuses);
    } else {
      news.paid = of_order ? e.paid : e.status == "succeeded";
      // The end of what it began may have come first.
      news.over = is_one_of(status_of_subscription(s, e.subscription), over_statuses);
      if (of_order && e.subscription.empty() && !e.id.empty()) {
        // Bought once and for all: as a subscription that ends when the money is given back.
        auto bought = e;
        if (e.status != "refunded") bought.status = e.paid ? "active" : "incomplete";
        if (e.status == "refunded") bought.status = "canceled";
        const auto status = learn_of_subscription(s, bought, "order:" + e.id, owner);
        store_tier(s, owner, tiers);
        news.over = is_one_of(status, over_statuses);
        news.paid = is_one_of(status, paid_statuses);
      }
      if (e.name == "checkout.expired" || (of_checkout && e.status == "expired"))
        news.checkout_failed = "The checkout has expired.";
      if (of_checkout && e.status == "failed") news.checkout_failed = "The payment failed.";
    }
    const auto why_not = learn_of_deployment(s, news, now);
    if (why_not.empty()) return {};
    from.note(s, event_id, "it starts nothing: " + why_not);
    // Other things may be sold at Polar too.
    if (news.deployment.empty() && !tiers.contains(news.product)) return {};
    return complain_once(s, news, why_not, now);
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
