#include "src/store/function_store.hpp"

#include "src/data/json_slice.hpp"
#include "src/store/rows.hpp"
#include "src/store/schema.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

// Of a task: what is to be done when it is due. With kinds other than `body` nothing runs.
enum kind : std::int64_t { body = 0, sleep = 1, wait_timeout = 2, invoke_timeout = 3 };

constexpr std::int64_t most_forgotten = 200;  // at once
constexpr int most_expired = 100;             // in one transaction: others want to write, too
constexpr const char* timed_out =
    R"({"error":{"name":"InvokeTimeoutError","message":"the invoked function took too long"}})";

/// What comes next is to be found out. If somebody is just at that, once more afterwards: they know less than we.
void wake(statements& s, const std::string& run, milliseconds now) {
  s.run(
      "INSERT INTO function_tasks (run, target, kind, due_at) VALUES ($1, '', 0, $2)"
      " ON CONFLICT (run, target) DO UPDATE SET again = 1",
      run, now);
}

bool is_recorded(statements& s, const std::string& run, const std::string& step) {
  return !s.run("SELECT 1 FROM function_steps WHERE run = $1 AND step = $2", run, step).empty();
}

/// The first value counts. Nothing waits for the step any more.
void record(statements& s, const std::string& run, const std::string& step, const std::string& value) {
  s.run("INSERT INTO function_steps (run, step, value) VALUES ($1, $2, $3) ON CONFLICT (run, step) DO NOTHING", run,
        step, value);
  s.run("DELETE FROM function_waits WHERE run = $1 AND step = $2", run, step);
  s.run("DELETE FROM function_tasks WHERE run = $1 AND target = $2", run, step);
}

void add_task(statements& s, const std::string& run, const std::string& step, kind what, milliseconds due) {
  s.run(
      "INSERT INTO function_tasks (run, target, kind, due_at) VALUES ($1, $2, $3, $4) ON CONFLICT (run, target) DO "
      "NOTHING",
      run, step, std::int64_t{what}, due);
}

void add_wait(statements& s, const std::string& run, const event_watch& watch, bool cancels) {
  s.run(
      "INSERT INTO function_waits (run, step, event, expression, cancels, until) VALUES ($1, $2, $3, $4, $5, $6)"
      " ON CONFLICT (run, step) DO NOTHING",
      run, watch.step, watch.event, watch.expression, std::int64_t{cancels ? 1 : 0}, watch.until);
}

void start(statements& s, const new_run& run, const std::string& event_id, const std::string& events,
           const std::string& parent, const std::string& parent_step, milliseconds now) {
  s.run(
      "INSERT INTO function_runs (id, function, event_id, events, created_at, parent, parent_step)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7)",
      run.id, run.function, event_id, events, now, parent, parent_step);
  for (const auto& watch : run.cancel) add_wait(s, run.id, watch, true);
  wake(s, run.id, now);
}

/// What an invoked function gives to the step that invoked it.
std::string given_to_parent(const settlement& how) {
  if (how.status == 1) return R"({"data":)" + how.output + "}";
  return R"({"error":{"name":)" + data::quoted(how.error_name) + R"(,"message":)" + data::quoted(how.error_message) +
         "}}";
}

/// False: it had ended before.
bool end(statements& s, const std::string& run, const settlement& how, milliseconds now) {
  const auto ended = s.run(
      "UPDATE function_runs SET status = $2, output = $3, error_name = $4, error_message = $5, ended_at = $6"
      " WHERE id = $1 AND status = 0 RETURNING parent, parent_step",
      run, std::int64_t{how.status}, how.output, how.error_name, how.error_message, now);
  if (ended.empty()) return false;
  s.run("DELETE FROM function_tasks WHERE run = $1", run);
  s.run("DELETE FROM function_waits WHERE run = $1", run);
  const auto& parent = ended.front().text(0);
  const auto& step = ended.front().text(1);
  // Whoever invoked it may have given up, or ended.
  if (parent.empty() || s.run("SELECT 1 FROM function_waits WHERE run = $1 AND step = $2", parent, step).empty())
    return true;
  record(s, parent, step, given_to_parent(how));
  wake(s, parent, now);
  return true;
}

