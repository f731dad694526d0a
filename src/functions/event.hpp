// Events: what is wrong with one, and how it is written as JSON.
#pragma once

#include <texbuild/functions.hpp>

#include <vector>

namespace texbuild {
inline namespace v0 {
namespace functions {

constexpr std::size_t most_events = 5000;           ///< sent at once
constexpr std::size_t longest_event = 512u * 1024;  ///< its data, in bytes

/// `errc::invalid_input` says what is wrong. Names that begin with "inngest/" are the runner's own.
result<void> check_events(const std::vector<function_event>& events);
/// {"name","data","id"?,"ts","user"?,"v"?}; `now` for an event without a time.
json_text event_json(const function_event& event, std::chrono::system_clock::time_point now);

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
