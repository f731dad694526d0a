// What a request took, as the model service says, or as can be told from what came.
#pragma once

#include "src/chat/request.hpp"
#include "src/store/chat_ledger.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {

/// Of an answer or a chunk, as far as it was read. Counts may be nonsense.
struct told_usage {
  std::optional<std::int64_t> prompt;      ///< empty: no whole number
  std::optional<std::int64_t> completion;  ///< the same
};

/// The member `usage`, if there is an object of that name.
std::optional<told_usage> read_usage(const boost::json::value& answer);

/// Bytes of text that a model wrote, in the messages or the deltas of all choices.
std::uint64_t written_bytes(const boost::json::value& answer);

/// What is charged. Counts that cannot be right (negative, no whole number, far above what was sent or allowed) become
/// what was reserved, and so does a prompt of 0; without usage, or with 0 for text that came, it is estimated from that
/// text. `odd` gets a line for the log.
store::chat_tokens tokens_taken(const chat_request& asked, const std::optional<told_usage>& told, std::uint64_t written,
                                std::string& odd);

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
