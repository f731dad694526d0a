/// @file
/// Runs durable functions over a database of yours: no other service, and nothing is lost when the process is killed.
///
/// What a step gave is recorded in the transaction that queues what comes next, under the run and the step's place in
/// it: no step is recorded twice, and a run ends once. Workers hold steps by lease, so that any number of processes may
/// work on one database; one that dies loses its leases, and another goes on.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/functions.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Settings of a runner.
struct function_runner_options {
  unsigned workers = 4;  ///< steps at the same time, in `work`
  /// Before the second attempt of a step, the third, …; the last one counts for all that follow. With these, three
  /// attempts are over in 40 seconds, plus what they take themselves.
  std::vector<std::chrono::milliseconds> retry_delays = {std::chrono::seconds(10), std::chrono::seconds(30),
                                                         std::chrono::minutes(1), std::chrono::minutes(2),
                                                         std::chrono::minutes(5)};
  /// How long a step of a process that died stays undone. `work` renews it while a body runs; `run_due` does not.
  std::chrono::milliseconds lease{std::chrono::seconds(30)};
  std::chrono::milliseconds poll{500};     ///< how often others' events are looked for
  std::chrono::hours keep_runs{7 * 24};    ///< after their end
  std::chrono::hours keep_events{7 * 24};  ///< their ids: for so long a second event with the same id starts nothing

  function_runner_options() = default;
};

enum class run_status { running = 0, completed = 1, failed = 2, canceled = 3 };

/// What is known of a run.
struct recorded_run {
  std::string id;
  std::string function;  ///< its id in the host, without the app's
  std::string event_id;
  run_status status = run_status::running;
  json_text output;           ///< of one that is completed
  std::string error_name;     ///< of one that failed
  std::string error_message;  ///< of one that failed
  std::chrono::system_clock::time_point created_at;
  std::optional<std::chrono::system_clock::time_point> ended_at;

  recorded_run() = default;
};

/// A host's functions over one database. Thread safe. Every method blocks on the database.
class TEXBUILD_API function_runner final : public event_sink {
 public:
  /// `parts` has to have `db`. `errc::invalid_input` names what this runner does not do: triggers by time, limits other
  /// than retries and `cancel_on`, expressions beyond comparisons of paths and literals with && || ! and parentheses.
  static result<function_runner> open(function_host host, function_runner_options options, environment parts);
  function_runner(function_runner&&) noexcept;
  function_runner& operator=(function_runner&&) noexcept;
  ~function_runner() override;

  /// Stored, with the runs that the events start, when this returns.
  result<std::vector<std::string>> send(const std::vector<function_event>& events) override;

  /// Runs what is due, on `workers` threads of its own, until `stop`; the caller's thread keeps the leases. After
  /// `stop` it returns when the bodies that run have ended; they see it in `function_run::stopping`. An error of the
  /// database ends it too: call it again.
  result<void> work(const std::stop_token& stop);
  /// Runs what is due on this thread until nothing is; how many calls of bodies that were. For tests, and for hosts
  /// with a loop of their own.
  result<std::uint64_t> run_due(const std::stop_token& stop = {});
  /// When the next thing is due.
  result<std::optional<std::chrono::system_clock::time_point>> next_due();

  result<std::optional<recorded_run>> find_run(std::string_view id);
  /// That an event started, in the order of their ids.
  result<std::vector<recorded_run>> runs_of(std::string_view event_id);

  struct impl;

 private:
  explicit function_runner(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace v0
}  // namespace texbuild
