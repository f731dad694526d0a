// What a client asks, read as little as it can be, and what goes to the model service instead.
#pragma once

#include <texbuild/chat.hpp>
#include <texbuild/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {

struct chat_request {
  std::string model;
  bool stream = false;
  bool shows_usage = false;  ///< the client wants the usage of its stream
  std::uint64_t bytes = 0;   ///< of the request
  std::int64_t prompt = 0;   ///< tokens, estimated
  std::int64_t output = 0;   ///< tokens at the most, of all choices together
  std::string forwarded;     ///< the body for the model service
};

/// `errc::invalid_input` names the member. Every member that is not ours goes on as it was written; members that tell
/// who the client is, or how our account is used, do not.
result<chat_request> read_request(std::string_view body, const chat_limits& limits);

/// Bytes of text as tokens: four to one, rounded up.
constexpr std::int64_t tokens_of(std::uint64_t bytes) { return static_cast<std::int64_t>((bytes + 3) / 4); }

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
