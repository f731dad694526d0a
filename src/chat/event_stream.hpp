// Server-sent events, read as they arrive, by the rules of the HTML standard.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {

struct stream_event {
  std::string type;  ///< "" unless the event names one
  std::string data;  ///< its lines joined by LF
};

/// Bytes in, events out, however the bytes are cut. Lines end with LF, CRLF or CR; comments, ids and retry times are
/// passed over; so are events without data.
class event_stream {
 public:
  /// One line and the data of one event may have so many bytes.
  explicit event_stream(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  /// Appends the events that are whole now. False: something is too long, and the stream is not to be read further.
  bool feed(std::string_view bytes, std::vector<stream_event>& into);
  /// The stream has ended: an event whose final blank line is missing counts nevertheless.
  bool finish(std::vector<stream_event>& into);

 private:
  bool line(std::vector<stream_event>& into);
  void dispatch(std::vector<stream_event>& into);

  std::size_t most_bytes_;
  std::string line_;
  stream_event event_;
  bool has_data_ = false;
  bool after_cr_ = false;  ///< an LF that follows belongs to it
  bool first_line_ = true;
  bool broken_ = false;
};

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
