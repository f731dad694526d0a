// multipart/form-data (RFC 7578) as it streams in: bytes go in, parts come out, nothing is kept but what a delimiter
// may hide in. Pure: no files, no sockets. Fuzzed by tests/fuzz/fuzz_multipart.cpp.
#pragma once

#include <texbuild/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace texbuild::server {

/// What the headers of a part say.
struct part_header {
  std::string name;
  std::optional<std::string> file_name;  ///< as sent: never to be used as a path
};

/// Gets the parts. An error stops the parser and is what `feed` gives.
class part_sink {
 public:
  virtual ~part_sink() = default;
  virtual result<void> begin(const part_header& header) = 0;
  virtual result<void> data(std::string_view bytes) = 0;
  virtual result<void> end() = 0;
};

/// The boundary of a `multipart/form-data` content type. `errc::unsupported_media_type` for any other type,
/// `errc::invalid_input` for a missing or bad boundary.
result<std::string> multipart_boundary(std::string_view content_type);

/// One form. Not for several threads at once.
class multipart_parser {
 public:
  explicit multipart_parser(std::string_view boundary) : delimiter_("\r\n--" + std::string(boundary)) {}

  /// Takes the next bytes. `errc::invalid_input` for what is no form, or what the sink says.
  result<void> feed(std::string_view bytes, part_sink& sink);
  /// Whether the form's last delimiter has come; what follows it is passed over.
  [[nodiscard]] bool complete() const noexcept { return state_ == state::epilogue; }

  static constexpr std::size_t most_parts = 64;
  static constexpr std::size_t most_header_bytes = 8 * 1024;

 private:
  enum class state { preamble, delimiter, headers, body, epilogue };
  /// One step on what is buffered; false: more bytes are needed.
  result<bool> step(part_sink& sink);
  result<bool> pass_over_preamble();
  result<bool> read_delimiter();
  result<bool> read_headers(part_sink& sink);
  result<bool> read_body(part_sink& sink);

  std::string delimiter_;
  std::string buffered_ = "\r\n";  // so that a delimiter at the very start looks like all others
  std::size_t passed_over_ = 0;
  std::size_t parts_ = 0;
  state state_ = state::preamble;
};

}  // namespace texbuild::server
