#include "src/functions/execution.hpp"

#include "src/crypto/digest.hpp"
#include "src/crypto/hmac.hpp"
#include "src/data/json_slice.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace {

using namespace functions;

/// Ends a call at a step that is not done. Not derived from anything that user code catches by name.
struct suspended {};

/// What is recorded of a step, if it is done.
struct memo {
  json_text value;
  std::optional<failure> why;
};

failure failure_from(const json_text& recorded) {
  failure why;
  why.name = recorded.find("/name").value_or(json_text()).as_text().value_or("Error");
  why.message = recorded.find("/message")
                    .value_or(json_text())
                    .as_text()
                    .value_or(recorded.as_text().value_or("the step failed"));
  return why;
}

/// {"data": …} and {"error": …} are wrappers when there is nothing else in them but "type"; an event that was waited
/// for has "data" too. Nothing for {"input": …}: the step is to run.
std::optional<memo> unwrap(const json_text& recorded) {
  auto parts = recorded.members();
  std::erase_if(parts, [](const auto& m) { return m.first == "type"; });
  if (parts.size() != 1) return memo{recorded, {}};
  auto& [name, value] = parts.front();
  if (name == "data") return memo{std::move(value), {}};
  if (name == "error") return memo{{}, failure_from(value)};
  if (name == "input") return std::nullopt;
  return memo{recorded, {}};
}

/// As long as Inngest waits.
std::chrono::milliseconds within(std::chrono::milliseconds duration, std::chrono::milliseconds shortest) {
  return std::clamp<std::chrono::milliseconds>(duration, shortest, std::chrono::hours(366 * 24));
}

void check_size(const json_text& value) {
  if (value.text().size() > longest_value)
    throw non_retriable_error("what was given back is longer than " + std::to_string(longest_value) + " bytes");
  if (!data::check_json(value.text(), deepest_value))
    throw non_retriable_error("what was given back is nested more than " + std::to_string(deepest_value) + " deep");
}

/// What the exception means that is being handled. `inside`: thrown by a step, not by the function around it.
failure describe(const std::exception_ptr& thrown, bool inside) {
  failure why;
  why.name = "Error";
  try {
    std::rethrow_exception(thrown);
  } catch (const step_error& e) {
    why.name = e.name();
    why.message = e.what();
    why.final = !inside;  // the step has had all its attempts
  } catch (const non_retriable_error& e) {
    why.name = "NonRetriableError";
    why.message = e.what();
    why.final = true;
  } catch (const retry_after_error& e) {
    why.name = "RetryAfterError";
    why.message = e.what();
    why.after = std::clamp<std::chrono::seconds>(e.after(), std::chrono::seconds(1), std::chrono::hours(24));
  } catch (const std::exception& e) {
    why.message = e.what();
  } catch (...) {
    why.message = "something was thrown that is no std::exception";
  }
  return why;
}

}  // namespace

/// The state of one pass through the body.
struct function_run::impl {
  impl(const execution_call& c, const event_sender& s, std::string_view t) : call(c), send(s), target(t) {}

  const execution_call& call;
  const event_sender& send;
  std::string_view target;

  std::vector<step_op> met;  // steps that are not done
  bool ran = false;          // the one step of this pass; it is the last of `met`
  bool inside = false;       // a step's body is running
  bool unwinding = false;    // on the way out; tells that user code swallowed it
  unsigned depth = 0;        // of branches
  std::string running;       // the hash of the step that ran
  std::size_t count = 0;
  std::set<std::string, std::less<>> used;
  std::map<std::string, unsigned, std::less<>> repeats;

  [[noreturn]] void suspend() {
    unwinding = true;
    throw suspended{};
  }

  void refuse_inside() const {
    if (inside) throw non_retriable_error("there is a step inside of a step; steps follow one another");
  }

