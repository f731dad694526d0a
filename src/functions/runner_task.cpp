// One task of the runner: the body is called, and what came of it becomes what is to be stored.
#include "src/functions/runner_impl.hpp"

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace {

using namespace functions;
using next = store::settlement::next_step;
using outcome_kind = execution_outcome::kind;

/// A task that was taken so often without an end ends the process, or the machine is too slow for it.
constexpr int most_claims = 25;

/// A function of another version of the program, which may run somewhere else.
constexpr std::int64_t unknown_function = 60'000;

std::string wrapped(const json_text& value) { return R"({"data":)" + value.text() + "}"; }

json_text error_json(const failure& why) { return json_text::object({{"name", why.name}, {"message", why.message}}); }

std::string wrapped(const failure& why) { return json_text::object({{"error", error_json(why)}}).text(); }

failure because(const std::string& message) {
  failure why;
  why.name = "Error";
  why.message = message;
  why.final = true;
  return why;
}

execution_call call_of(const store::function_task& task, const durable_function& f, const std::stop_token& stop) {
  execution_call call;
  call.run_id = task.run;
  call.events = json_text::parse(task.events).value().elements();
  for (const auto& [step, value] : task.recorded) call.steps.emplace(step, json_text::parse(value).value());
  call.attempt = task.attempt;
  call.max_attempts = static_cast<int>(f.options.retries.value_or(4)) + 1;
  call.plan_only = task.plan_only;
  call.target = task.target;
  call.stopping = stop;
  return call;
}

}  // namespace

function_runner::impl::holding::holding(impl& of, const store::function_task& task) : of_(of) {
  const std::scoped_lock guard(of_.mutex);
  place_ = of_.leases.insert(of_.leases.end(), task);
}

function_runner::impl::holding::~holding() {
  const std::scoped_lock guard(of_.mutex);
  of_.leases.erase(place_);
  of_.changed.notify_all();
}

result<void> function_runner::impl::renew() {
  std::vector<store::function_task> held;
  {
    const std::scoped_lock guard(mutex);
    held.assign(leases.begin(), leases.end());
  }
  for (const auto& task : held)
    if (const auto kept = rows.renew(task, now() + options.lease.count()); !kept) return kept.error();
  return {};
}

bool function_runner::impl::busy(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex);
  return !changed.wait_for(lock, wait, [&] { return leases.empty(); });
}

store::settlement function_runner::impl::carry_out(const store::function_task& task, const std::stop_token& stop) {
  const auto* function = host.find(task.function);
  if (function == nullptr) {
    store::settlement later;
    later.next = next::release;
    later.due = now() + unknown_function;
    return later;
  }
  const auto call = call_of(task, *function, stop);
  if (task.claims > most_claims)
    return failed(task, because("the process ended again and again while this ran"), call.events.front());
  const auto outcome = execute(function->body, call, [this](const auto& events) { return send(events); });
  const bool went_wrong =
      outcome.what == outcome_kind::failed ||
      std::any_of(outcome.ops.begin(), outcome.ops.end(), [](const step_op& op) { return op.kind == op_kind::failed; });
  if (stop.stop_requested() && went_wrong) {  // whoever is asked to stop may fail of it
    store::settlement later;
    later.next = next::release;
    later.due = now();
    return later;
  }
  return judge(task, *function, outcome, call.events.front());
}

store::settlement function_runner::impl::try_again(const store::function_task& task, const failure& why) const {
  store::settlement out;
  out.next = next::retry;
  const auto& delays = options.retry_delays;
  const auto delay = delays[std::min(static_cast<std::size_t>(task.attempt), delays.size() - 1)];
  out.due = now() + (why.after ? std::chrono::milliseconds(*why.after) : delay).count();
  return out;
}

store::settlement function_runner::impl::failed(const store::function_task& task, const failure& why,
                                                const json_text& event) const {
  store::settlement out;
  out.next = next::end;
  out.status = static_cast<int>(run_status::failed);
  out.output = "null";
  out.error_name = why.name;
  out.error_message = why.message;
  if (event.find("/name") == json_text("inngest/function.failed")) return out;  // else it might go on for ever
  const auto id = "failed-" + task.run;
  const auto body = json_text::object({{"id", id},
                                       {"name", "inngest/function.failed"},
                                       {"data", json_text::object({{"error", error_json(why)},
                                                                   {"event", event},
                                                                   {"events", json_text::parse(task.events).value()},
                                                                   {"function_id", task.function},
                                                                   {"run_id", task.run}})},
                                       {"ts", now()}});
  auto told = stored(id, "inngest/function.failed", body);
  if (!told.starts.empty()) out.failed = std::move(told);
  return out;
}

void function_runner::impl::plan(store::settlement& to, const step_op& op) const {
  switch (op.kind) {
    case op_kind::ran:
      to.record.emplace_back(op.hash, wrapped(op.data));
      break;
    case op_kind::failed:
      to.record.emplace_back(op.hash, wrapped(op.why));
      break;
    case op_kind::planned:
      to.planned.push_back(op.hash);
      break;
    case op_kind::sleep: {
      const auto until =
          op.until ? std::chrono::floor<std::chrono::milliseconds>(op.until->time_since_epoch()).count() : 0;
      to.sleeps.push_back({op.hash, op.until ? until : now() + op.duration.count()});
      break;
    }
    case op_kind::wait: {
      const auto good = expression::parse(op.wait.expression);
      if (!good) {
        to.record.emplace_back(op.hash, wrapped(because(good.error().detail())));
        break;
      }
      store::event_watch watch;
      watch.step = op.hash;
      watch.event = op.wait.event;
      watch.expression = op.wait.expression;
      watch.until = now() + op.wait.timeout.count();
      to.waits.push_back(std::move(watch));
      break;
    }
    case op_kind::invoke: {
      const auto* other = host.find(host.app_id() + "-" + op.function);
      if (other == nullptr) {
        to.record.emplace_back(op.hash, wrapped(because("there is no function " + op.function)));
        break;
      }
      store::settlement::child child;
      child.step = op.hash;
      child.run = run_of(*other);
      child.event_id = new_id("evt_");
      const auto body = json_text::object(
          {{"id", child.event_id}, {"name", "inngest/function.invoked"}, {"data", op.data}, {"ts", now()}});
      child.events = json_text::array({body}).text();
      if (op.timeout) child.due = now() + op.timeout->count();
      to.invokes.push_back(std::move(child));
      break;
    }
  }
}

store::settlement function_runner::impl::judge(const store::function_task& task, const durable_function& f,
                                               const execution_outcome& outcome, const json_text& event) const {
  store::settlement out;
  switch (outcome.what) {
    case outcome_kind::finished:
      out.next = next::end;
      out.status = static_cast<int>(run_status::completed);
      out.output = outcome.value.text();
      return out;
    case outcome_kind::failed:
      return outcome.why.final ? failed(task, outcome.why, event) : try_again(task, outcome.why);
    case outcome_kind::no_target: {
      // The body does not take the same way each time.
      const auto why = because("the step that was planned was not met again");
      return task.attempt >= static_cast<int>(f.options.retries.value_or(4)) ? failed(task, why, event)
                                                                             : try_again(task, why);
    }
    case outcome_kind::stopped:
      break;
  }
  for (const auto& op : outcome.ops) {
    if (op.kind == op_kind::failed && !op.why.final) return try_again(task, op.why);
    plan(out, op);
  }
  out.next = out.record.empty() ? next::wait : next::go_on;
  return out;
}

}  // namespace v0
}  // namespace texbuild
