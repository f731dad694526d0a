// One chunk of a streamed answer: what is passed on of it, and what it tells.
#pragma once

#include "src/chat/usage.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {

struct chunk {
  std::string text;                 ///< the chunk as the client gets it; "" if it gets none
  std::optional<told_usage> usage;  ///< what it says was used so far
  std::uint64_t written = 0;        ///< bytes of the model's text in it
  bool is_error = false;
  bool error_is_ours = false;  ///< it speaks of this server's account: nobody else's business
};

/// `errc::provider_error` if this is no JSON object. `shows_usage`: the client asked for it; else nothing is left of
/// it.
result<chunk> read_chunk(std::string_view json, bool shows_usage);

/// An event with this data.
std::string event_of(std::string_view json);
/// The event that ends a stream which failed. `code` such as "upstream_disconnected".
std::string error_event(std::string_view message, std::string_view code);

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
