#include "src/functions/inngest_call.hpp"

#include "src/data/json_slice.hpp"
#include "src/functions/time_text.hpp"

#include <algorithm>
#include <map>

namespace texbuild {
inline namespace v0 {
namespace functions {
namespace {

using parts = std::map<std::string, std::string_view, std::less<>>;

parts parts_of(std::string_view object) {
  auto all = data::members(object);
  return {std::make_move_iterator(all.begin()), std::make_move_iterator(all.end())};
}

/// A member, or null.
json_text value(const parts& in, std::string_view name) {
  const auto found = in.find(name);
  return found == in.end() ? json_text() : json_text::parse(std::string(found->second)).value();
}

result<void> set_events(execution_call& call, std::string_view events) {
  call.events.clear();
  for (const auto e : data::elements(events)) call.events.push_back(json_text::parse(std::string(e)).value());
  if (call.events.empty()) return error(errc::invalid_input, "the call has no event");
  for (const auto& e : call.events)
    if (!e.is_object()) return error(errc::invalid_input, "an event of the call is no object");
  return {};
}

void set_steps(execution_call& call, std::string_view steps) {
  call.steps.clear();
  for (auto& [hash, recorded] : data::members(steps))
    call.steps.emplace(hash, json_text::parse(std::string(recorded)).value());
}

json_text error_object(const failure& why) { return json_text::object({{"name", why.name}, {"message", why.message}}); }

/// One op as the server reads it. `name` is what the official package sends beside or instead of `opts`.
json_text op_json(const step_op& op, std::string_view app_id) {
  std::vector<json_text::member> out = {{"id", op.hash}, {"op", nullptr}, {"displayName", op.id}};
  auto& kind = out[1].second;
  switch (op.kind) {
    case op_kind::ran:
      kind = "StepRun";
      out.emplace_back("data", op.data);
      break;
    case op_kind::failed:
      kind = op.why.final ? "StepFailed" : "StepError";
      out.emplace_back("error", error_object(op.why));
      break;
    case op_kind::planned:
      kind = "StepPlanned";
      break;
    case op_kind::sleep:
      kind = "Sleep";
      out.emplace_back("name", op.until ? instant_text(*op.until) : duration_text(op.duration));
      break;
    case op_kind::wait: {
      kind = "WaitForEvent";
      out.emplace_back("name", op.wait.event);
      std::vector<json_text::member> opts = {{"event", op.wait.event}, {"timeout", duration_text(op.wait.timeout)}};
      if (!op.wait.expression.empty()) opts.emplace_back("if", op.wait.expression);
      out.emplace_back("opts", json_text::object(std::move(opts)));
      break;
    }
    case op_kind::invoke: {
      kind = "InvokeFunction";
      std::vector<json_text::member> opts = {{"function_id", std::string(app_id) + "-" + op.function},
                                             {"payload", json_text::object({{"data", op.data}})}};
      if (op.timeout) opts.emplace_back("timeout", duration_text(*op.timeout));
      out.emplace_back("opts", json_text::object(std::move(opts)));
      break;
    }
  }
  return json_text::object(std::move(out));
}

void add_retry_headers(http_response& out, const failure& why) {
  out.headers.emplace_back("X-Inngest-No-Retry", why.final ? "true" : "false");
  if (why.after && !why.final) out.headers.emplace_back("Retry-After", std::to_string(why.after->count()));
}

http_response no_target(const execution_outcome& outcome, const std::string& target) {
  std::vector<json_text> found;
  for (const auto& op : outcome.ops)
    found.push_back(json_text::object({{"id", op.hash}, {"name", op.id}, {"displayName", op.id}}));
  http_response out;
  out.status = 500;
  out.headers.emplace_back("X-Inngest-No-Retry", "false");
  out.body = json_text::object({{"error", "the step " + target + " was not met"},
                                {"requestedStep", target},
                                {"foundSteps", json_text::array(found)},
                                {"totalFoundSteps", found.size()}})
                 .text();
  return out;
}

}  // namespace

result<inngest_call> read_call(std::string_view body, std::string_view target) {
  const auto top = parts_of(body);
  const auto find = [&](const char* name) {
    const auto found = top.find(name);
    return found == top.end() ? std::string_view() : found->second;
  };
  const auto ctx = parts_of(find("ctx"));
  inngest_call out;
  const auto flag = [&](const parts& in, const char* name) { return value(in, name).as_bool().value_or(false); };
  out.use_api = flag(ctx, "use_api") || flag(top, "use_api");
  auto& call = out.what;
  call.run_id = value(ctx, "run_id").as_text().value_or("");
  call.attempt = static_cast<int>(std::clamp<std::int64_t>(value(ctx, "attempt").as_integer().value_or(0), 0, 1000));
  if (const auto most = value(ctx, "max_attempts").as_integer())
    call.max_attempts = static_cast<int>(std::clamp<std::int64_t>(*most, 1, 1000));
  call.plan_only = flag(ctx, "disable_immediate_execution");
  if (target != "step") call.target = target;
  const auto version = value(top, "version");
  if (!version.is_null() && version.text() != "-1" && version.text() != "1" && version.text() != "2")
    return error(errc::invalid_input, "calls of version " + version.text().substr(0, 20) + " are not understood");
  if (out.use_api) return out;
  const auto event = data::trimmed(find("event"));
  const auto events =
      data::elements(find("events")).empty() ? "[" + std::string(event) + "]" : std::string(find("events"));
  if (const auto set = set_events(call, events); !set) return set.error();
  set_steps(call, find("steps"));
  return out;
}

result<void> read_state(inngest_call& call, std::string_view events, std::string_view steps) {
  for (const auto text : {events, steps})
    if (const auto good = data::check_json(text); !good) return good.error();
  set_steps(call.what, steps);
  return set_events(call.what, events);
}

http_response write_outcome(const execution_outcome& outcome, const execution_call& call, std::string_view app_id) {
  using kind = execution_outcome::kind;
  http_response out;
  switch (outcome.what) {
    case kind::finished:
      out.status = 200;
      out.body = outcome.value.text();
      break;
    case kind::failed:
      out.status = outcome.why.final ? 400 : 500;
      out.body = error_object(outcome.why).text();
      add_retry_headers(out, outcome.why);
      break;
    case kind::no_target:
      return no_target(outcome, call.target);
    case kind::stopped: {
      out.status = 206;
      std::vector<json_text> ops;
      for (const auto& op : outcome.ops) {
        ops.push_back(op_json(op, app_id));
        if (op.kind == op_kind::failed) add_retry_headers(out, op.why);
      }
      out.body = json_text::array(ops).text();
      break;
    }
  }
  return out;
}

http_response write_error(int status, std::string_view name, std::string_view message) {
  http_response out;
  out.status = status;
  std::vector<json_text::member> body;
  if (!name.empty()) body.emplace_back("name", name);
  body.emplace_back("message", message);
  out.body = json_text::object(std::move(body)).text();
  return out;
}

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