  /// The hash of the step that begins here.
  std::string enter(std::string_view id) {
    refuse_inside();
    if (unwinding) throw suspended{};
    if (++count > most_steps) throw non_retriable_error("a run has at most " + std::to_string(most_steps) + " steps");
    std::string name(id);
    if (used.contains(name)) {
      auto& next = repeats.try_emplace(name, 1U).first->second;
      do {
        name = std::string(id) + ":" + std::to_string(next++);
      } while (used.contains(name));
    }
    used.insert(name);
    return step_hash(name);
  }

  [[nodiscard]] std::optional<memo> recorded(const std::string& hash) const {
    const auto found = call.steps.find(hash);
    return found == call.steps.end() ? std::nullopt : unwrap(found->second);
  }

  /// What is recorded, or out of here with this op.
  json_text memo_or(step_op op) {
    if (const auto known = recorded(op.hash)) return given(*known);
    if (!ran) met.push_back(std::move(op));
    suspend();
  }

  static json_text given(const memo& known) {
    if (known.why) throw step_error(known.why->name, known.why->message);
    return known.value;
  }

  /// Outside of branches nothing else can be met, so that a new step runs at once, on the stack that is there.
  [[nodiscard]] bool may_run(const std::string& hash) const {
    if (ran) return false;
    return target.empty() ? depth == 0 && met.empty() && !call.plan_only : target == hash;
  }

  void carry_out(step_op& op, const std::function<json_text()>& body) {
    ran = true;
    inside = true;
    running = op.hash;
    try {
      op.data = body();
      op.kind = op_kind::ran;
      check_size(op.data);
    } catch (...) {
      op.kind = op_kind::failed;
      op.why = describe(std::current_exception(), true);
      if (call.max_attempts && call.attempt + 1 >= *call.max_attempts) op.why.final = true;
    }
    inside = false;
  }
};

const json_text& function_run::event() const noexcept { return impl_.call.events.front(); }
const std::vector<json_text>& function_run::events() const noexcept { return impl_.call.events; }
const std::string& function_run::run_id() const noexcept { return impl_.call.run_id; }
int function_run::attempt() const noexcept { return impl_.call.attempt; }
const std::stop_token& function_run::stopping() const noexcept { return impl_.call.stopping; }

json_text function_run::data(std::string_view pointer) const {
  return event().find("/data" + std::string(pointer)).value_or(json_text());
}

json_text function_run::run_step(std::string_view id, const std::function<json_text()>& body) {
  step_op op;
  op.hash = impl_.enter(id);
  op.id = id;
  if (!impl_.may_run(op.hash) || impl_.recorded(op.hash)) return impl_.memo_or(std::move(op));
  impl_.carry_out(op, body);
  impl_.met.push_back(std::move(op));
  impl_.suspend();
}

void function_run::sleep(std::string_view id, std::chrono::milliseconds duration) {
  step_op op;
  op.hash = impl_.enter(id);
  op.id = id;
  op.kind = op_kind::sleep;
  op.duration = within(duration, std::chrono::milliseconds(0));
  impl_.memo_or(std::move(op));
}

void function_run::sleep_until(std::string_view id, std::chrono::system_clock::time_point time) {
  step_op op;
  op.hash = impl_.enter(id);
  op.id = id;
  op.kind = op_kind::sleep;
  op.until = time;
  impl_.memo_or(std::move(op));
}

std::optional<json_text> function_run::wait_for_event(std::string_view id, const event_wait& what) {
  step_op op;
  op.hash = impl_.enter(id);
  op.id = id;
  op.kind = op_kind::wait;
  op.wait = what;
  op.wait.timeout = within(what.timeout, std::chrono::milliseconds(1));
  auto come = impl_.memo_or(std::move(op));
  return come.is_null() ? std::nullopt : std::optional<json_text>(std::move(come));
}

json_text function_run::invoke(std::string_view id, std::string_view function, const json_text& data,
                               std::optional<std::chrono::milliseconds> timeout) {
  check_size(data);
  step_op op;
  op.hash = impl_.enter(id);
  op.id = id;
  op.kind = op_kind::invoke;
  op.function = function;
  op.data = data;
  if (timeout) op.timeout = within(*timeout, std::chrono::milliseconds(1));
  return impl_.memo_or(std::move(op));
}

