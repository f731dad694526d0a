// The state behind `engine`: the parts, the workers, the timers. One object per engine, shared with what it has posted.
#pragma once

#include "src/build/event_hub.hpp"
#include "src/build/job_runner.hpp"
#include "src/build/wait_operation.hpp"
#include "src/files/file_tree.hpp"
#include "src/store/build_store.hpp"

#include <texbuild/engine.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace texbuild {
inline namespace v0 {

/// Thread safe. Members without a lock are set in `open` and never again.
struct engine::impl : std::enable_shared_from_this<engine::impl> {
  /// Makes what `parts` lacks, brings the store up to date and starts the workers.
  static result<std::shared_ptr<impl>> open(const engine_options& options, environment parts);
  impl(engine_options options, environment parts);
  ~impl();

  result<build_info> submit(const project& source, const build_request& request, const std::filesystem::path* movable);
  /// Answers the build from an earlier result, if there is one.
  result<std::optional<build_info>> serve_earlier(const project& source, store::new_build& row);
  result<build_outcome> wait(std::string_view id, std::chrono::milliseconds timeout);
  result<build_info> find(std::string_view id);
  result<build_outcome> outcome(std::string_view id);
  result<artifact> open_artifact(std::string_view id, std::string_view resource);
  result<build_info> cancel(std::string_view id);
  result<void> remove(std::string_view id);
  result<sweep_report> sweep();
  result<std::uint64_t> sweep_orphans();
  result<void> ready();
  result<void> check_space(std::uint64_t upload) const;
  result<void> warm(const std::function<void(std::string_view)>& progress, std::stop_token stop);
  void drain(std::chrono::milliseconds patience);
  /// `drain(0)` and the end of our own threads.
  void shut_down();

  /// Completes `op` when the build has ended.
  void watch_end(const std::string& id, const std::shared_ptr<build::wait_operation>& op);

  /// One more worker, if there is one to spare: something may wait in the queue.
  void wake();

  engine_options options;
  environment parts;
  std::filesystem::path scratch;                         // of this engine alone
  std::shared_ptr<texbuild::warm_engines> warm_engines;  // also in `parts.processes`; or empty
  std::filesystem::path cache;
  descriptor lock;                  // on the data folder: one engine per folder
  std::filesystem::path temporary;  // data folder to remove at the end; or empty
  std::optional<boost::asio::thread_pool> own_threads;
  boost::asio::any_io_executor pool;
  boost::asio::strand<boost::asio::any_io_executor> loop;
  std::unique_ptr<store::build_store> builds;
  std::shared_ptr<build::event_hub> events;
  std::string worker_name;
  std::chrono::system_clock::time_point started;
  std::unique_ptr<build::worker_parts> worker;

  mutable std::mutex mutex;
  std::condition_variable idle;  // a running build has ended
  std::map<std::string, std::shared_ptr<build::running_build>, std::less<>> running;
  unsigned workers_busy = 0;  // posted or at work
  std::uint64_t wakes = 0;
  bool stopping = false;  // no more builds are begun
  bool down = false;      // nobody is waited for any more
  engine_stats counted;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> timers;
  std::vector<std::shared_ptr<build::wait_operation>> waits;
  std::chrono::steady_clock::time_point found_tex;  // when `ready` last saw it

 private:
  void work();
  void run(const store::claimed_build& claimed);
  void every(std::chrono::milliseconds pause, void (impl::*what)());
  void renew_leases();
  void sweep_now();
  void sweep_orphans_now();
  std::string new_id() const;
  /// How ids of builds accepted at that time begin; they sort by it, to the millisecond.
  static std::string id_at(std::chrono::system_clock::time_point t);
};

}  // namespace v0
}  // namespace texbuild
