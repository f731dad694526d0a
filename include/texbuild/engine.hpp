/// @file
/// The build engine: accepts projects, keeps them safe, runs TeX on them in sandboxes, keeps the results.
#pragma once

#include <texbuild/build.hpp>
#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>
#include <texbuild/process.hpp>
#include <texbuild/project.hpp>
#include <texbuild/quota.hpp>
#include <texbuild/retention.hpp>
#include <texbuild/warm_engines.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Settings of an engine.
struct engine_options {
  // What changes behaviour.
  std::filesystem::path data_folder;  ///< database and artifacts; empty: a temporary one, gone with the engine
  bool allow_shell_escape = false;    ///< where the owner's plan allows it too
  plan_catalog plans = plan_catalog::unlimited();
  retention_policy retention;
  process_limits limits;  ///< of one build: `wall` and `disk_bytes` hold for all its commands together
  project_limits project;
  std::uint64_t log_bytes = 10ULL << 20;         ///< kept of a log; the rest is cut, and a last line says so
  std::uint64_t least_free_bytes = 64ULL << 20;  ///< less free disk than this: `errc::insufficient_storage`
  int passes = 6;                                ///< of the TeX engine, at most
  /// Whether a build that is answered from an earlier result counts in its owner's month.
  bool count_cached = true;
  /// The time that documents see and PDFs carry, for builds that can be repeated byte by byte (SOURCE_DATE_EPOCH).
  std::optional<std::chrono::system_clock::time_point> source_date;

  // What changes speed.
  unsigned int workers = 0;              ///< builds at once; 0: one per processor
  std::filesystem::path cache_folder;    ///< fonts made once, shown to builds read-only; empty: in data_folder
  std::filesystem::path scratch_folder;  ///< where builds run; empty: in data_folder, or the system's temporary
  std::chrono::seconds lease{30};        ///< a worker silent for that long loses its job
  bool accept_only = false;              ///< take builds in, but run none here
  /// Programs are run in copies of ones that are already started (see warm_engines.hpp). Not with `environment`'s own
  /// process runner. They start when they are first wanted, or at once with `start_engines`.
  bool warm_engines = true;
  bool start_engines = false;
  /// Memory for copies of TeX that stay where a project's last build had read its preamble (see warm_options): a later
  /// build, if that has not changed, begins there. 0: none; not without `warm_engines`. Experimental: copies in the
  /// middle of a document do not take up every file that it was writing yet, such as an \include's .aux.
  std::uint64_t parked_bytes = 0;
  /// Results that may serve again: the same sources (names and contents), main file, engine, TeX Live and day (UTC) of
  /// the same owner are `completed` at once, with `cached`. Only good builds without shell escape, for as long as they
  /// are kept; above so many bytes the least recently used go first. 0: no result serves again.
  std::uint64_t result_cache_bytes = 2ULL << 30;
  /// Whether a build begins with the aux files of its project's last good build, so that an edit takes one pass. The
  /// result is the one without: what does not fit is thrown away, and the build begins again with nothing. (It may
  /// have had half of `limits.wall` until then, and has all of it again.)
  bool keep_state = true;

  engine_options() = default;
};

/// One page of a listing.
struct build_page {
  std::vector<build_info> builds;  ///< newest first
  std::uint64_t total = 0;         ///< of that owner, deleted ones left out
};

/// Figures of an engine, since it started unless said otherwise.
struct engine_stats {
  std::uint64_t accepted = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t canceled = 0;
  std::uint64_t passes = 0;
  std::uint64_t running = 0;                 ///< now, in this engine
  std::uint64_t pending = 0;                 ///< now, in the store
  std::uint64_t cached = 0;                  ///< answered from an earlier result
  std::uint64_t kept_state_used = 0;         ///< builds that went on from an earlier one's aux files
  std::uint64_t kept_state_thrown_away = 0;  ///< builds where these did not fit
  warm_stats warm;                           ///< of warm engines; all 0 without them
};

/// Keeps a handler subscribed to a build's events; ends the subscription when it dies. When the destructor returns, the
/// handler is not running and will not run again (unless it destroys its own subscription).
class TEXBUILD_API event_subscription {
 public:
  event_subscription() = default;
  struct impl;
  explicit event_subscription(std::shared_ptr<impl> state) : impl_(std::move(state)) {}
  event_subscription(event_subscription&&) noexcept = default;
  event_subscription& operator=(event_subscription&& other) noexcept;
  ~event_subscription();

 private:
  std::shared_ptr<impl> impl_;
};

/// A handle to a running engine; move-only. All functions may be called from any thread. Those without `async_` block
/// on the disk or on TeX: do not call them on an I/O thread. Destroying it stops the workers: running builds go back
/// to the queue (with a `data_folder`, the next engine on it runs them).
class TEXBUILD_API engine {
 public:
  /// An engine with defaults and a temporary data folder. Throws `boost::system::system_error` where `open` gives an
  /// error.
  engine();
  /// `errc::unavailable` (no sandbox, data folder not writable or of a newer version) or `errc::invalid_input`.
  static result<engine> open(const engine_options& options, environment parts = {});
  engine(engine&&) noexcept;
  engine& operator=(engine&&) noexcept;
  ~engine();

