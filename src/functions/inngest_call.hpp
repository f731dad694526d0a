// Inngest's calls: a request's body to what the execution wants, what came of it to an answer. Pure.
#pragma once

#include "src/functions/execution.hpp"

#include <texbuild/http.hpp>

namespace texbuild {
inline namespace v0 {
namespace functions {

struct inngest_call {
  execution_call what;
  bool use_api = false;  ///< events and steps were too large to be sent along: they are to be fetched
};

/// Of a body that `check_json` found good; `target` is the query's `stepId`. `errc::invalid_input`.
result<inngest_call> read_call(std::string_view body, std::string_view target);
/// The answers of the API to a call with `use_api`: an array of events, and an object of steps.
result<void> read_state(inngest_call& call, std::string_view events, std::string_view steps);

/// Status, headers about retrying, and body.
http_response write_outcome(const execution_outcome& outcome, const execution_call& call, std::string_view app_id);
/// {"name","message"}, or with `name` empty {"message"} alone.
http_response write_error(int status, std::string_view name, std::string_view message);

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