/// Wakes and cancels runs. Those first that were there before the event.
void tell_waiting(statements& s, const new_event& event, const event_match& match, milliseconds now) {
  for (const auto& row : s.run("SELECT w.run, w.step, w.expression, w.cancels, w.until, r.events FROM function_waits w"
                               " JOIN function_runs r ON r.id = w.run WHERE w.event = $1 ORDER BY w.run, w.step",
                               event.name)) {
    if (row.integer(4) != 0 && row.integer(4) < now) continue;
    if (!match(row.text(2), row.text(5), event.body)) continue;
    // The event may have canceled the run on the way here.
    if (s.run("SELECT 1 FROM function_waits WHERE run = $1 AND step = $2", row.text(0), row.text(1)).empty()) continue;
    if (row.integer(3) != 0) {
      settlement canceled;
      canceled.status = 3;
      canceled.output = "null";
      canceled.error_name = "CanceledError";
      canceled.error_message = "the event " + event.name + " canceled the run";
      end(s, row.text(0), canceled, now);
    } else {
      record(s, row.text(0), row.text(1), event.body);
      wake(s, row.text(0), now);
    }
  }
}

void take_event(statements& s, const new_event& event, const event_match& match, milliseconds now) {
  if (s.run("INSERT INTO function_events (id, at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id", event.id,
            now)
          .empty())
    return;
  tell_waiting(s, event, match, now);
  for (const auto& run : event.starts) start(s, run, event.id, "[" + event.body + "]", "", "", now);
}

/// A sleep or a wait is over.
void expire(statements& s, const std::string& run, const std::string& step, std::int64_t what, milliseconds now) {
  record(s, run, step, what == kind::invoke_timeout ? timed_out : "null");
  wake(s, run, now);
}

/// Takes a task whose columns are `run, target, kind, attempts, claims`.
function_task take(statements& s, const sql_row& row, milliseconds until) {
  function_task t;
  t.run = row.text(0);
  t.target = row.text(1);
  t.attempt = static_cast<int>(row.integer(3));
  t.claims = static_cast<int>(row.integer(4)) + 1;
  // Numbered by the run: a task may go and come again, and an old lease must not fit the new one.
  const auto run = s.run(
      "UPDATE function_runs SET claims = claims + 1 WHERE id = $1 RETURNING function, event_id, events, claims", t.run);
  if (run.empty()) throw refused{error(errc::internal, "a task without a run", t.run)};
  t.function = run.front().text(0);
  t.event_id = run.front().text(1);
  t.events = run.front().text(2);
  t.fence = run.front().integer(3);
  for (const auto& step : s.run("SELECT step, value FROM function_steps WHERE run = $1", t.run))
    t.recorded.emplace_back(step.text(0), step.text(1));
  s.run(
      "UPDATE function_tasks SET fence = $4, claims = claims + 1, leased = 1, again = 0, due_at = $3"
      " WHERE run = $1 AND target = $2",
      t.run, t.target, until, t.fence);
  t.plan_only =
      !s.run("SELECT 1 FROM function_tasks WHERE run = $1 AND target <> '' AND kind = 0 LIMIT 1", t.run).empty();
  return t;
}

