// The functions that the vectors of Inngest describe, built from their description.
#pragma once

#include <texbuild/functions.hpp>

#include <boost/json.hpp>

#include <chrono>
#include <map>
#include <string>

namespace texbuild_test {

namespace json = boost::json;
using bindings = std::map<std::string, json::value>;

inline std::string text(const json::value& v) { return json::value_to<std::string>(v); }
inline std::string text_or_empty(const json::object& in, const char* name) {
  const auto* v = in.if_contains(name);
  return v == nullptr ? std::string() : text(*v);
}
inline texbuild::json_text to_text(const json::value& v) {
  return texbuild::json_text::parse(json::serialize(v)).value();
}
inline json::value from_text(const texbuild::json_text& v) { return json::parse(v.text()); }

/// With {"$ref": name} replaced by what is bound to the name.
inline json::value filled(const json::value& in, const bindings& bound) {
  if (const auto* o = in.if_object()) {
    if (const auto* ref = o->if_contains("$ref")) {
      const auto found = bound.find(text(*ref));
      return found == bound.end() ? json::value() : found->second;
    }
    json::object out;
    for (const auto& [name, value] : *o) out[name] = filled(value, bound);
    return out;
  }
  if (const auto* a = in.if_array()) {
    json::array out;
    for (const auto& v : *a) out.push_back(filled(v, bound));
    return out;
  }
  return in;
}

[[noreturn]] inline void throw_as_told(const json::object& what) {
  const auto kind = text(what.at("kind"));
  const auto message = text(what.at("message"));
  if (kind == "NonRetriable") throw texbuild::non_retriable_error(message);
  if (kind == "RetryAfter")
    throw texbuild::retry_after_error(message, std::chrono::seconds(what.at("seconds").to_number<int>()));
  throw std::runtime_error(message);
}

/// Runs a list of instructions; true when one of them returned, with the value in `given`.
inline bool follow(const json::array& program, texbuild::function_run& step, bindings& bound, json::value& given) {
  using std::chrono::milliseconds;
  for (const auto& instruction : program) {
    const auto& op = instruction.as_object();
    json::value got;
    if (const auto* id = op.if_contains("run")) {
      got = from_text(step.run(text(*id), [&]() -> texbuild::json_text {
        if (const auto* thrown = op.if_contains("throws")) throw_as_told(thrown->as_object());
        const auto* returned = op.if_contains("returns");
        return returned == nullptr ? texbuild::json_text() : to_text(*returned);
      }));
    } else if (const auto* nap = op.if_contains("sleep")) {
      step.sleep(text(*nap), milliseconds(op.at("ms").to_number<std::int64_t>()));
    } else if (const auto* until = op.if_contains("sleepUntil")) {
      if (op.at("iso") != "2030-01-02T03:04:05.000Z") throw std::runtime_error("another time");
      const auto day = std::chrono::sys_days(std::chrono::year(2030) / 1 / 2);
      step.sleep_until(text(*until), day + std::chrono::hours(3) + std::chrono::minutes(4) + std::chrono::seconds(5));
    } else if (const auto* wait = op.if_contains("waitForEvent")) {
      const auto come = step.wait_for_event(
          text(*wait),
          {text(op.at("event")), milliseconds(op.at("timeoutMs").to_number<std::int64_t>()), text_or_empty(op, "if")});
      if (come) got = from_text(*come);
    } else if (const auto* call = op.if_contains("invoke")) {
      const auto other = text(op.at("function_id")).substr(std::string("studio-").size());
      got = from_text(step.invoke(text(*call), other, to_text(op.at("data"))));
    } else if (const auto* branches = op.if_contains("parallel")) {
      std::vector<std::function<void()>> all;
      for (const auto& branch : branches->as_array())
        all.emplace_back([&step, &bound, &given, &branch] { follow(branch.as_array(), step, bound, given); });
      step.run_branches(all);
    } else if (const auto* tried = op.if_contains("try")) {
      try {
        if (follow(tried->as_array(), step, bound, given)) return true;
      } catch (const texbuild::step_error& e) {
        bound[text(op.at("errAs"))] = json::object{{"name", e.name()}, {"message", e.what()}};
        if (follow(op.at("catch").as_array(), step, bound, given)) return true;
      }
    } else if (const auto* thrown = op.if_contains("throw")) {
      throw_as_told(thrown->as_object());
    } else {
      given = filled(op.at("return"), bound);
      return true;
    }
    if (const auto* name = op.if_contains("bind")) bound[text(*name)] = got;
  }
  return false;
}

inline std::chrono::seconds period(const json::value& v) {
  const auto t = text(v);
  const auto unit = t.back() == 's' ? 1 : t.back() == 'm' ? 60 : 3600;
  return std::chrono::seconds(std::stoi(t) * unit);
}

inline texbuild::function_options options_from(const std::string& id, const json::object* given) {
  texbuild::function_options o;
  o.id = id;
  o.triggers = {{"studio/render.requested"}};
  if (given == nullptr) return o;
  o.name = text_or_empty(*given, "name");
  o.idempotency = text_or_empty(*given, "idempotency");
  if (const auto* v = given->if_contains("retries")) o.retries = v->to_number<unsigned>();
  o.triggers.clear();
  for (const auto& t : given->at("triggers").as_array()) {
    const auto& one = t.as_object();
    o.triggers.push_back(one.contains("cron")
                             ? texbuild::function_trigger::at(text(one.at("cron")))
                             : texbuild::function_trigger(text(one.at("event")), text_or_empty(one, "if")));
  }
  if (const auto* v = given->if_contains("concurrency"))
    for (const auto& c : v->as_array())
      o.concurrency.push_back({c.at("limit").to_number<unsigned>(), text(c.at("key")), ""});
  if (const auto* v = given->if_contains("throttle"))
    o.throttle = texbuild::throttle_limit{v->at("limit").to_number<unsigned>(), period(v->at("period")),
                                          v->at("burst").to_number<unsigned>(), text(v->at("key"))};
  if (const auto* v = given->if_contains("rateLimit"))
    o.rate_limit = texbuild::start_limit{v->at("limit").to_number<unsigned>(), period(v->at("period")), ""};
  if (const auto* v = given->if_contains("debounce"))
    o.debounce = texbuild::debounce_rule{period(v->at("period")), text(v->at("key")), {}};
  if (const auto* v = given->if_contains("priority")) o.priority = text(v->at("run"));
  if (const auto* v = given->if_contains("batchEvents"))
    o.batch = texbuild::batch_rule{v->at("maxSize").to_number<unsigned>(), period(v->at("timeout")), "", ""};
  if (const auto* v = given->if_contains("singleton"))
    o.singleton = texbuild::singleton_rule{v->at("mode") == "cancel", text(v->at("key"))};
  if (const auto* v = given->if_contains("timeouts")) {
    o.start_timeout = period(v->at("start"));
    o.finish_timeout = period(v->at("finish"));
  }
  if (const auto* v = given->if_contains("cancelOn"))
    for (const auto& c : v->as_array())
      o.cancel_on.push_back({text(c.at("event")), text(c.at("if")), period(c.at("timeout"))});
  return o;
}

/// All of them, in the order of the file. `vectors` has to outlive the host. As the vectors were made, `fn-throws` has
/// a function that handles its failures.
inline texbuild::function_host host_from(const json::value& vectors) {
  texbuild::function_host host(text(vectors.at("app_id")));
  const auto& options = vectors.at("function_options").as_object();
  for (const auto& [id, program] : vectors.at("functions").as_object()) {
    const auto* given = options.if_contains(id);
    auto o = options_from(std::string(id), given == nullptr ? nullptr : &given->as_object());
    if (id == "fn-throws") o.on_failure = [](texbuild::function_run&) -> texbuild::json_text { return {}; };
    host.add(std::move(o),
             [&list = program.as_array()](texbuild::function_run& step) {
               bindings bound;
               json::value given_back;
               follow(list, step, bound, given_back);
               return to_text(given_back);
             })
        .value();
  }
  return host;
}

}  // namespace texbuild_test
