// Taking builds in, and looking at them one by one.
#include "src/store/build_store.hpp"

#include "src/store/accounts.hpp"
#include "src/store/schema.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

/// The build that this key named before, unless it is gone or over.
std::optional<build_row> earlier(statements& s, const new_build& build) {
  if (build.request.idempotency_key.empty()) return std::nullopt;
  const auto rows = s.run("SELECT id FROM builds WHERE owner = $1 AND idempotency_key = $2", build.request.owner,
                          build.request.idempotency_key);
  if (rows.empty()) return std::nullopt;
  auto row = look_up(s, rows.front().text(0));
  if (row && row->info.status != build_status::compiling && row->info.expires_at <= build.now) {
    move(s, *row, build_status::expired, build.now);  // its time is up, the sweep just has not come by yet
    return std::nullopt;
  }
  return row;
}

build_row row_of(const new_build& build) {
  build_row row;
  row.priority = build.request.priority;
  row.info.id = build.id;
  row.info.owner = build.request.owner;
  row.info.engine = build.engine;
  row.info.main_file = build.main_file;
  row.info.shell_escape = build.request.shell_escape;
  row.info.storage_bytes = build.source_bytes;
  row.info.created_at = row.info.updated_at = at(seconds(build.now));
  row.info.expires_at = at(seconds(build.expires_at));
  return row;
}

enum class takes { place_and_count, count, nothing };

/// Refuses what the owner's plan does not allow.
int priority_within_quota(statements& s, const new_build& build, takes what) {
  auto quota = quota_of(s, build.request.owner, *build.plans, build.now);
  if (what != takes::place_and_count) quota.used.concurrent = 0;
  if (what == takes::nothing) quota.allowed.monthly_builds = -1;
  if (auto within = check_quota(quota, build.source_bytes); !within) throw refused{within.error()};
  if (build.request.shell_escape && !quota.allowed.shell_escape)
    throw refused{error(errc::forbidden, "the plan \"" + quota.allowed.name + "\" has no shell escape")
                      .with_subject("shell_escape")};
  return quota.allowed.priority;
}

/// Adds the row as a pending one, and counts it.
build_row insert(statements& s, const new_build& build, takes what) {
  auto row = row_of(build);
  const auto& info = row.info;
  ensure_owner(s, info.owner, build.now);
  row.priority += priority_within_quota(s, build, what);
  s.run(
      "INSERT INTO builds (id, owner, status, engine, main_file, shell_escape, priority, idempotency_key,"
      " storage_bytes, created_at, updated_at, expires_at, project) VALUES ($1, $2, 0, $3, $4, $5, $6, NULLIF($7, ''),"
      " $8, $9, $9, $10, $11)",
      info.id, info.owner, static_cast<std::int64_t>(info.engine), info.main_file,
      std::int64_t{info.shell_escape ? 1 : 0}, std::int64_t{row.priority}, build.request.idempotency_key,
      static_cast<std::int64_t>(info.storage_bytes), seconds(build.now), seconds(build.expires_at), build.project);
  count_new(s, row);
  if (what == takes::nothing) return row;
  s.run(
      "INSERT INTO monthly_builds (owner, month, builds) VALUES ($1, $2, 1)"
      " ON CONFLICT (owner, month) DO UPDATE SET builds = monthly_builds.builds + 1",
      info.owner, month_of(build.now));
  return row;
}

}  // namespace

result<void> build_store::migrate() { return store::migrate(*db_); }

result<void> build_store::add_owner(std::string_view owner, time now) {
  // Asked for with every request of a user, and true nearly always: a read does not wait for writers.
  const auto known =
      reading(*db_, [&](statements& s) { return !s.run("SELECT 1 FROM owners WHERE id = $1", text(owner)).empty(); });
  if (!known) return known.error();
  if (*known) return {};
  return writing(*db_, [&](statements& s) { ensure_owner(s, owner, now); });
}

result<added_build> build_store::add(const new_build& build) {
  return writing(*db_, [&](statements& s) {
    added_build added;
    if (auto before = earlier(s, build)) {
      added.info = std::move(before->info);
      added.existed = true;
      return added;
    }
    added.info = insert(s, build, takes::place_and_count).info;
    return added;
  });
}

result<added_build> build_store::add_completed(const new_build& build, const finished_build& end, bool counts) {
  return writing(*db_, [&](statements& s) {
    added_build added;
    if (auto before = earlier(s, build)) {
      added.info = std::move(before->info);
      added.existed = true;
      return added;
    }
    auto row = insert(s, build, counts ? takes::count : takes::nothing);
    row.info.cached = true;
    s.run("UPDATE builds SET cached = 1 WHERE id = $1", row.info.id);
    write_end(s, row, end, build.now);
    added.info = std::move(row.info);
    return added;
  });
}

result<std::optional<build_info>> build_store::find(std::string_view id) {
  return reading(*db_, [&](statements& s) {
    auto row = look_up(s, id);
    if (!row || row->info.status == build_status::deleted) return std::optional<build_info>();
    return std::optional<build_info>(std::move(row->info));
  });
}

result<std::string> build_store::report(std::string_view id) {
  return reading(*db_, [&](statements& s) {
    const auto rows = s.run("SELECT report FROM reports WHERE build = $1", text(id));
    return rows.empty() ? std::string() : rows.front().text(0);
  });
}

result<std::string> build_store::setting(std::string_view key) {
  return reading(*db_, [&](statements& s) {
    const auto rows = s.run("SELECT value FROM settings WHERE key = $1", text(key));
    return rows.empty() ? std::string() : rows.front().text(0);
  });
}

result<void> build_store::set_setting(std::string_view key, std::string_view value) {
  return writing(*db_, [&](statements& s) {
    s.run("INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
          text(key), text(value));
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
