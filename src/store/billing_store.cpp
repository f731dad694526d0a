// Checkouts and subscriptions.
#include "src/store/billing_store.hpp"

#include "src/store/schema.hpp"

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

using state = policy::subscription_state;

// A checkout that was left open is offered again for as long; after that a new one is made.
constexpr std::chrono::hours open_for{24 * 7};

sql_value nullable(const std::optional<std::int64_t>& value) {
  if (!value) return std::monostate();
  return *value;
}

sql_value nullable(const std::string& value) {
  if (value.empty()) return std::monostate();
  return value;
}

/// Which of several subscriptions speaks for its owner: one that is paid, before one that was, before one that may be.
int weight(const policy::subscription_facts& facts) {
  switch (facts.state) {
    case state::active:
    case state::pending:
    case state::paused:
      return 4;
    case state::halted:
    case state::authenticated:
      return 3;
    case state::canceled:
    case state::completed:
      return 2;
    case state::created:
      return 1;
    case state::expired:
      break;
  }
  return 0;
}

void choose_current(statements& s, const std::string& owner) {
  const auto all = subscriptions_of(s, owner);
  const auto best = std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tuple(weight(a.facts), a.created_at, std::string_view(a.id)) <
           std::tuple(weight(b.facts), b.created_at, std::string_view(b.id));
  });
  if (best != all.end()) s.run("UPDATE owners SET subscription = $2 WHERE id = $1", owner, best->id);
}

/// When Razorpay should be asked, if nothing is heard before. A cycle's end and some days, for it sends its events
/// again for a day.
std::optional<std::int64_t> next_check(const subscription_row& row, time now) {
  if (policy::is_final(row.facts.state)) return std::nullopt;
  const auto silent = seconds(now + std::chrono::hours(72));
  if (row.facts.state == state::created) return seconds(now + open_for + std::chrono::hours(1));  // no event tells
  if (!row.facts.current_end) return silent;
  return std::max(silent, *row.facts.current_end + seconds(time(std::chrono::hours(72))));
}

void write_subscription(statements& s, const subscription_row& row, std::optional<std::int64_t> check_at) {
  const auto& f = row.facts;
  s.run(
      "INSERT INTO subscriptions (id, owner, plan, coupon, checkout_url, state, state_at, state_rank, provider_plan,"
      " total_count, plan_at, plan_rank, current_start, current_end, paid_until, ended_at, paid_count, cancel_asked_at,"
      " check_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
      " $19, $20) ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, coupon = excluded.coupon,"
      " checkout_url = excluded.checkout_url, state = excluded.state, state_at = excluded.state_at,"
      " state_rank = excluded.state_rank, provider_plan = excluded.provider_plan, total_count = excluded.total_count,"
      " plan_at = excluded.plan_at, plan_rank = excluded.plan_rank, current_start = excluded.current_start,"
      " current_end = excluded.current_end, paid_until = excluded.paid_until, ended_at = excluded.ended_at,"
      " paid_count = excluded.paid_count, cancel_asked_at = excluded.cancel_asked_at, check_at = excluded.check_at",
      row.id, row.owner, row.plan, nullable(row.coupon), row.checkout_url, static_cast<std::int64_t>(f.state),
      std::int64_t{f.state_at}, std::int64_t{f.state_rank}, f.provider_plan, std::int64_t{f.total_count},
      std::int64_t{f.plan_at}, std::int64_t{f.plan_rank}, nullable(f.current_start), nullable(f.current_end),
      nullable(f.paid_until), nullable(f.ended_at), std::int64_t{f.paid_count}, nullable(row.cancel_asked_at),
      nullable(check_at), std::int64_t{row.created_at});
  choose_current(s, row.owner);
}

/// Takes a use of a coupon; its offer and percent.
void take_coupon(statements& s, const checkout_row& row, begun_checkout& begun, time now) {
  const auto rows =
      s.run("SELECT percent, plan, offer, uses, used, expires_at, disabled FROM coupons WHERE code = $1", row.coupon);
  const auto refuse = [](errc code, const char* why) { return refused{error(code, why).with_subject("coupon_code")}; };
  if (rows.empty()) throw refuse(errc::invalid_input, "there is no such coupon");
  const auto& c = rows.front();
  if (c.text(1) != row.plan) throw refuse(errc::invalid_input, "this coupon is for another plan");
  if (!s.run("SELECT 1 FROM redemptions WHERE coupon = $1 AND owner = $2", row.coupon, row.owner).empty())
    throw refuse(errc::conflict, "this coupon was redeemed with this account before");
  if (c.integer(6) != 0 || (!c.is_null(5) && c.integer(5) <= seconds(now)))
    throw refuse(errc::gone, "this coupon has expired");
  if (c.integer(4) >= c.integer(3)) throw refuse(errc::gone, "this coupon is used up");
  s.run("UPDATE coupons SET used = used + 1 WHERE code = $1", row.coupon);
  s.run("INSERT INTO redemptions (coupon, owner, redeemed_at) VALUES ($1, $2, $3)", row.coupon, row.owner,
        seconds(now));
  begun.percent = static_cast<int>(c.integer(0));
  begun.offer = c.text(2);
}

