// How builds go: deleted by their owners, expired by time, then forgotten.
#include "src/store/rows.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {

result<bool> build_store::remove(std::string_view id, time now) {
  return writing(*db_, [&](statements& s) {
    auto row = look_up(s, id);
    if (!row || row->info.status == build_status::deleted) return false;
    // A worker that still runs it learns so from its next renewal; what it finishes then is not written.
    move(s, *row, build_status::deleted, now);
    return true;
  });
}

result<std::uint64_t> build_store::expire(time now, std::uint64_t limit) {
  return writing(*db_, [&](statements& s) {
    const auto over = s.run(
        "SELECT id FROM builds WHERE status <> 1 AND status < 5 AND expires_at <= $1 ORDER BY expires_at LIMIT $2",
        seconds(now), static_cast<std::int64_t>(limit));
    for (const auto& id : over) {
      if (auto row = look_up(s, id.text(0))) move(s, *row, build_status::expired, now);
    }
    return static_cast<std::uint64_t>(over.size());
  });
}

result<std::vector<std::string>> build_store::due_for_removal(time now, std::chrono::seconds grace,
                                                              std::uint64_t limit) {
  return reading(*db_, [&](statements& s) {
    std::vector<std::string> due;
    for (const auto& row : s.run("SELECT id FROM builds WHERE gone_at <= $1 ORDER BY gone_at LIMIT $2",
                                 seconds(now - grace), static_cast<std::int64_t>(limit))) {
      due.push_back(row.text(0));
    }
    return due;
  });
}

result<void> build_store::forget(std::span<const std::string> ids) {
  return writing(*db_, [&](statements& s) {
    for (const auto& id : ids) {
      const auto row = look_up(s, id);
      if (!row || (row->info.status != build_status::expired && row->info.status != build_status::deleted)) continue;
      if (row->info.status == build_status::expired) {  // an expired one is still listed
        s.run("UPDATE owners SET listed = listed - 1 WHERE id = $1", row->info.owner);
      }
      s.run("DELETE FROM reports WHERE build = $1", id);
      s.run("DELETE FROM builds WHERE id = $1", id);
    }
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
