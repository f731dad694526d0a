#include "src/chat/event_stream.hpp"

#include <algorithm>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {

bool event_stream::feed(std::string_view bytes, std::vector<stream_event>& into) {
  while (!bytes.empty() && !broken_) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    line_.append(bytes.substr(0, end));
    if (line_.size() > most_bytes_) broken_ = true;
    if (broken_ || end == bytes.size()) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (!line(into)) broken_ = true;
  }
  return !broken_;
}

bool event_stream::finish(std::vector<stream_event>& into) {
  if (broken_) return false;
  if (!line_.empty() && !line(into)) return false;
  dispatch(into);
  return true;
}

bool event_stream::line(std::vector<stream_event>& into) {
  const std::string whole = std::exchange(line_, {});
  std::string_view text = whole;
  if (std::exchange(first_line_, false) && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.empty()) {
    dispatch(into);
    return true;
  }
  const auto colon = std::min(text.find(':'), text.size());
  const auto field = text.substr(0, colon);  // "" of a comment
  auto value = text.substr(std::min(colon + 1, text.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") event_.type = std::string(value);
  if (field != "data") return true;
  if (std::exchange(has_data_, true)) event_.data += '\n';
  event_.data.append(value);
  return event_.data.size() <= most_bytes_;
}

void event_stream::dispatch(std::vector<stream_event>& into) {
  auto event = std::exchange(event_, {});
  has_data_ = false;
  if (!event.data.empty()) into.push_back(std::move(event));
}

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
