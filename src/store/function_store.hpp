// Durable functions: runs, what their steps gave, and what is to be done next. Every method is one transaction. Times
// are milliseconds since 1970. Blocks on the disk: call it from a pool.
#pragma once

#include <texbuild/database.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace store {

using milliseconds = std::int64_t;

/// An event that wakes a run.
struct event_watch {
  std::string step;        ///< hash
  std::string event;       ///< its name
  std::string expression;  ///< "" for any
  milliseconds until = 0;  ///< 0: for ever
};

/// A run to be.
struct new_run {
  std::string id;
  std::string function;
  std::vector<event_watch> cancel;  ///< what cancels it; `step` is made up
};

struct new_event {
  std::string id;
  std::string name;
  std::string body;  ///< JSON
  std::vector<new_run> starts;
};

/// What somebody has to do. Until the lease is over nobody else does it.
struct function_task {
  std::string run;
  std::string target;      ///< hash of the step to run; "": find out what comes next
  std::int64_t fence = 0;  ///< proves to `settle` that nobody else took it since
  int attempt = 0;         ///< from 0
  int claims = 0;          ///< how often it was taken without being settled, this time included
  bool plan_only = false;  ///< other steps of the run are being done
  std::string function;
  std::string event_id;
  std::string events;                                         ///< JSON array
  std::vector<std::pair<std::string, std::string>> recorded;  ///< hash and JSON
};

/// What came of a task.
struct settlement {
  enum class next_step {
    go_on,    ///< what comes next is to be found out at once
    wait,     ///< for the steps that are under way
    retry,    ///< the same again, at `due`
    release,  ///< the same again, as if it had not been taken
    end,      ///< the run has ended, as `status` says
  };
  struct timer {
    std::string step;
    milliseconds due = 0;
  };
  struct child {
    std::string step;
    new_run run;
    std::string event_id;
    std::string events;
    milliseconds due = 0;  ///< 0: no time-out
  };

  next_step next = next_step::wait;
  milliseconds due = 0;
  std::vector<std::pair<std::string, std::string>> record;  ///< steps that are done: hash and JSON
  std::vector<std::string> planned;
  std::vector<timer> sleeps;
  std::vector<event_watch> waits;
  std::vector<child> invokes;
  int status = 0;      ///< of `end`; as `run_status`
  std::string output;  ///< JSON
  std::string error_name;
  std::string error_message;
  std::optional<new_event> failed;  ///< told when the run has failed
};

struct settled {
  bool done = false;                  ///< else it was another's by then, and nothing was done
  std::optional<function_task> next;  ///< what is to be done now
};

struct run_row {
  std::string id;
  std::string function;
  std::string event_id;
  int status = 0;
  std::string output;
  std::string error_name;
  std::string error_message;
  milliseconds created_at = 0;
  std::optional<milliseconds> ended_at;
};

/// Whether the expression holds for the events of a run (a JSON array) and an event that has come.
using event_match =
    std::function<bool(const std::string& expression, const std::string& events, const std::string& come)>;

class function_store {
 public:
  function_store(std::shared_ptr<database> db, event_match match) : db_(std::move(db)), match_(std::move(match)) {}
  result<void> migrate();

  /// Starts runs and wakes those that wait, but for events whose id was there before.
  result<void> send(const std::vector<new_event>& events, milliseconds now);
  /// What is due for longest. Sleeps and time-outs that are over are recorded on the way.
  result<std::optional<function_task>> claim(milliseconds now, milliseconds lease);
  /// False: it is another's by now.
  result<bool> renew(const function_task& task, milliseconds until);
  /// With a lease, a run that goes on is taken again at once.
  result<settled> settle(const function_task& task, const settlement& came, milliseconds now, milliseconds lease = 0);

  result<std::optional<milliseconds>> next_due();
  result<std::optional<run_row>> find_run(std::string_view id);
  result<std::vector<run_row>> runs_of(std::string_view event_id);
  /// Removes some runs that ended, and ids of events that came, before these times; whether there
  /// may be more.
  result<bool> forget(milliseconds runs_before, milliseconds events_before);

 private:
  std::shared_ptr<database> db_;
  event_match match_;
};

}  // namespace store
}  // namespace v0
}  // namespace texbuild