/// Whether the checkout was still under way; it is no more.
bool end_checkout(statements& s, const checkout_row& row) {
  s.run("DELETE FROM checkouts WHERE reference = $1", row.reference);
  return s.changed() > 0;
}

}  // namespace

result<void> billing_store::migrate() { return store::migrate(*db_); }

result<begun_checkout> billing_store::begin_checkout(const checkout_row& row, time now) {
  return writing(*db_, [&](statements& s) {
    begun_checkout begun;
    ensure_owner(s, row.owner, now);
    const auto current = current_subscription(s, row.owner);
    if (current && policy::is_live(current->facts))
      throw refused{error(errc::conflict, "there is a live subscription already")};
    const auto fresh = seconds(now - open_for);
    if (row.coupon.empty() && current && current->facts.state == state::created && current->plan == row.plan &&
        current->created_at > fresh && !current->checkout_url.empty()) {
      begun.open = current;
      return begun;
    }
    if (!s.run("SELECT 1 FROM checkouts WHERE owner = $1", row.owner).empty())
      throw refused{error(errc::conflict, "a checkout of this account is just being made; try again in a moment")
                        .with_retry_after(std::chrono::seconds(5))};
    if (!row.coupon.empty()) take_coupon(s, row, begun, now);
    s.run("INSERT INTO checkouts (reference, owner, plan, coupon, begun_at) VALUES ($1, $2, $3, $4, $5)", row.reference,
          row.owner, row.plan, nullable(row.coupon), seconds(now));
    return begun;
  });
}

result<bool> billing_store::finish_checkout(const checkout_row& row, const razorpay_subscription& made, time now) {
  return writing(*db_, [&](statements& s) {
    if (!end_checkout(s, row)) return false;
    // An event may have been quicker: then only what it could not know is added.
    auto known = look_up_subscription(s, made.id);
    subscription_row next;
    if (known) {
      next = std::move(*known);
    } else {
      next.id = made.id;
      next.owner = row.owner;
      next.facts.provider_plan = made.plan;
      next.facts.total_count = made.total_count;
      next.created_at = seconds(made.created_at.value_or(now));
    }
    next.plan = row.plan;
    next.coupon = row.coupon;
    next.checkout_url = made.short_url;
    write_subscription(s, next, next_check(next, now));
    note_change(s, "user", row.owner, "checkout.opened",
                made.id + " for the plan " + row.plan + (row.coupon.empty() ? "" : " with the coupon " + row.coupon),
                now);
    return true;
  });
}

result<bool> billing_store::drop_checkout(const checkout_row& row, std::string_view why, time now) {
  return writing(*db_, [&](statements& s) {
    if (!end_checkout(s, row)) return false;
    if (!row.coupon.empty()) {
      s.run("DELETE FROM redemptions WHERE coupon = $1 AND owner = $2", row.coupon, row.owner);
      if (s.changed() > 0) s.run("UPDATE coupons SET used = used - 1 WHERE code = $1", row.coupon);
    }
    note_change(s, "texbuild", row.owner, "checkout.failed", why, now);
    return true;
  });
}

result<std::vector<checkout_row>> billing_store::checkouts_begun_before(time then) {
  return reading(*db_, [&](statements& s) {
    std::vector<checkout_row> out;
    for (const auto& row : s.run("SELECT reference, owner, plan, coupon, begun_at FROM checkouts WHERE begun_at < $1"
                                 " ORDER BY begun_at LIMIT 100",
                                 seconds(then))) {
      checkout_row c;
      c.reference = row.text(0);
      c.owner = row.text(1);
      c.plan = row.text(2);
      c.coupon = row.text(3);
      c.begun_at = row.integer(4);
      out.push_back(std::move(c));
    }
    return out;
  });
}

result<std::optional<subscription_row>> billing_store::current(std::string_view owner) {
  return reading(*db_, [&](statements& s) { return current_subscription(s, text(owner)); });
}

