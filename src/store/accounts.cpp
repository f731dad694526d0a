#include "src/store/accounts.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

using state = policy::subscription_state;

// States are stored as numbers.
static_assert(static_cast<int>(state::created) == 0 && static_cast<int>(state::active) == 2 &&
              static_cast<int>(state::expired) == 8);

std::optional<std::string> maybe_text(const sql_row& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return row.text(column);
}

}  // namespace

const std::string_view subscription_columns =
    "id, owner, plan, coupon, checkout_url, state, state_at, state_rank, provider_plan, total_count, plan_at, "
    "plan_rank,"
    " current_start, current_end, paid_until, ended_at, paid_count, cancel_asked_at, created_at";

subscription_row subscription_from(const sql_row& row) {
  subscription_row r;
  r.id = row.text(0);
  r.owner = row.text(1);
  r.plan = row.text(2);
  r.coupon = row.text(3);
  r.checkout_url = row.text(4);
  r.facts.state = static_cast<state>(row.integer(5));
  r.facts.state_at = row.integer(6);
  r.facts.state_rank = static_cast<int>(row.integer(7));
  r.facts.provider_plan = row.text(8);
  r.facts.total_count = row.integer(9);
  r.facts.plan_at = row.integer(10);
  r.facts.plan_rank = static_cast<int>(row.integer(11));
  r.facts.current_start = row.maybe_integer(12);
  r.facts.current_end = row.maybe_integer(13);
  r.facts.paid_until = row.maybe_integer(14);
  r.facts.ended_at = row.maybe_integer(15);
  r.facts.paid_count = row.integer(16);
  r.cancel_asked_at = row.maybe_integer(17);
  r.created_at = row.integer(18);
  return r;
}

std::optional<subscription_row> look_up_subscription(statements& s, const std::string& id) {
  static const auto sql = "SELECT " + text(subscription_columns) + " FROM subscriptions WHERE id = $1";
  const auto rows = s.run(sql, id);
  if (rows.empty()) return std::nullopt;
  return subscription_from(rows.front());
}

std::vector<subscription_row> subscriptions_of(statements& s, const std::string& owner) {
  static const auto sql = "SELECT " + text(subscription_columns) + " FROM subscriptions WHERE owner = $1";
  std::vector<subscription_row> out;
  for (const auto& row : s.run(sql, owner)) out.push_back(subscription_from(row));
  return out;
}

std::optional<subscription_row> current_subscription(statements& s, const std::string& owner) {
  static const auto sql = "SELECT " + text(subscription_columns) +
                          " FROM subscriptions WHERE id = (SELECT subscription FROM owners WHERE id = $1)";
  const auto rows = s.run(sql, owner);
  if (rows.empty()) return std::nullopt;
  return subscription_from(rows.front());
}

const plan& plan_of(const subscription_row& row, const plan_catalog& plans) {
  const auto* sold = plans.find_razorpay(row.facts.provider_plan);
  if (sold == nullptr) sold = plans.find(row.plan);
  return sold == nullptr ? plans.free() : *sold;
}

quota_report quota_of(statements& s, const std::string& owner, const plan_catalog& plans, time now) {
  quota_report out;
  out.owner = owner;
  out.allowed = plans.free();
  out.monthly_reset = next_month(now);
  const auto rows =
      s.run("SELECT live, storage_bytes, granted_plan, subscription, created_at FROM owners WHERE id = $1", owner);
  if (rows.empty()) return out;
  const auto& row = rows.front();
  out.known_since = at(row.integer(4));
  out.used.concurrent = static_cast<std::uint64_t>(row.integer(0));
  out.used.storage_bytes = static_cast<std::uint64_t>(row.integer(1));
  const auto month = s.run("SELECT builds FROM monthly_builds WHERE owner = $1 AND month = $2", owner, month_of(now));
  if (!month.empty()) out.used.monthly_builds = static_cast<std::uint64_t>(month.front().integer(0));

  if (const auto granted = maybe_text(row, 2)) {
    if (const auto* given = plans.find(*granted)) {
      out.allowed = *given;
      return out;
    }
  }
  if (row.is_null(3)) return out;
  // The one that counts; if it gives nothing (yet), what was paid before still does.
  for (const auto& subscription : subscriptions_of(s, owner)) {
    const bool counts = subscription.id == row.text(3);
    const auto gives = policy::entitles(subscription.facts, now);
    if (counts) out.paused = gives.paused;
    if (gives.plan && (counts || out.allowed.name == plans.free().name)) out.allowed = plan_of(subscription, plans);
  }
  return out;
}

void note_change(statements& s, std::string_view actor, std::string_view owner, std::string_view what,
                 std::string_view detail, time now) {
  // Numbered by their own table: an id that sorts, without asking the machine for one inside a transaction.
  const auto last = s.run("SELECT MAX(id) FROM audit WHERE owner = $1", text(owner));
  const auto number = last.empty() || last.front().is_null(0)
                          ? std::int64_t{1}
                          : std::stoll(last.front().text(0).substr(last.front().text(0).rfind('#') + 1)) + 1;
  auto digits = std::to_string(number);
  digits.insert(0, digits.size() < 10 ? 10 - digits.size() : 0, '0');
  s.run("INSERT INTO audit (id, at, actor, owner, what, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        text(owner) + "#" + digits, seconds(now), text(actor), text(owner), text(what), text(detail));
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
