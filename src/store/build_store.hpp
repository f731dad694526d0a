// The table of builds: what was accepted, whose turn it is, who works on what, and what is still kept. Every method is
// one transaction. Time is an argument. Blocks on the disk: call it from a pool.
#pragma once

#include <texbuild/build.hpp>
#include <texbuild/database.hpp>
#include <texbuild/quota.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

struct build_page;  // texbuild/engine.hpp, which brings Asio along

namespace store {

using time = std::chrono::system_clock::time_point;

struct new_build {
  build_request request;
  std::string id;  ///< sorts by time: it is the order of queues and listings
  std::string main_file;
  tex_engine engine = tex_engine::pdflatex;
  std::string project;  ///< which document it is; see `state_of`
  std::uint64_t source_bytes = 0;
  time now;
  time expires_at;
  const plan_catalog* plans = nullptr;  ///< whose quotas hold; never null
};

struct added_build {
  build_info info;
  bool existed = false;  ///< the owner's idempotency key was known: `info` is the earlier build, nothing was added
};

struct claimed_build {
  build_info info;
  std::string project;
  std::int64_t fence = 0;  ///< proves that the lease is this one; grows with every claim
  int attempt = 0;         ///< 1 for the first
};

struct finished_build {
  build_status status = build_status::failed;  ///< completed, failed or canceled
  tex_engine engine = tex_engine::pdflatex;
  std::string message;
  int passes = 0;
  std::chrono::milliseconds duration{0};
  std::uint64_t storage_bytes = 0;      ///< all that is kept for the build: sources and artifacts
  std::string report;                   ///< JSON: diagnostics, outputs
  std::string state;                    ///< JSON: what the next build of the project may go on from; "" if nothing
  std::string content;                  ///< what its result may serve for again; "" if for nothing
  std::uint64_t most_result_bytes = 0;  ///< of all results that may serve again; the least recently used go first
};

/// A completed build, with what is remembered of it.
struct earlier_result {
  build_info info;
  std::string report;
  std::string state;
};

/// How a lease stands.
enum class hold { ours, cancel_requested, lost };

/// Builds and what is counted about them. Thread safe, as its database is.
class build_store {
 public:
  explicit build_store(std::shared_ptr<database> db) : db_(std::move(db)) {}

  /// Makes or updates the tables. `errc::unavailable` for a database that a newer version of the library wrote.
  result<void> migrate();

  /// Makes sure that there is a row for this owner.
  result<void> add_owner(std::string_view owner, time now);
  /// Accepts a build and counts it. `errc::limit_exceeded` or `errc::forbidden` when the owner's plan says no (see
  /// `check_quota`): checked and taken in one step.
  result<added_build> add(const new_build& build);
  /// Accepts a build that has its result already. Takes no place among those at once; counts in the month if it is to.
  result<added_build> add_completed(const new_build& build, const finished_build& end, bool counts);

  /// The build whose result serves for this content, of this owner.
  result<std::optional<earlier_result>> result_for(std::string_view owner, std::string_view content);
  /// The last good build of a project that left something to go on from, while it is kept.
  result<std::optional<earlier_result>> state_of(std::string_view owner, std::string_view project);

  /// Takes the next job: highest priority, then the owner served longest ago, then that owner's oldest build. Jobs with
  /// a lapsed lease are queued again first. Empty when there is none.
  result<std::optional<claimed_build>> claim(std::string_view worker, time now, std::chrono::seconds lease);
  /// Extends a lease. `cancel_requested` (the build was canceled or deleted) and `lost`: stop working on it.
  result<hold> renew(std::string_view id, std::int64_t fence, time now, std::chrono::seconds lease);
  /// Writes down how far the build is; a lower progress than before is not taken. Does not extend the lease.
  result<hold> note_progress(std::string_view id, std::int64_t fence, int progress, int passes, tex_engine engine,
                             std::string_view message, time now);
  /// Ends a build. False: the lease was lost or the build deleted, nothing was written.
  result<bool> finish(std::string_view id, std::int64_t fence, const finished_build& end, time now);
  /// Puts a job back to the front of its owner's queue; the attempt does not count. One that was to be canceled is
  /// canceled. False: the lease was lost.
  result<bool> give_back(std::string_view id, std::int64_t fence, time now);
  /// Queues jobs whose worker fell silent again; after `most_attempts` they fail. How many there were.
  result<std::uint64_t> take_back_lapsed(time now);
  /// The same for every running build: after a restart, when no other engine works on this database.
  result<std::uint64_t> take_back_all(time now);
  /// A pending build is canceled at once, of a compiling one it is requested, an ended one stays as it is.
  /// `errc::not_found`.
  result<build_info> cancel(std::string_view id, time now);

  /// Deleted ones are not found.
  result<std::optional<build_info>> find(std::string_view id);
  /// The report that `finish` was given; "" if there is none.
  result<std::string> report(std::string_view id);
  /// `page` counts from 1.
  result<build_page> list(std::string_view owner, std::uint64_t page, std::uint64_t page_size);
  /// What the owner's plan allows, and what is used of it.
  result<quota_report> quota(std::string_view owner, const plan_catalog& plans, time now);
  /// How many builds wait for a worker.
  result<std::uint64_t> pending();

  /// Soft delete. False: there is no such build (any more).
  result<bool> remove(std::string_view id, time now);
  /// Ended and pending builds past their time become `expired`, at most `limit`. How many there were.
  result<std::uint64_t> expire(time now, std::uint64_t limit);
  /// Builds that expired or were deleted `grace` ago or earlier, oldest first: remove their files, then `forget` them.
  result<std::vector<std::string>> due_for_removal(time now, std::chrono::seconds grace, std::uint64_t limit);
  /// Removes the rows of expired and deleted builds; others are left alone.
  result<void> forget(std::span<const std::string> ids);
  /// Those of `ids` that have a row, be they deleted or not.
  result<std::vector<std::string>> known(std::span<const std::string> ids);

  /// Facts about this installation; "" if not set.
  result<std::string> setting(std::string_view key);
  result<void> set_setting(std::string_view key, std::string_view value);

  /// Of a build during each of which its worker died. Enough that no series of crashes and restarts loses a build that
  /// was accepted; an end for one that takes its machine down with it, again and again.
  static constexpr int most_attempts = 10;

 private:
  std::shared_ptr<database> db_;
};

}  // namespace store
}  // namespace v0
}  // namespace texbuild
