#include "src/store/credit_store.hpp"

#include "src/store/accounts.hpp"
#include "src/store/schema.hpp"

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

policy::wallet wallet_of(const sql_row& row) {
  policy::wallet w;
  w.base = row.integer(0);
  w.since = row.integer(1);
  w.latest = row.integer(2);
  return w;
}

void ensure_wallet(statements& s, std::string_view owner, time now) {
  ensure_owner(s, owner, now);
  s.run("INSERT INTO wallets (owner) VALUES ($1) ON CONFLICT (owner) DO NOTHING", text(owner));
}

}  // namespace

result<void> credit_store::migrate() { return store::migrate(*db_); }

result<credit_row> credit_store::look_up(std::string_view owner) {
  return reading(*db_, [&](statements& s) {
    credit_row out;
    const auto owners = s.run("SELECT polar_customer, polar_tier FROM owners WHERE id = $1", text(owner));
    if (owners.empty()) return out;
    out.customer = owners.front().text(0);
    out.tier = owners.front().text(1);
    for (const auto& row : s.run("SELECT product FROM polar_subscriptions WHERE owner = $1"
                                 " AND status IN ('active', 'trialing', 'past_due')",
                                 text(owner)))
      out.active_products.push_back(row.text(0));
    const auto wallets = s.run("SELECT base, since, latest, asked_at FROM wallets WHERE owner = $1", text(owner));
    if (wallets.empty()) return out;
    out.wallet = wallet_of(wallets.front());
    if (const auto asked = wallets.front().maybe_integer(3)) out.asked_at = at(*asked);
    return out;
  });
}

result<void> credit_store::set_customer(std::string_view owner, std::string_view customer, time now) {
  return writing(*db_, [&](statements& s) {
    ensure_owner(s, owner, now);
    s.run("UPDATE owners SET polar_customer = NULLIF($2, ''), polar_external = $3 WHERE id = $1", text(owner),
          text(customer), std::int64_t{customer.empty() ? 0 : 1});
  });
}

result<void> credit_store::counted(std::string_view owner, std::int64_t tokens, time asked) {
  return writing(*db_, [&](statements& s) {
    ensure_wallet(s, owner, asked);
    const auto wallets = s.run("SELECT base, since, latest FROM wallets WHERE owner = $1", text(owner));
    const bool unsent =
        !s.run("SELECT 1 FROM usage_events WHERE owner = $1 AND sent_at IS NULL AND refusals < $2 LIMIT 1", text(owner),
               std::int64_t{hopeless_refusals})
             .empty();
    const bool just_sent = !s.run(
                                 "SELECT 1 FROM usage_events WHERE owner = $1 AND sent_at IS NOT NULL"
                                 " AND sent_at > $2 LIMIT 1",
                                 text(owner), seconds(asked - policy::counting_takes))
                                .empty();
    const auto w = policy::counted(wallet_of(wallets.front()), tokens, !unsent && !just_sent);
    s.run("UPDATE wallets SET base = $2, since = $3, latest = $4, asked_at = $5 WHERE owner = $1", text(owner), w.base,
          w.since, w.latest, seconds(asked));
  });
}

result<void> credit_store::use(const polar_usage& what, bool estimated, time now) {
  return writing(*db_, [&](statements& s) {
    ensure_wallet(s, what.user, now);
    s.run(
        "INSERT INTO usage_events (id, owner, model, prompt_tokens, completion_tokens, estimated, used_at, due_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
        what.id, what.user, what.model, what.prompt_tokens, what.completion_tokens, std::int64_t{estimated ? 1 : 0},
        seconds(what.at), seconds(now));
    if (s.changed() == 0) return;
    s.run("UPDATE wallets SET since = since + $2 WHERE owner = $1", what.user,
          what.prompt_tokens + what.completion_tokens);
  });
}

result<std::vector<unsent_usage>> credit_store::claim_usage(std::size_t limit, time now, std::chrono::seconds lease) {
  // Most of the time nothing is due: that is seen without a lock on the database.
  const auto due = reading(*db_, [&](statements& s) {
    return !s.run("SELECT 1 FROM usage_events WHERE sent_at IS NULL AND due_at <= $1 LIMIT 1", seconds(now)).empty();
  });
  if (!due) return due.error();
  if (!*due) return std::vector<unsent_usage>();
  return writing(*db_, [&](statements& s) {
    std::vector<unsent_usage> out;
    for (const auto& row : s.run("SELECT u.id, u.owner, u.model, u.prompt_tokens, u.completion_tokens, u.used_at,"
                                 " u.attempts, u.refusals, CASE WHEN o.polar_external = 1 THEN NULL ELSE"
                                 " o.polar_customer END FROM usage_events u JOIN owners o ON o.id = u.owner"
                                 " WHERE u.sent_at IS NULL AND u.due_at <= $1 ORDER BY u.due_at LIMIT $2",
                                 seconds(now), static_cast<std::int64_t>(limit))) {
      unsent_usage u;
      u.what.id = row.text(0);
      u.what.user = row.text(1);
      u.what.model = row.text(2);
      u.what.prompt_tokens = row.integer(3);
      u.what.completion_tokens = row.integer(4);
      u.what.at = at(row.integer(5));
      u.attempt = static_cast<int>(row.integer(6)) + 1;
      u.refusals = static_cast<int>(row.integer(7));
      u.what.customer = row.text(8);
      s.run("UPDATE usage_events SET attempts = $2, due_at = $3 WHERE id = $1", u.what.id, std::int64_t{u.attempt},
            seconds(now + lease));
      out.push_back(std::move(u));
    }
    return out;
  });
}

result<void> credit_store::settle_usage(const std::vector<unsent_usage>& batch, std::optional<time> again, time now) {
  return writing(*db_, [&](statements& s) {
    for (const auto& u : batch) {
      if (again) {
        s.run("UPDATE usage_events SET due_at = $3 WHERE id = $1 AND attempts = $2 AND sent_at IS NULL", u.what.id,
              std::int64_t{u.attempt}, seconds(*again));
      } else {
        s.run("UPDATE usage_events SET sent_at = COALESCE(sent_at, $2) WHERE id = $1", u.what.id, seconds(now));
      }
    }
  });
}

result<void> credit_store::usage_refused(const unsent_usage& one, time again, time now) {
  return writing(*db_, [&](statements& s) {
    const auto refusals = std::int64_t{one.refusals} + 1;
    s.run("UPDATE usage_events SET due_at = $3, refusals = $4 WHERE id = $1 AND attempts = $2 AND sent_at IS NULL",
          one.what.id, std::int64_t{one.attempt}, seconds(again), refusals);
    // From now on it is a gift: whoever looks is to find it.
    if (s.changed() > 0 && refusals == hopeless_refusals)
      note_change(s, "polar", one.what.user, "usage.refused", one.what.id, now);
  });
}

result<std::uint64_t> credit_store::forget_usage(time sent_before, std::uint64_t limit) {
  return writing(*db_, [&](statements& s) {
    s.run(
        "DELETE FROM usage_events WHERE id IN (SELECT id FROM usage_events WHERE sent_at IS NOT NULL AND sent_at < $1"
        " ORDER BY sent_at LIMIT $2)",
        seconds(sent_before), static_cast<std::int64_t>(limit));
    return static_cast<std::uint64_t>(s.changed());
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
