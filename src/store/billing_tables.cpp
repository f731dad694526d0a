// Coupons, grants and the audit trail.
#include "src/store/billing_store.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {

result<void> billing_store::add_coupon(const coupon& what, time now) {
  return writing(*db_, [&](statements& s) {
    if (!s.run("SELECT 1 FROM coupons WHERE code = $1", what.code).empty())
      throw refused{error(errc::conflict, "there is a coupon \"" + what.code + "\" already").with_subject("code")};
    const sql_value expires = what.expires_at ? sql_value(seconds(*what.expires_at)) : sql_value(std::monostate());
    s.run(
        "INSERT INTO coupons (code, percent, plan, offer, uses, expires_at, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        what.code, std::int64_t{what.percent}, what.plan, what.offer, std::int64_t{what.uses}, expires, seconds(now));
    note_change(s, "admin", "", "coupon.created",
                what.code + ", " + std::to_string(what.percent) + " % off " + what.plan, now);
  });
}

result<bool> billing_store::disable_coupon(std::string_view code, time now) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE coupons SET disabled = 1 WHERE code = $1", text(code));
    if (s.changed() == 0) return false;
    note_change(s, "admin", "", "coupon.disabled", code, now);
    return true;
  });
}

result<std::vector<coupon>> billing_store::coupons() {
  return reading(*db_, [&](statements& s) {
    std::vector<coupon> out;
    for (const auto& row : s.run("SELECT code, percent, plan, offer, uses, used, expires_at, disabled FROM coupons"
                                 " ORDER BY created_at DESC, code")) {
      coupon c;
      c.code = row.text(0);
      c.percent = static_cast<int>(row.integer(1));
      c.plan = row.text(2);
      c.offer = row.text(3);
      c.uses = row.integer(4);
      c.used = row.integer(5);
      if (const auto expires = row.maybe_integer(6)) c.expires_at = at(*expires);
      c.disabled = row.integer(7) != 0;
      out.push_back(std::move(c));
    }
    return out;
  });
}

result<void> billing_store::grant_plan(std::string_view owner, std::string_view plan, time now) {
  return writing(*db_, [&](statements& s) {
    s.run(
        "INSERT INTO owners (id, created_at, granted_plan) VALUES ($1, $2, NULLIF($3, ''))"
        " ON CONFLICT (id) DO UPDATE SET granted_plan = excluded.granted_plan",
        text(owner), seconds(now), text(plan));
    note_change(s, "admin", owner, plan.empty() ? "plan.grant_ended" : "plan.granted", plan, now);
  });
}

result<std::vector<audit_entry>> billing_store::audit(std::string_view owner, std::uint64_t limit) {
  return reading(*db_, [&](statements& s) {
    const auto rows = owner.empty()
                          ? s.run("SELECT at, actor, owner, what, detail FROM audit ORDER BY at DESC, id DESC LIMIT $1",
                                  static_cast<std::int64_t>(limit))
                          : s.run(
                                "SELECT at, actor, owner, what, detail FROM audit WHERE owner = $1"
                                " ORDER BY id DESC LIMIT $2",
                                text(owner), static_cast<std::int64_t>(limit));
    std::vector<audit_entry> out;
    for (const auto& row : rows) {
      audit_entry e;
      e.at = at(row.integer(0));
      e.actor = row.text(1);
      e.owner = row.text(2);
      e.what = row.text(3);
      e.detail = row.text(4);
      out.push_back(std::move(e));
    }
    return out;
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
