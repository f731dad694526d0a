// Any bytes are a model service's stream, in pieces of any size, and a client's request: what is passed on is JSON on
// one line, without usage that nobody asked for, and a request keeps or loses whole members.
#include "src/chat/chunk.hpp"
#include "src/chat/event_stream.hpp"
#include "src/chat/request.hpp"
#include "src/data/strict_json.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

void check_stream(std::string_view bytes, std::size_t piece) {
  using namespace texbuild::chat_parts;
  event_stream stream(4096);
  std::vector<stream_event> events;
  bool good = true;
  for (std::size_t at = 0; at < bytes.size() && good; at += piece) good = stream.feed(bytes.substr(at, piece), events);
  if (good) stream.finish(events);
  for (const auto& event : events) {
    must(event.data.size() <= 4096);
    const auto read = read_chunk(event.data, false);
    if (!read || read->is_error || read->text.empty()) continue;
    const auto line = event_of(read->text);
    must(line.find('\n') == line.size() - 2);
    const auto again = read_chunk(read->text, false);
    must(again && !again->usage && again->written == read->written);
  }
}

void check_request(std::string_view bytes) {
  const auto read = texbuild::chat_parts::read_request(bytes, texbuild::chat_limits());
  if (!read) return;
  must(read->prompt > 0 && read->output > 0);
  const auto sent = texbuild::data::parse_strict_json(read->forwarded, 70);
  must(sent.has_value());
  const auto& members = sent->as_object();
  must(members.contains("model") && members.contains("messages") && !members.contains("user"));
  must(members.contains("stream_options") == read->stream);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_stream(text, std::size_t{1} + data[0] % 16);
  check_request(text);
  return 0;
}
