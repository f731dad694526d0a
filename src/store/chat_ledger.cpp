#include "src/store/chat_ledger.hpp"

#include "src/store/schema.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

using ms = std::chrono::milliseconds;

// A dead process's row goes when nothing of it can come back any more.
constexpr std::chrono::hours forget_after{24};

ms since_1970(time t) { return std::chrono::floor<ms>(t.time_since_epoch()); }

policy::bucket_state bucket_of(statements& s, std::string_view owner, const policy::bucket_rate& rate, time now) {
  const auto rows = s.run("SELECT tokens, refilled_at FROM chat_buckets WHERE owner = $1", text(owner));
  if (rows.empty()) return policy::full_bucket(rate, since_1970(now));
  policy::bucket_state state;
  state.tokens = rows.front().integer(0);
  state.refilled_at = ms(rows.front().integer(1));
  return state;
}

void keep(statements& s, std::string_view owner, const policy::bucket_state& state, std::int64_t capacity) {
  s.run(
      "INSERT INTO chat_buckets (owner, tokens, refilled_at, capacity) VALUES ($1, $2, $3, $4) ON CONFLICT (owner)"
      " DO UPDATE SET tokens = excluded.tokens, refilled_at = excluded.refilled_at, capacity = excluded.capacity",
      text(owner), state.tokens, std::int64_t{state.refilled_at.count()}, capacity);
}

/// Into a bucket of the present capacity: the owner's tier may be another one than when the request took from it.
void give_back(statements& s, std::string_view owner, std::int64_t then, std::int64_t tokens, time now) {
  const auto rows = s.run("SELECT capacity FROM chat_buckets WHERE owner = $1", text(owner));
  const auto known = rows.empty() ? 0 : rows.front().integer(0);
  const auto capacity = known > 0 ? known : then;
  const auto rate = policy::per_hour(capacity);
  keep(s, owner, policy::settle(bucket_of(s, owner, rate, now), rate, tokens, since_1970(now)), capacity);
}

settled_chat settled_from(const sql_row& row) {
  settled_chat c;
  c.id = row.text(0);
  c.owner = row.text(1);
  c.model = row.text(2);
  c.tokens.prompt = row.integer(3);
  c.tokens.completion = row.integer(4);
  c.tokens.estimated = row.integer(5) != 0;
  return c;
}

}  // namespace

result<void> chat_ledger::migrate() { return store::migrate(*db_); }

result<policy::bucket_step> chat_ledger::reserve(const chat_reservation& what, time now) {
  const auto rate = policy::per_hour(what.per_hour);
  return writing(*db_, [&](statements& s) {
    auto step = policy::take(bucket_of(s, what.owner, rate, now), rate, what.tokens.sum(), since_1970(now));
    if (!step.taken) return step;
    keep(s, what.owner, step.state, what.per_hour);
    s.run(
        "INSERT INTO chat_requests (id, owner, sequence, holder, model, prompt, completion, capacity) VALUES ($1, $2,"
        " (SELECT COALESCE(MAX(sequence), 0) + 1 FROM chat_requests WHERE owner = $2), $3, $4, $5, $6, $7)",
        what.id, what.owner, what.holder, what.model, what.tokens.prompt, what.tokens.completion, what.per_hour);
    return step;
  });
}

result<std::int64_t> chat_ledger::ahead_of(std::string_view id) {
  return reading(*db_, [&](statements& s) {
    const auto rows = s.run(
        "SELECT COALESCE(SUM(o.prompt + o.completion), 0) FROM chat_requests m JOIN chat_requests o"
        " ON o.owner = m.owner AND o.sequence < m.sequence WHERE m.id = $1",
        text(id));
    return rows.front().integer(0);
  });
}

result<void> chat_ledger::release(std::string_view id, time now) {
  return writing(*db_, [&](statements& s) {
    const auto rows = s.run(
        "DELETE FROM chat_requests WHERE id = $1 AND settled_at IS NULL RETURNING owner, capacity, prompt + completion",
        text(id));
    if (rows.empty()) return;
    give_back(s, rows.front().text(0), rows.front().integer(1), rows.front().integer(2), now);
  });
}

result<std::optional<settled_chat>> chat_ledger::settle(std::string_view id, const chat_tokens& took, time now) {
  return writing(*db_, [&](statements& s) -> std::optional<settled_chat> {
    const auto rows = s.run(
        "SELECT owner, capacity, prompt + completion, model FROM chat_requests WHERE id = $1 AND settled_at IS NULL",
        text(id));
    if (rows.empty()) return std::nullopt;
    s.run("UPDATE chat_requests SET prompt = $2, completion = $3, estimated = $4, settled_at = $5 WHERE id = $1",
          text(id), took.prompt, took.completion, std::int64_t{took.estimated ? 1 : 0}, seconds(now));
    const auto& row = rows.front();
    give_back(s, row.text(0), row.integer(1), row.integer(2) - took.sum(), now);
    settled_chat c;
    c.id = std::string(id);
    c.owner = row.text(0);
    c.model = row.text(3);
    c.tokens = took;
    return c;
  });
}

result<void> chat_ledger::charged(std::string_view id) {
  return writing(*db_, [&](statements& s) {
    s.run("DELETE FROM chat_requests WHERE id = $1 AND settled_at IS NOT NULL", text(id));
  });
}

result<std::vector<settled_chat>> chat_ledger::uncharged(time before, std::uint64_t limit) {
  return reading(*db_, [&](statements& s) {
    std::vector<settled_chat> all;
    for (const auto& row :
         s.run("SELECT id, owner, model, prompt, completion, estimated FROM chat_requests WHERE settled_at <= $1"
               " ORDER BY settled_at LIMIT $2",
               seconds(before), static_cast<std::int64_t>(limit)))
      all.push_back(settled_from(row));
    return all;
  });
}

result<void> chat_ledger::keep_alive(std::string_view holder, time until) {
  return writing(*db_, [&](statements& s) {
    s.run(
        "INSERT INTO chat_holders (id, alive_until) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE"
        " SET alive_until = excluded.alive_until",
        text(holder), seconds(until));
  });
}

result<std::uint64_t> chat_ledger::settle_abandoned(time now, std::uint64_t limit) {
  return writing(*db_, [&](statements& s) {
    std::uint64_t settled = 0;
    for (const auto& dead : s.run("SELECT id FROM chat_holders WHERE alive_until < $1 ORDER BY alive_until LIMIT $2",
                                  seconds(now), static_cast<std::int64_t>(limit))) {
      // The bucket has given the estimate already, and so it stays.
      s.run(
          "UPDATE chat_requests SET settled_at = $2 WHERE id IN"
          " (SELECT id FROM chat_requests WHERE holder = $1 AND settled_at IS NULL LIMIT $3)",
          dead.text(0), seconds(now), static_cast<std::int64_t>(limit));
      settled += static_cast<std::uint64_t>(s.changed());
    }
    s.run(
        "DELETE FROM chat_holders WHERE alive_until < $1 AND NOT EXISTS"
        " (SELECT 1 FROM chat_requests WHERE holder = chat_holders.id AND settled_at IS NULL)",
        seconds(now - forget_after));
    return settled;
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
