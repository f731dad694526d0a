#include "src/store/rows.hpp"

#include "src/store/outbox.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

// Engines are stored as numbers.
static_assert(static_cast<int>(tex_engine::pdflatex) == 0 && static_cast<int>(tex_engine::xelatex) == 1 &&
              static_cast<int>(tex_engine::lualatex) == 2 && static_cast<int>(tex_engine::automatic) == 3);

bool gone(build_status status) { return status == build_status::expired || status == build_status::deleted; }

/// How one build shows up in the counters.
struct counted {
  std::int64_t live = 0;
  std::int64_t listed = 0;
  std::int64_t pending = 0;
};

counted count_of(build_status status) {
  counted c;
  c.live = has_ended(status) ? 0 : 1;
  c.listed = status == build_status::deleted ? 0 : 1;
  c.pending = status == build_status::pending ? 1 : 0;
  return c;
}

void count(statements& s, const build_row& row, const counted& before, const counted& after) {
  const auto live = after.live - before.live;
  const auto listed = after.listed - before.listed;
  if (live != 0 || listed != 0) {
    s.run("UPDATE owners SET live = live + $2, listed = listed + $3 WHERE id = $1", row.info.owner, live, listed);
  }
  if (const auto pending = after.pending - before.pending; pending != 0) {
    s.run(
        "INSERT INTO lanes (owner, priority, pending) VALUES ($1, $2, $3)"
        " ON CONFLICT (owner, priority) DO UPDATE SET pending = lanes.pending + excluded.pending",
        row.info.owner, std::int64_t{row.priority}, pending);
    s.run("UPDATE totals SET value = value + $1 WHERE name = 'pending'", pending);
  }
}

}  // namespace

std::int64_t seconds(time t) { return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count(); }
time at(std::int64_t s) { return time(std::chrono::seconds(s)); }

std::int64_t month_of(time t) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(t));
  return static_cast<int>(day.year()) * 100 + static_cast<int>(static_cast<unsigned int>(day.month()));
}

const std::string_view build_columns =
    "id, owner, status, engine, main_file, shell_escape, message, progress, passes, duration_ms, cached,"
    " storage_bytes, created_at, updated_at, expires_at, completed_at, priority, fence, attempts, cancel_requested";

build_row build_from(const sql_row& row) {
  build_row b;
  b.info.id = row.text(0);
  b.info.owner = row.text(1);
  b.info.status = static_cast<build_status>(row.integer(2));
  b.info.engine = static_cast<tex_engine>(row.integer(3));
  b.info.main_file = row.text(4);
  b.info.shell_escape = row.integer(5) != 0;
  b.info.message = row.text(6);
  b.info.progress = static_cast<int>(row.integer(7));
  b.info.passes = static_cast<int>(row.integer(8));
  b.info.duration = std::chrono::milliseconds(row.integer(9));
  b.info.cached = row.integer(10) != 0;
  b.info.storage_bytes = static_cast<std::uint64_t>(row.integer(11));
  b.info.created_at = at(row.integer(12));
  b.info.updated_at = at(row.integer(13));
  b.info.expires_at = at(row.integer(14));
  if (const auto ended = row.maybe_integer(15)) b.info.completed_at = at(*ended);
  b.priority = static_cast<int>(row.integer(16));
  b.fence = row.integer(17);
  b.attempts = static_cast<int>(row.integer(18));
  b.cancel_requested = row.integer(19) != 0;
  return b;
}

void ensure_owner(statements& s, std::string_view owner, time now) {
  s.run("INSERT INTO owners (id, created_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING", text(owner), seconds(now));
}

std::optional<build_row> look_up(statements& s, std::string_view id) {
  static const auto sql = "SELECT " + text(build_columns) + " FROM builds WHERE id = $1";
  const auto rows = s.run(sql, text(id));
  if (rows.empty()) return std::nullopt;
  return build_from(rows.front());
}

std::optional<build_row> held(statements& s, std::string_view id, std::int64_t fence) {
  auto row = look_up(s, id);
  if (!row || row->fence != fence || row->info.status != build_status::compiling) return std::nullopt;
  return row;
}

void move(statements& s, build_row& row, build_status to, time now) {
  auto& info = row.info;
  const auto from = info.status;
  info.status = to;
  info.updated_at = at(seconds(now));
  s.run("UPDATE builds SET status = $2, updated_at = $3 WHERE id = $1", info.id, static_cast<std::int64_t>(to),
        seconds(now));
  if (has_ended(to) && !has_ended(from)) {
    info.completed_at = info.updated_at;
    s.run("UPDATE builds SET completed_at = $2 WHERE id = $1", info.id, seconds(now));
  }
  if (to != build_status::compiling) {
    s.run("UPDATE builds SET worker = NULL, lease_until = NULL WHERE id = $1", info.id);
  }
  if (gone(to)) {
    // An expired build's files go a while after the time it was to expire, however late the sweep was.
    const auto since = to == build_status::expired ? seconds(info.expires_at) : seconds(now);
    s.run("UPDATE builds SET idempotency_key = NULL, state = 0, gone_at = COALESCE(gone_at, $2) WHERE id = $1", info.id,
          since);
    drop_result(s, info.id);
    keep(s, row, 0);
  }
  count(s, row, count_of(from), count_of(to));
  if (has_ended(to) && !has_ended(from) && to != build_status::deleted) announce(s, info, now);
}

void keep(statements& s, build_row& row, std::uint64_t bytes) {
  if (row.info.storage_bytes == bytes) return;
  const auto more = static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(row.info.storage_bytes);
  row.info.storage_bytes = bytes;
  s.run("UPDATE builds SET storage_bytes = $2 WHERE id = $1", row.info.id, static_cast<std::int64_t>(bytes));
  s.run("UPDATE owners SET storage_bytes = storage_bytes + $2 WHERE id = $1", row.info.owner, more);
}

void count_new(statements& s, const build_row& row) {
  s.run("UPDATE owners SET storage_bytes = storage_bytes + $2 WHERE id = $1", row.info.owner,
        static_cast<std::int64_t>(row.info.storage_bytes));
  count(s, row, counted(), count_of(row.info.status));
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
