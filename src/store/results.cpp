// What ended builds leave: reports, results that may serve again, files for the next build of the project to go on
// from.
#include "src/store/rows.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

std::int64_t add_to_total(statements& s, const char* name, std::int64_t more) {
  return s.run("UPDATE totals SET value = value + $2 WHERE name = $1 RETURNING value", text(name), more)
      .front()
      .integer(0);
}

void uncount(statements& s, const std::vector<sql_row>& dropped) {
  for (const auto& row : dropped) add_to_total(s, "result_bytes", -row.integer(0));
}

/// Makes the result of this build the one that serves for its content; the least recently used make room.
void keep_result(statements& s, const build_row& row, const finished_build& end) {
  if (end.content.empty() || end.storage_bytes > end.most_result_bytes) return;
  uncount(s,
          s.run("DELETE FROM results WHERE owner = $1 AND content = $2 RETURNING bytes", row.info.owner, end.content));
  const auto bytes = static_cast<std::int64_t>(end.storage_bytes);
  s.run("INSERT INTO results (owner, content, build, bytes, used) VALUES ($1, $2, $3, $4, $5)", row.info.owner,
        end.content, row.info.id, bytes, add_to_total(s, "result_uses", 1));
  const auto most = static_cast<std::int64_t>(end.most_result_bytes);
  for (auto total = add_to_total(s, "result_bytes", bytes); total > most;) {
    const auto oldest =
        s.run("DELETE FROM results WHERE build = (SELECT build FROM results ORDER BY used LIMIT 1) RETURNING bytes");
    if (oldest.empty()) return;
    total = add_to_total(s, "result_bytes", -oldest.front().integer(0));
  }
}

std::optional<earlier_result> read_result(statements& s, const std::vector<sql_row>& found) {
  if (found.empty()) return std::nullopt;
  auto row = look_up(s, found.front().text(0));
  if (!row || row->info.status != build_status::completed) return std::nullopt;
  const auto kept = s.run("SELECT report, state FROM reports WHERE build = $1", row->info.id);
  if (kept.empty()) return std::nullopt;
  return earlier_result{std::move(row->info), kept.front().text(0), kept.front().text(1)};
}

}  // namespace

void write_end(statements& s, build_row& row, const finished_build& end, time now) {
  auto& info = row.info;
  const bool good = end.status == build_status::completed;
  info.engine = end.engine;
  info.message = end.message;
  info.passes = end.passes;
  info.duration = end.duration;
  if (good) info.progress = 100;
  s.run(
      "UPDATE builds SET engine = $2, message = $3, passes = $4, duration_ms = $5, progress = $6, state = $7"
      " WHERE id = $1",
      info.id, static_cast<std::int64_t>(end.engine), end.message, std::int64_t{end.passes},
      std::int64_t{end.duration.count()}, std::int64_t{info.progress},
      std::int64_t{good && !end.state.empty() ? 1 : 0});
  s.run(
      "INSERT INTO reports (build, report, state) VALUES ($1, $2, $3)"
      " ON CONFLICT (build) DO UPDATE SET report = excluded.report, state = excluded.state",
      info.id, end.report, end.state);
  keep(s, row, end.storage_bytes);
  move(s, row, end.status, now);
  if (good) keep_result(s, row, end);
}

void drop_result(statements& s, std::string_view build) {
  uncount(s, s.run("DELETE FROM results WHERE build = $1 RETURNING bytes", text(build)));
}

result<std::optional<earlier_result>> build_store::result_for(std::string_view owner, std::string_view content) {
  return reading(*db_, [&](statements& s) {
    return read_result(
        s, s.run("SELECT build FROM results WHERE owner = $1 AND content = $2", text(owner), text(content)));
  });
}

result<std::optional<earlier_result>> build_store::state_of(std::string_view owner, std::string_view project) {
  return reading(*db_, [&](statements& s) {
    return read_result(s, s.run("SELECT id FROM builds WHERE owner = $1 AND project = $2 AND state = 1"
                                " ORDER BY id DESC LIMIT 1",
                                text(owner), text(project)));
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
