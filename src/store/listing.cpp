// Questions about many builds. None of them counts rows: see the counters in schema.cpp.
#include "src/store/accounts.hpp"

#include <texbuild/engine.hpp>

namespace texbuild {
inline namespace v0 {
namespace store {

result<build_page> build_store::list(std::string_view owner, std::uint64_t page, std::uint64_t page_size) {
  static const auto sql = "SELECT " + text(build_columns) +
                          " FROM builds WHERE owner = $1 AND status <> 6"
                          " ORDER BY owner DESC, id DESC LIMIT $2 OFFSET $3";
  if (page < 1 || page_size < 1) return error(errc::invalid_input, "pages and their sizes count from 1");
  return reading(*db_, [&](statements& s) {
    build_page found;
    const auto owners = s.run("SELECT listed FROM owners WHERE id = $1", text(owner));
    if (!owners.empty()) found.total = static_cast<std::uint64_t>(owners.front().integer(0));
    if (found.total == 0 || page - 1 > (found.total - 1) / page_size) return found;  // also keeps OFFSET from overflow
    const auto rows = s.run(sql, text(owner), static_cast<std::int64_t>(page_size),
                            static_cast<std::int64_t>((page - 1) * page_size));
    for (const auto& row : rows) found.builds.push_back(build_from(row).info);
    return found;
  });
}

result<quota_report> build_store::quota(std::string_view owner, const plan_catalog& plans, time now) {
  return reading(*db_, [&](statements& s) { return quota_of(s, text(owner), plans, now); });
}

result<std::uint64_t> build_store::pending() {
  return reading(*db_, [&](statements& s) {
    const auto rows = s.run("SELECT value FROM totals WHERE name = 'pending'");
    return static_cast<std::uint64_t>(rows.empty() ? 0 : rows.front().integer(0));
  });
}

result<std::vector<std::string>> build_store::known(std::span<const std::string> ids) {
  return reading(*db_, [&](statements& s) {
    std::vector<std::string> found;
    for (const auto& id : ids) {
      if (!s.run("SELECT id FROM builds WHERE id = $1", id).empty()) found.push_back(id);
    }
    return found;
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
