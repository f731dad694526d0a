// The model service: what is sent there, and what its refusals mean to a client.
#pragma once

#include "src/chat/request.hpp"
#include "src/chat/usage.hpp"

#include <texbuild/chat.hpp>
#include <texbuild/http.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {

/// The address of completions below this origin. `errc::invalid_input`.
result<std::string> completions_url(const std::string& origin);
/// Nothing of the client's own request but its body is in it.
http_request to_upstream(const std::string& url, const chat_options& options, chat_request& asked);
/// An answer with another status than 200. What it says is shown only when it is about the request, and never what it
/// says of our key.
error refusal_of(const http_response& answer, const std::string& key);
/// One that did not come.
error failure_of(const error& why);
/// What a whole answer tells. It has to be a JSON object with choices, and no error.
struct answer_facts {
  std::optional<told_usage> usage;
  std::uint64_t written = 0;  ///< bytes of the model's text
};
result<answer_facts> read_answer(const http_response& answer);
/// The service's name for the request, if it is one that can be passed on.
std::string inference_id(const http_response& answer);
bool is_event_stream(const http_response& answer);

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
