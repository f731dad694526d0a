#include "server/routes/account.hpp"

#include "server/json.hpp"
#include "server/problem.hpp"
#include "server/text.hpp"

#include <boost/json.hpp>

namespace texbuild::server {
namespace {

namespace json = boost::json;

/// A whole number where it is one: 10, not 10.0.
json::value gigabytes(double bytes) {
  const auto value = bytes / 1e9;
  const auto whole = static_cast<std::int64_t>(value);
  if (static_cast<double>(whole) == value) return whole;
  return value;
}

reply usage(services& s, request& r) {
  const auto quota = s.builds.quota(r.user);
  if (!quota) return problem(quota.error());
  const auto& allowed = quota->allowed;
  json::object o;
  o["tier"] = allowed.name;
  o["monthly_used"] = quota->used.monthly_builds;
  o["monthly_limit"] = allowed.monthly_builds;
  o["monthly_reset_at"] = rfc3339(quota->monthly_reset);
  o["concurrent_used"] = quota->used.concurrent;
  o["concurrent_limit"] = allowed.concurrent_builds;
  o["storage_used_gb"] = gigabytes(static_cast<double>(quota->used.storage_bytes));
  o["storage_limit_gb"] =
      allowed.storage_bytes < 0 ? json::value(-1) : gigabytes(static_cast<double>(allowed.storage_bytes));
  return answer(o);
}

reply me(services& s, request& r) {
  const auto quota = s.builds.quota(r.user);
  if (!quota) return problem(quota.error());
  const auto view = s.money.status(r.user);
  if (!view) return problem(view.error());
  json::object o;
  o["id"] = r.user;
  o["tier"] = quota->allowed.name;
  o["subscription_status"] = view->status;
  o["shell_escape"] = quota->allowed.shell_escape;
  o["created_at"] = when(quota->known_since);
  return answer(o);
}

reply subscribe(services& s, request& r) {
  const auto body = body_fields::read(r);
  if (!body) return problem(body.error());
  const auto plan = body->text("plan_id");
  if (!plan) return problem(plan.error());
  const auto made = s.money.subscribe(r.user, *plan);
  if (!made) return problem(made.error());
  json::object o;
  o["checkout_url"] = made->url;
  o["plan"] = made->plan;
  return answer(o);
}

reply cancel_subscription(services& s, request& r) {
  if (const auto done = s.money.cancel(r.user); !done) return problem(done.error());
  json::object o;
  o["status"] = "canceled";
  o["message"] = "Subscription will be canceled at end of billing period";
  return answer(o);
}

reply subscription_status(services& s, request& r) {
  const auto view = s.money.status(r.user);
  if (!view) return problem(view.error());
  json::object o;
  o["tier"] = view->tier;
  o["status"] = view->status;
  o["current_start"] = when(view->current_start);
  o["current_end"] = when(view->current_end);
  o["paid_count"] = view->paid_count;
  o["total_count"] = view->total_count;
  o["canceled_at"] = when(view->canceled_at);
  o["paused"] = view->paused;
  o["last_payment_error"] =
      view->last_payment_error.empty() ? json::value() : json::value(valid_utf8(view->last_payment_error));
  return answer(o);
}

reply redeem(services& s, request& r) {
  const auto body = body_fields::read(r);
  if (!body) return problem(body.error());
  const auto code = body->text("coupon_code");
  if (!code) return problem(code.error());
  const auto plan = body->text("plan_id");
  if (!plan) return problem(plan.error());
  const auto made = s.money.redeem(r.user, *code, *plan);
  if (!made) return problem(made.error());
  json::object o;
  o["checkout_url"] = made->url;
  o["discount_percent"] = made->discount_percent;
  o["plan"] = made->plan;
  return answer(o);
}

}  // namespace

std::vector<route> account_routes(services& s) {
  const auto with = [&s](reply (*handler)(services&, request&)) {
    return [&s, handler](request& r) { return handler(s, r); };
  };
  const auto other = rate_class::other;
  return {
      route("GET", "/api/user/usage", access::user, body_kind::none, with(usage)),
      route("GET", "/api/user/me", access::user, body_kind::none, with(me)),
      route("POST", "/api/subscription/create", access::user, body_kind::text, with(subscribe), other, work::outside),
      route("POST", "/api/subscription/cancel", access::user, body_kind::text, with(cancel_subscription), other,
            work::outside),
      route("GET", "/api/subscription/status", access::user, body_kind::none, with(subscription_status)),
      route("POST", "/api/coupon/redeem", access::user, body_kind::text, with(redeem), other, work::outside),
  };
}

}  // namespace texbuild::server
