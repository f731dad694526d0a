// Who works on what: claims, leases, and how builds end.
#include "src/store/rows.hpp"

#include <algorithm>
#include <limits>

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

void fail_abandoned(statements& s, build_row& row, time now) {
  row.info.message = "the build was interrupted " + std::to_string(row.attempts) +
                     " times: the machine that ran it stopped or ran out of memory; submit it again";
  s.run("UPDATE builds SET message = $2 WHERE id = $1", row.info.id, row.info.message);
  move(s, row, build_status::failed, now);
}

/// Ends the leases that lapsed by `until`.
std::uint64_t take_back(statements& s, time now, std::int64_t until) {
  const auto lapsed = s.run("SELECT id FROM builds WHERE status = 1 AND lease_until <= $1 ORDER BY lease_until", until);
  for (const auto& id : lapsed) {
    auto row = look_up(s, id.text(0));
    if (!row) continue;
    if (row->cancel_requested) {
      move(s, *row, build_status::canceled, now);
    } else if (row->attempts >= build_store::most_attempts) {
      fail_abandoned(s, *row, now);
    } else {
      move(s, *row, build_status::pending, now);
    }
  }
  return lapsed.size();
}

/// The next build by priority, then by turn of the owners; counts the turn.
std::optional<build_row> next_in_turn(statements& s) {
  const auto lanes =
      s.run("SELECT owner, priority FROM lanes WHERE pending > 0 ORDER BY priority DESC, served, owner LIMIT 1");
  if (lanes.empty()) return std::nullopt;
  const auto& lane = lanes.front();
  const auto heads = s.run(
      "SELECT id FROM builds WHERE owner = $1 AND priority = $2 AND status = 0 ORDER BY owner, priority, id LIMIT 1",
      lane.text(0), lane.integer(1));
  if (heads.empty()) throw refused{error(errc::internal, "the queue is damaged", "a lane counts builds it lacks")};
  const auto turn = s.run("UPDATE totals SET value = value + 1 WHERE name = 'served' RETURNING value");
  s.run("UPDATE lanes SET served = $3 WHERE owner = $1 AND priority = $2", lane.text(0), lane.integer(1),
        turn.front().integer(0));
  return look_up(s, heads.front().text(0));
}

hold standing(const std::optional<build_row>& row, std::int64_t fence) {
  if (!row || row->fence != fence) return hold::lost;
  if (row->info.status == build_status::deleted) return hold::cancel_requested;
  if (row->info.status != build_status::compiling) return hold::lost;
  return row->cancel_requested ? hold::cancel_requested : hold::ours;
}

}  // namespace

result<std::optional<claimed_build>> build_store::claim(std::string_view worker, time now, std::chrono::seconds lease) {
  return writing(*db_, [&](statements& s) {
    take_back(s, now, seconds(now));
    auto row = next_in_turn(s);
    if (!row) return std::optional<claimed_build>();
    move(s, *row, build_status::compiling, now);
    const auto taken = s.run(
        "UPDATE builds SET worker = $2, lease_until = $3, fence = fence + 1, attempts = attempts + 1 WHERE id = $1"
        " RETURNING project",
        row->info.id, text(worker), seconds(now + lease));
    claimed_build job;
    job.project = taken.front().text(0);
    job.info = std::move(row->info);
    job.fence = row->fence + 1;
    job.attempt = row->attempts + 1;
    return std::optional<claimed_build>(std::move(job));
  });
}

result<hold> build_store::renew(std::string_view id, std::int64_t fence, time now, std::chrono::seconds lease) {
  return writing(*db_, [&](statements& s) {
    const auto row = look_up(s, id);
    const auto stands = standing(row, fence);
    if (stands != hold::lost && row->info.status == build_status::compiling) {
      s.run("UPDATE builds SET lease_until = $2 WHERE id = $1", row->info.id, seconds(now + lease));
    }
    return stands;
  });
}

result<hold> build_store::note_progress(std::string_view id, std::int64_t fence, int progress, int passes,
                                        tex_engine engine, std::string_view message, time now) {
  return writing(*db_, [&](statements& s) {
    const auto row = look_up(s, id);
    const auto stands = standing(row, fence);
    if (stands == hold::lost || row->info.status != build_status::compiling) return stands;
    s.run("UPDATE builds SET progress = $2, passes = $3, engine = $4, message = $5, updated_at = $6 WHERE id = $1",
          row->info.id, std::int64_t{std::clamp(progress, row->info.progress, 100)}, std::int64_t{passes},
          static_cast<std::int64_t>(engine), text(message), seconds(now));
    return stands;
  });
}

result<bool> build_store::finish(std::string_view id, std::int64_t fence, const finished_build& end, time now) {
  const bool sound = end.status == build_status::completed || end.status == build_status::failed ||
                     end.status == build_status::canceled;
  if (!sound) return error(errc::invalid_input, "a build ends as completed, failed or canceled");
  return writing(*db_, [&](statements& s) {
    auto row = held(s, id, fence);
    if (!row) return false;
    write_end(s, *row, end, now);
    return true;
  });
}

result<bool> build_store::give_back(std::string_view id, std::int64_t fence, time now) {
  return writing(*db_, [&](statements& s) {
    auto row = held(s, id, fence);
    if (!row) return false;
    s.run("UPDATE builds SET attempts = attempts - 1 WHERE id = $1", row->info.id);
    move(s, *row, row->cancel_requested ? build_status::canceled : build_status::pending, now);
    return true;
  });
}

result<std::uint64_t> build_store::take_back_lapsed(time now) {
  return writing(*db_, [&](statements& s) { return take_back(s, now, seconds(now)); });
}

result<std::uint64_t> build_store::take_back_all(time now) {
  return writing(*db_, [&](statements& s) { return take_back(s, now, std::numeric_limits<std::int64_t>::max()); });
}

result<build_info> build_store::cancel(std::string_view id, time now) {
  return writing(*db_, [&](statements& s) {
    auto row = look_up(s, id);
    if (!row || row->info.status == build_status::deleted) throw refused{error(errc::not_found, "no such build")};
    if (row->info.status == build_status::pending) {
      move(s, *row, build_status::canceled, now);
    } else if (row->info.status == build_status::compiling) {
      s.run("UPDATE builds SET cancel_requested = 1 WHERE id = $1", row->info.id);
    }
    return std::move(row->info);
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