  /// Builds and waits. The outcome of a failed TeX run is an outcome; errors are refusals (see `submit`).
  result<build_outcome> build(const project& source, const build_request& request = {});

  /// Accepts a build: when this returns success, the build survives a crash. `errc::invalid_input` (main file),
  /// `errc::forbidden` (shell escape), `errc::insufficient_storage`, and those of `check_quota`.
  result<build_info> submit(const project& source, const build_request& request = {});
  /// The same for a ZIP on disk, which is checked as `project::from_zip` does and then moved into the store. On an
  /// error the file is left in place.
  result<build_info> submit_zip(const std::filesystem::path& zip, const build_request& request = {});
  /// Waits until the build has ended, at most `timeout`; then the outcome as it stands. `errc::not_found`.
  result<build_outcome> wait(std::string_view id, std::chrono::milliseconds timeout = std::chrono::hours(24));
  /// Stops a build. Ended ones stay as they are. `errc::not_found`.
  result<build_info> cancel(std::string_view id);

  /// The build as it stands. `errc::not_found`, also for a deleted one.
  result<build_info> find(std::string_view id);
  /// The build with diagnostics and artifacts. An expired one has no artifacts.
  result<build_outcome> outcome(std::string_view id);
  /// Builds of one owner; `page` counts from 1, `page_size` is 1 … 100 (`errc::invalid_input`).
  result<build_page> list(std::string_view owner, std::uint64_t page, std::uint64_t page_size);
  /// Opens "pdf", "synctex", "log" or the name of an output. `errc::not_found`, `errc::gone` when expired.
  result<artifact> open_artifact(std::string_view id, std::string_view resource);
  /// Soft delete: gone from every listing at once; a running build is stopped; files go after the grace period.
  result<void> remove(std::string_view id);

  /// Calls `handler` for each event of a build after number `after`, from the ones still remembered on (the newest
  /// 1 000 while it runs). On the engine's loop: return quickly. For an ended build: one status event.
  result<event_subscription> events(std::string_view id, std::uint64_t after,
                                    std::function<void(const build_event&)> handler);

  /// Makes sure that there is a row for this owner.
  result<void> remember_owner(std::string_view owner);
  /// What the owner's plan allows, and what is used of it.
  result<quota_report> quota(std::string_view owner);
  engine_stats stats() const;
  /// Where builds are kept, for parts of the library that work on the same users, such as `billing`.
  std::shared_ptr<database> shared_database() const;
  /// Expires, removes, takes back. Runs by itself at the start and every minute; public for tests and tools.
  result<sweep_report> sweep();
  /// Whether the disk has room for an upload of that many bytes and what it unpacks to; for asking before the bytes
  /// come. `errc::insufficient_storage`. Does not block for long.
  result<void> has_room(std::uint64_t upload_bytes) const;
  /// Whether `submit` would take a build of this owner now; for asking before the bytes come. The errors of `has_room`
  /// and `check_quota`. `submit` asks again, in one step with taking.
  result<void> admits(std::string_view owner, std::uint64_t upload_bytes);
  /// Whether the store can be written and TeX is there; the error says what is wrong.
  result<void> ready();
  /// Makes the shared font cache (luaotfload's names and fonts) and starts the warm engines, so that no build pays for
  /// them. Takes up to minutes the first time, a second later. `progress` is called on the calling thread with the name
  /// of each program before it starts, not at all when the cache is there. `errc::canceled` after `stop`.
  result<void> warm(const std::function<void(std::string_view)>& progress = {}, std::stop_token stop = {});
  /// Stops taking jobs and waits for the running ones; what still runs after `patience` goes back to the queue.
  void drain(std::chrono::milliseconds patience);

  /// The asynchronous forms. The token may be a callback, `use_awaitable`, `use_future`, …; handlers never run inline
  /// and are delivered on their own executor. Canceling the wait never cancels the build.
  template <class Token>
  auto async_build(project source, build_request request, Token&& token) {
    return boost::asio::async_initiate<Token, void(result<build_outcome>)>(
        [this](auto handler, project p, build_request r) {
          start_build(std::move(p), std::move(r), std::move(handler));
        },
        token, std::move(source), std::move(request));
  }
  template <class Token>
  auto async_wait(std::string id, Token&& token) {
    return boost::asio::async_initiate<Token, void(result<build_outcome>)>(
        [this](auto handler, std::string i) { start_wait(std::move(i), std::move(handler)); }, token, std::move(id));
  }

  struct impl;

 private:
  using outcome_handler = boost::asio::any_completion_handler<void(result<build_outcome>)>;
  explicit engine(std::shared_ptr<impl> state);
  void start_build(project source, build_request request, outcome_handler done);
  void start_wait(std::string id, outcome_handler done);
  std::shared_ptr<impl> impl_;
};

}  // namespace v0
}  // namespace texbuild