/// What a task found out: steps that are done, and steps to come.
void note_steps(statements& s, const function_task& task, const settlement& came, milliseconds now) {
  for (const auto& [step, value] : came.record) record(s, task.run, step, value);
  for (const auto& step : came.planned)
    if (!is_recorded(s, task.run, step)) add_task(s, task.run, step, kind::body, now);
  for (const auto& sleep : came.sleeps)
    if (!is_recorded(s, task.run, sleep.step)) add_task(s, task.run, sleep.step, kind::sleep, sleep.due);
  for (const auto& wait : came.waits) {
    if (is_recorded(s, task.run, wait.step)) continue;
    add_wait(s, task.run, wait, false);
    add_task(s, task.run, wait.step, kind::wait_timeout, wait.until);
  }
  for (const auto& invoke : came.invokes) {
    if (is_recorded(s, task.run, invoke.step)) continue;
    event_watch pending;  // for no event; tells that the other function is under way
    pending.step = invoke.step;
    if (!s.run("SELECT 1 FROM function_waits WHERE run = $1 AND step = $2", task.run, invoke.step).empty()) continue;
    add_wait(s, task.run, pending, false);
    if (invoke.due != 0) add_task(s, task.run, invoke.step, kind::invoke_timeout, invoke.due);
    start(s, invoke.run, invoke.event_id, invoke.events, task.run, invoke.step, now);
  }
}

/// What becomes of the task itself.
void move_on(statements& s, const function_task& task, const settlement& came, milliseconds now) {
  using next = settlement::next_step;
  if (came.next == next::retry || came.next == next::release) {
    s.run(
        "UPDATE function_tasks SET leased = 0, claims = 0, due_at = $3, attempts = attempts + $4"
        " WHERE run = $1 AND target = $2",
        task.run, task.target, came.due, std::int64_t{came.next == next::retry ? 1 : 0});
    return;
  }
  if (!task.target.empty()) {
    s.run("DELETE FROM function_tasks WHERE run = $1 AND target = $2", task.run, task.target);
    wake(s, task.run, now);
    return;
  }
  s.run("DELETE FROM function_tasks WHERE run = $1 AND target = '' AND (again = 0 AND $2 = 0)", task.run,
        std::int64_t{came.next == next::go_on ? 1 : 0});
  s.run(
      "UPDATE function_tasks SET leased = 0, claims = 0, attempts = 0, again = 0, due_at = $2"
      " WHERE run = $1 AND target = ''",
      task.run, now);
}

run_row run_from(const sql_row& row) {
  run_row r;
  r.id = row.text(0);
  r.function = row.text(1);
  r.event_id = row.text(2);
  r.status = static_cast<int>(row.integer(3));
  r.output = row.text(4);
  r.error_name = row.text(5);
  r.error_message = row.text(6);
  r.created_at = row.integer(7);
  r.ended_at = row.maybe_integer(8);
  return r;
}

constexpr const char* run_columns =
    "SELECT id, function, event_id, status, output, error_name, error_message, created_at, ended_at FROM "
    "function_runs ";

}  // namespace

result<void> function_store::migrate() { return store::migrate(*db_); }

result<void> function_store::send(const std::vector<new_event>& events, milliseconds now) {
  return writing(*db_, [&](statements& s) {
    for (const auto& event : events) take_event(s, event, match_, now);
  });
}

result<std::optional<function_task>> function_store::claim(milliseconds now, milliseconds lease) {
  // Most of the time nothing is due: that is seen without a lock on the database.
  const auto due = reading(*db_, [&](statements& s) {
    return !s.run("SELECT 1 FROM function_tasks WHERE due_at <= $1 LIMIT 1", now).empty();
  });
  if (!due) return due.error();
  if (!*due) return std::optional<function_task>();
  bool more = true;
  const auto next = [&](statements& s) -> std::optional<function_task> {
    more = false;
    for (int expired = 0; expired < most_expired; ++expired) {
      const auto rows = s.run(
          "SELECT run, target, kind, attempts, claims FROM function_tasks WHERE due_at <= $1"
          " ORDER BY due_at, run, target LIMIT 1",
          now);
      if (rows.empty()) return std::nullopt;
      const auto& row = rows.front();
      if (row.integer(2) != kind::body) {
        expire(s, row.text(0), row.text(1), row.integer(2), now);
        continue;
      }
      return take(s, row, now + lease);
    }
    more = true;
    return std::nullopt;
  };
  for (;;) {
    auto taken = writing(*db_, next);
    if (!taken || *taken || !more) return taken;
  }
}

