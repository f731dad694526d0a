// The functions of an app, checked as they come.
#include <texbuild/functions.hpp>

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace {

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

const char* wrong_with(const function_options& o) {
  if (!is_id(o.id)) return "an id has letters, digits, '-', '_' and '.'";
  if (o.triggers.empty() || o.triggers.size() > 10) return "a function has 1 to 10 triggers";
  for (const auto& t : o.triggers) {
    if (t.event.empty() == t.cron.empty()) return "a trigger is either an event or a time";
    if (!t.cron.empty() && !t.expression.empty()) return "a trigger by time has no expression";
  }
  if (o.retries.value_or(0) > 20) return "there are at most 20 retries";
  if (o.cancel_on.size() > 5) return "at most 5 events cancel a function";
  if (o.concurrency.size() > 2) return "a function has at most 2 limits of concurrency";
  for (const auto& c : o.concurrency)
    if (!c.scope.empty() && c.scope != "fn" && c.scope != "env" && c.scope != "account")
      return "the scope of a limit of concurrency is fn, env or account";
  return nullptr;
}

}  // namespace

result<void> function_host::add(function_options options, function_body body) {
  if (!is_id(app_id_)) return error(errc::invalid_input, "the id of an app has letters, digits, '-', '_' and '.'");
  if (!body) return error(errc::invalid_input, "a function needs a body").with_subject(options.id);
  if (const auto* why = wrong_with(options)) return error(errc::invalid_input, why).with_subject(options.id);
  if (options.name.empty()) options.name = options.id;
  const auto id = app_id_ + "-" + options.id;
  if (find(id) != nullptr || (options.on_failure && find(id + "-failure") != nullptr))
    return error(errc::conflict, "there is a function with this id").with_subject(options.id);
  functions_.push_back({id, options, std::move(body)});
  if (!options.on_failure) return {};
  function_options handler;
  handler.id = options.id + "-failure";
  handler.name = options.name + " (failure)";
  handler.triggers = {{"inngest/function.failed", "event.data.function_id == '" + id + "'"}};
  handler.retries = 1;
  functions_.push_back({id + "-failure", std::move(handler), std::move(options.on_failure)});
  return {};
}

const durable_function* function_host::find(std::string_view id_on_the_wire) const noexcept {
  const auto found = std::find_if(functions_.begin(), functions_.end(),
                                  [&](const durable_function& f) { return f.id == id_on_the_wire; });
  return found == functions_.end() ? nullptr : &*found;
}

}  // namespace v0
}  // namespace texbuild
