#include "src/functions/event.hpp"

#include "src/data/json_slice.hpp"
#include "src/functions/execution.hpp"

namespace texbuild {
inline namespace v0 {
namespace functions {
namespace {

std::int64_t milliseconds(std::chrono::system_clock::time_point t) {
  return std::chrono::floor<std::chrono::milliseconds>(t.time_since_epoch()).count();
}

// 1980 and 2100: what Inngest takes.
constexpr std::int64_t earliest = 315'532'800'000;
constexpr std::int64_t latest = 4'102'444'800'000;

}  // namespace

result<void> check_events(const std::vector<function_event>& events) {
  const auto bad = [](const std::string& why) { return error(errc::invalid_input, why); };
  if (events.size() > most_events) return bad("more than " + std::to_string(most_events) + " events at once");
  for (const auto& e : events) {
    if (e.name.empty()) return bad("an event needs a name");
    if (e.name.size() > 512) return bad("the name of an event has at most 512 bytes");
    if (e.name.starts_with("inngest/")) return bad("names of events that begin with inngest/ are reserved");
    if (!e.data.is_object()) return bad("the data of the event " + e.name + " is no object");
    if (e.user && !e.user->is_object()) return bad("the user of the event " + e.name + " is no object");
    for (const auto* part : {&e.data, e.user ? &*e.user : &e.data})
      if (!data::check_json(part->text(), deepest_value)) return bad("the event " + e.name + " is nested too deeply");
    if (e.data.text().size() > longest_event) return bad("the data of the event " + e.name + " is too large");
    if (e.id.size() > 512) return bad("the id of an event has at most 512 bytes");
    if (e.at && (milliseconds(*e.at) < earliest || milliseconds(*e.at) > latest))
      return bad("the time of the event " + e.name + " is not between 1980 and 2100");
  }
  return {};
}

json_text event_json(const function_event& event, std::chrono::system_clock::time_point now) {
  std::vector<json_text::member> members;
  if (!event.id.empty()) members.emplace_back("id", event.id);
  members.emplace_back("name", event.name);
  members.emplace_back("data", event.data);
  members.emplace_back("ts", milliseconds(event.at.value_or(now)));
  if (event.user) members.emplace_back("user", *event.user);
  if (!event.version.empty()) members.emplace_back("v", event.version);
  return json_text::object(std::move(members));
}

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