std::vector<std::string> function_run::send(std::string_view id, std::vector<function_event> events) {
  const auto sent = run_step(id, [&] {
    // The step's place in the run makes the ids, so that sending again after a crash sends the same events.
    for (std::size_t i = 0; i < events.size(); ++i)
      if (events[i].id.empty()) events[i].id = run_id() + "-" + impl_.running.substr(0, 16) + "-" + std::to_string(i);
    const auto ids = impl_.send(events);
    if (!ids && ids.error().code() == errc::invalid_input) throw non_retriable_error(ids.error().detail());
    if (!ids) throw std::runtime_error("the events could not be sent: " + ids.error().detail());
    std::vector<json_text> all(ids->begin(), ids->end());
    return json_text::object({{"ids", json_text::array(all)}});
  });
  std::vector<std::string> ids;
  for (const auto& one : sent.find("/ids").value_or(json_text()).elements()) ids.push_back(one.as_text().value_or(""));
  return ids;
}

void function_run::run_branches(const std::vector<std::function<void()>>& branches) {
  impl_.refuse_inside();
  if (impl_.unwinding) throw suspended{};
  bool stopped = false;
  std::exception_ptr first;
  ++impl_.depth;
  for (const auto& branch : branches) {
    try {
      branch();
    } catch (...) {  // also `suspended`, which `unwinding` tells
      if (!impl_.unwinding && !first) first = std::current_exception();
    }
    stopped |= std::exchange(impl_.unwinding, false);
    if (impl_.ran) break;
  }
  --impl_.depth;
  if (stopped) impl_.suspend();
  if (first) std::rethrow_exception(first);
}

namespace functions {
namespace {

using outcome_kind = execution_outcome::kind;

execution_outcome one_pass(const function_body& body, const execution_call& call, const event_sender& send,
                           std::string_view target) {
  function_run::impl state(call, send, target);
  function_run run(state);
  execution_outcome out;
  try {
    out.value = body(run);
    if (!state.unwinding) check_size(out.value);
  } catch (...) {
    if (!state.unwinding) {
      out.what = outcome_kind::failed;
      out.why = describe(std::current_exception(), false);
      if (call.max_attempts && call.attempt + 1 >= *call.max_attempts) out.why.final = true;
    }
  }
  if (state.unwinding) out.what = outcome_kind::stopped;
  if (target.empty()) {
    out.ops = std::move(state.met);
    return out;
  }
  const auto it =
      std::find_if(state.met.begin(), state.met.end(), [&](const step_op& op) { return op.hash == target; });
  if (it == state.met.end()) {
    out.what = outcome_kind::no_target;
    out.ops = std::move(state.met);
  } else {
    out.ops.push_back(std::move(*it));
  }
  return out;
}

}  // namespace

execution_outcome execute(const function_body& body, const execution_call& call, const event_sender& send) {
  const auto known = call.steps.find(call.target);
  // A step whose input was rewritten is there, but it has not run yet.
  const bool done = known != call.steps.end() && unwrap(known->second);
  if (!call.target.empty() && !done) return one_pass(body, call, send, call.target);
  if (!call.target.empty()) {  // done by another: what comes next is told, and nothing runs
    auto plan = call;
    plan.plan_only = true;
    return one_pass(body, plan, send, {});
  }
  auto out = one_pass(body, call, send, {});
  // The only new step was met in a branch, whose stack is gone by now: once more, to where it runs.
  if (out.what == outcome_kind::stopped && out.ops.size() == 1 && out.ops.front().kind == op_kind::planned &&
      !call.plan_only)
    out = one_pass(body, call, send, std::string(out.ops.front().hash));
  return out;
}

std::string step_hash(std::string_view id) { return crypto::hex(crypto::sha1(id)); }

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