result<bool> function_store::renew(const function_task& task, milliseconds until) {
  return writing(*db_, [&](statements& s) {
    return !s.run(
                 "UPDATE function_tasks SET due_at = $4 WHERE run = $1 AND target = $2 AND fence = $3 AND leased = 1"
                 " RETURNING run",
                 task.run, task.target, task.fence, until)
                .empty();
  });
}

result<settled> function_store::settle(const function_task& task, const settlement& came, milliseconds now,
                                       milliseconds lease) {
  return writing(*db_, [&](statements& s) {
    settled out;
    if (s.run("SELECT 1 FROM function_tasks WHERE run = $1 AND target = $2 AND fence = $3 AND leased = 1", task.run,
              task.target, task.fence)
            .empty())
      return out;
    if (came.next == settlement::next_step::end) {
      out.done = end(s, task.run, came, now);
      if (out.done && came.failed) take_event(s, *came.failed, match_, now);
      return out;
    }
    note_steps(s, task, came, now);
    move_on(s, task, came, now);
    out.done = true;
    if (lease == 0 || came.next != settlement::next_step::go_on) return out;
    const auto rows = s.run(
        "SELECT run, target, kind, attempts, claims FROM function_tasks WHERE run = $1 AND target = '' AND leased = 0"
        " AND due_at <= $2",
        task.run, now);
    if (!rows.empty()) out.next = take(s, rows.front(), now + lease);
    return out;
  });
}

result<std::optional<milliseconds>> function_store::next_due() {
  return reading(*db_, [&](statements& s) -> std::optional<milliseconds> {
    const auto rows = s.run("SELECT due_at FROM function_tasks ORDER BY due_at, run, target LIMIT 1");
    return rows.empty() ? std::nullopt : std::optional<milliseconds>(rows.front().integer(0));
  });
}

result<std::optional<run_row>> function_store::find_run(std::string_view id) {
  return reading(*db_, [&](statements& s) -> std::optional<run_row> {
    const auto rows = s.run(std::string(run_columns) + "WHERE id = $1", text(id));
    return rows.empty() ? std::nullopt : std::optional<run_row>(run_from(rows.front()));
  });
}

result<std::vector<run_row>> function_store::runs_of(std::string_view event_id) {
  return reading(*db_, [&](statements& s) {
    std::vector<run_row> out;
    for (const auto& row : s.run(std::string(run_columns) + "WHERE event_id = $1 ORDER BY id", text(event_id)))
      out.push_back(run_from(row));
    return out;
  });
}

result<bool> function_store::forget(milliseconds runs_before, milliseconds events_before) {
  const auto old = reading(*db_, [&](statements& s) {
    return !s.run("SELECT 1 FROM function_runs WHERE ended_at < $1 LIMIT 1", runs_before).empty() ||
           !s.run("SELECT 1 FROM function_events WHERE at < $1 LIMIT 1", events_before).empty();
  });
  if (!old) return old.error();
  if (!*old) return false;
  return writing(*db_, [&](statements& s) {
    const auto runs = s.run("SELECT id FROM function_runs WHERE ended_at < $1 ORDER BY ended_at LIMIT $2", runs_before,
                            most_forgotten);
    for (const auto& row : runs) {
      s.run("DELETE FROM function_steps WHERE run = $1", row.text(0));
      s.run("DELETE FROM function_runs WHERE id = $1", row.text(0));
    }
    s.run("DELETE FROM function_events WHERE id IN (SELECT id FROM function_events WHERE at < $1 ORDER BY at LIMIT $2)",
          events_before, most_forgotten);
    return true;
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