result<subscription_view> billing_store::view(std::string_view owner, const plan_catalog& plans, time now) {
  return reading(*db_, [&](statements& s) {
    subscription_view out;
    out.tier = quota_of(s, text(owner), plans, now).allowed.name;
    const auto payments =
        s.run("SELECT payment_failed_at, payment_error, paid_at FROM owners WHERE id = $1", text(owner));
    if (!payments.empty() && payments.front().integer(0) > payments.front().integer(2))
      out.last_payment_error = payments.front().text(1);
    const auto row = current_subscription(s, text(owner));
    if (!row) return out;
    const auto maybe = [](const std::optional<std::int64_t>& t) -> std::optional<time> {
      if (!t) return std::nullopt;
      return at(*t);
    };
    out.status = std::string(policy::to_string(row->facts.state));
    out.current_start = maybe(row->facts.current_start);
    out.current_end = maybe(row->facts.current_end);
    out.paid_count = row->facts.paid_count;
    out.total_count = row->facts.total_count;
    out.canceled_at = maybe(row->facts.ended_at ? row->facts.ended_at : row->cancel_asked_at);
    out.paused = row->facts.state == state::paused;
    return out;
  });
}

result<quota_report> billing_store::quota(std::string_view owner, const plan_catalog& plans, time now) {
  return reading(*db_, [&](statements& s) { return quota_of(s, text(owner), plans, now); });
}

result<void> billing_store::note_cancel_asked(const subscription_row& row, time now) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE subscriptions SET cancel_asked_at = COALESCE(cancel_asked_at, $2) WHERE id = $1", row.id,
          seconds(now));
    note_change(s, "user", row.owner, "subscription.cancel_asked", row.id, now);
  });
}

result<std::vector<subscription_row>> billing_store::due_for_check(time now, std::uint64_t limit) {
  static const auto sql =
      "SELECT " + text(subscription_columns) +
      " FROM subscriptions WHERE check_at IS NOT NULL AND check_at <= $1 ORDER BY check_at LIMIT $2";
  return reading(*db_, [&](statements& s) {
    std::vector<subscription_row> out;
    for (const auto& row : s.run(sql, seconds(now), static_cast<std::int64_t>(limit)))
      out.push_back(subscription_from(row));
    return out;
  });
}

namespace {

/// Joins news to what is known of a subscription, and says in the trail what that changed.
void join(statements& s, subscription_row row, const policy::subscription_news& news, std::string_view actor,
          time now) {
  const auto before = row.facts;
  row.facts = policy::learn(row.facts, news);
  write_subscription(s, row, next_check(row, now));
  if (row.facts.state != before.state)
    note_change(s, actor, row.owner, "subscription." + text(policy::to_string(row.facts.state)), row.id, now);
  if (row.facts.provider_plan != before.provider_plan && !before.provider_plan.empty())
    note_change(s, actor, row.owner, "subscription.plan", row.id + " to " + row.facts.provider_plan, now);
}

}  // namespace

result<void> billing_store::learn(std::string_view id, const policy::subscription_news& news, time now) {
  return writing(*db_, [&](statements& s) {
    auto row = look_up_subscription(s, text(id));
    if (row) join(s, std::move(*row), news, "razorpay", now);
  });
}

result<void> billing_store::check_later(std::string_view id, time then) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE subscriptions SET check_at = $2 WHERE id = $1", text(id), seconds(then));
  });
}

result<void> billing_store::apply(const inbox& from, std::string_view event_id, const event_effect& effect, time now) {
  return writing(*db_, [&](statements& s) {
    if (!from.take(s, event_id)) return;
    auto owner = effect.owner;
    if (!effect.subscription.empty() && effect.news) {
      auto row = look_up_subscription(s, effect.subscription);
      if (!row && !owner.empty()) {
        row.emplace();
        row->id = effect.subscription;
        row->owner = owner;
        row->plan = effect.plan;
        row->created_at = seconds(effect.created_at.value_or(now));
        ensure_owner(s, owner, now);
      }
      if (row) {
        owner = row->owner;
        join(s, std::move(*row), *effect.news, "razorpay", now);
      } else {
        from.note(s, event_id, "no user is known for this subscription");
      }
    }
    if (owner.empty()) return;
    if (effect.paid_at)
      s.run("UPDATE owners SET paid_at = $2 WHERE id = $1 AND (paid_at IS NULL OR paid_at < $2)", owner,
            seconds(*effect.paid_at));
    if (effect.failed_at) {
      ensure_owner(s, owner, now);
      // Of two in the same second the one that sorts last, so that the order in which they come makes no difference.
      s.run(
          "UPDATE owners SET payment_failed_at = $2, payment_error = $3 WHERE id = $1 AND (payment_failed_at IS NULL"
          " OR payment_failed_at < $2 OR (payment_failed_at = $2 AND payment_error < $3))",
          owner, seconds(*effect.failed_at), effect.failure);
    }
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
