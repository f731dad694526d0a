// The rate limiter: its arithmetic is in policy/gcra, its times in a table.
#include "src/policy/gcra.hpp"
#include "src/store/rows.hpp"

#include <texbuild/rate_limit.hpp>

namespace texbuild {
inline namespace v0 {

using policy::microseconds;
using store::statements;
using store::text;

namespace {

microseconds since_1970(const clock& time) { return std::chrono::floor<microseconds>(time.now().time_since_epoch()); }

}  // namespace

rate_limiter::rate_limiter(std::shared_ptr<database> db, std::shared_ptr<clock> time)
    : db_(std::move(db)), time_(std::move(time)) {}

result<rate_limiter> rate_limiter::open(std::shared_ptr<database> db, std::shared_ptr<clock> time) {
  auto made = store::writing(*db, [](statements& s) {
    // Not among the store's tables: this one may live in a database of its own.
    s.run("CREATE TABLE IF NOT EXISTS rate_limits (key TEXT PRIMARY KEY, arrival BIGINT NOT NULL)");
    s.run("CREATE INDEX IF NOT EXISTS rate_limits_idle ON rate_limits (arrival)");
    return true;
  });
  if (!made) return made.error();
  return rate_limiter(std::move(db), std::move(time));
}

result<rate_decision> rate_limiter::take(std::string_view key, const rate& allowed) const {
  const auto now = since_1970(*time_);
  return store::writing(*db_, [&](statements& s) {
    const auto rows = s.run("SELECT arrival FROM rate_limits WHERE key = $1", text(key));
    const microseconds arrival(rows.empty() ? 0 : rows.front().integer(0));
    const auto step = policy::gcra(arrival, now, allowed);
    if (step.arrival != arrival)
      s.run(
          "INSERT INTO rate_limits (key, arrival) VALUES ($1, $2)"
          " ON CONFLICT (key) DO UPDATE SET arrival = excluded.arrival",
          text(key), std::int64_t{step.arrival.count()});
    return step.decision;
  });
}

result<std::uint64_t> rate_limiter::sweep(std::uint64_t limit) const {
  const auto now = since_1970(*time_);
  return store::writing(*db_, [&](statements& s) {
    s.run("DELETE FROM rate_limits WHERE key IN (SELECT key FROM rate_limits WHERE arrival < $1 LIMIT $2)",
          std::int64_t{now.count()}, static_cast<std::int64_t>(limit));
    return static_cast<std::uint64_t>(s.changed());
  });
}

}  // namespace v0
}  // namespace texbuild
