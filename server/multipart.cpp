#include "server/multipart.hpp"

#include "server/text.hpp"

#include <algorithm>

namespace texbuild::server {
namespace {

error bad_form(std::string why) { return error(errc::invalid_input, "the form cannot be read: " + std::move(why)); }

/// One `name=value` of a header's parameters, off the front of `text`; empty at the end or for what is none.
struct parameter {
  std::string name;
  std::string value;
};

std::optional<parameter> take_parameter(std::string_view& text) {
  while (!text.empty() && (text.front() == ';' || text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  parameter p;
  p.name = lower_case(trimmed(text.substr(0, equals)));
  text.remove_prefix(equals + 1);
  if (text.starts_with('"')) {
    text.remove_prefix(1);
    for (;;) {
      if (text.empty()) return std::nullopt;
      // Browsers escape only the quote; a backslash before anything else is one that belongs to the name.
      if (text.size() > 1 && text[0] == '\\' && (text[1] == '"' || text[1] == '\\'))
        text.remove_prefix(1);
      else if (text.front() == '"')
        break;
      p.value += text.front();
      text.remove_prefix(1);
    }
    text.remove_prefix(1);
  } else {
    const auto end = std::min(text.find(';'), text.size());
    p.value = std::string(trimmed(text.substr(0, end)));
    text.remove_prefix(end);
  }
  return p;
}

constexpr bool is_boundary_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

result<part_header> parse_part_headers(std::string_view block) {
  std::optional<part_header> header;
  while (!block.empty()) {
    const auto end = std::min(block.find("\r\n"), block.size());
    const auto line = block.substr(0, end);
    block.remove_prefix(std::min(end + 2, block.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return bad_form("a part has a line that is no header");
    const auto name = lower_case(line.substr(0, colon));
    auto value = trimmed(line.substr(colon + 1));
    if (name == "content-transfer-encoding") {
      const auto coding = lower_case(value);
      if (coding != "binary" && coding != "8bit" && coding != "7bit")
        return bad_form("parts with a Content-Transfer-Encoding of '" + valid_utf8(coding) + "' are not taken");
    }
    if (name != "content-disposition") continue;
    if (header) return bad_form("a part has two Content-Disposition headers");
    const auto kind = value.substr(0, std::min(value.find(';'), value.size()));
    if (lower_case(trimmed(kind)) != "form-data") return bad_form("a part is not 'form-data'");
    value.remove_prefix(kind.size());
    header.emplace();
    bool named = false;
    while (auto p = take_parameter(value)) {
      if (p->name == "name" && !named) {
        header->name = std::move(p->value);
        named = true;
      } else if (p->name == "filename" && !header->file_name) {
        header->file_name = std::move(p->value);
      }
    }
    if (!named) return bad_form("a part has no name");
  }
  if (!header) return bad_form("a part has no Content-Disposition header");
  return std::move(*header);
}

}  // namespace

result<std::string> multipart_boundary(std::string_view content_type) {
  const auto kind = content_type.substr(0, std::min(content_type.find(';'), content_type.size()));
  if (lower_case(trimmed(kind)) != "multipart/form-data")
    return error(errc::unsupported_media_type, "send the project as multipart/form-data with a part named 'file'")
        .with_subject("Content-Type");
  auto rest = content_type.substr(kind.size());
  while (auto p = take_parameter(rest)) {
    if (p->name != "boundary") continue;
    const bool good = !p->value.empty() && p->value.size() <= 70 && p->value.back() != ' ' &&
                      std::all_of(p->value.begin(), p->value.end(), is_boundary_character);
    if (!good) break;
    return std::move(p->value);
  }
  return error(errc::invalid_input, "multipart/form-data needs a boundary of 1 to 70 characters")
      .with_subject("Content-Type");
}

result<void> multipart_parser::feed(std::string_view bytes, part_sink& sink) {
  if (state_ == state::epilogue) return {};
  buffered_.append(bytes);
  for (;;) {
    const auto more = step(sink);
    if (!more) return more.error();
    if (!*more) return {};
  }
}

result<bool> multipart_parser::step(part_sink& sink) {
  switch (state_) {
    case state::preamble:
      return pass_over_preamble();
    case state::delimiter:
      return read_delimiter();
    case state::headers:
      return read_headers(sink);
    case state::body:
      return read_body(sink);
    case state::epilogue:
      buffered_.clear();
      return false;
  }
  return false;
}

result<bool> multipart_parser::pass_over_preamble() {
  const auto at = buffered_.find(delimiter_);
  if (at != std::string::npos) {
    buffered_.erase(0, at + delimiter_.size());
    state_ = state::delimiter;
    return true;
  }
  const auto keep = std::min(buffered_.size(), delimiter_.size());
  passed_over_ += buffered_.size() - keep;
  buffered_.erase(0, buffered_.size() - keep);
  if (passed_over_ > most_header_bytes) return bad_form("it does not start with its boundary");
  return false;
}

// Behind a delimiter: `--` ends the form, a line end begins a part; blanks may come before either (RFC 2046).
result<bool> multipart_parser::read_delimiter() {
  std::size_t at = 0;
  while (at < buffered_.size() && (buffered_[at] == ' ' || buffered_[at] == '\t')) ++at;
  if (at > 128) return bad_form("too many blanks behind a boundary");
  if (buffered_.size() < at + 2) return false;
  const auto next = std::string_view(buffered_).substr(at, 2);
  if (next == "--" && at == 0) {
    state_ = state::epilogue;
    return true;
  }
  if (next != "\r\n") return bad_form("a boundary is followed by something else");
  if (++parts_ > most_parts) return bad_form("more than " + std::to_string(most_parts) + " parts");
  buffered_.erase(0, at);  // the line end stays: an empty block of headers is then found like any other
  state_ = state::headers;
  return true;
}

result<bool> multipart_parser::read_headers(part_sink& sink) {
  const auto end = buffered_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (buffered_.size() > most_header_bytes) return bad_form("the headers of a part are too long");
    return false;
  }
  if (end > most_header_bytes) return bad_form("the headers of a part are too long");
  const auto block = end < 2 ? std::string_view() : std::string_view(buffered_).substr(2, end - 2);
  const auto header = parse_part_headers(block);
  if (!header) return header.error();
  if (auto begun = sink.begin(*header); !begun) return begun.error();
  buffered_.erase(0, end + 4);
  state_ = state::body;
  return true;
}

result<bool> multipart_parser::read_body(part_sink& sink) {
  const auto at = buffered_.find(delimiter_);
  // Without a delimiter, all but what may be the beginning of one is content.
  const auto content = at != std::string::npos                 ? at
                       : buffered_.size() >= delimiter_.size() ? buffered_.size() - delimiter_.size() + 1
                                                               : 0;
  if (content > 0) {
    if (auto taken = sink.data(std::string_view(buffered_).substr(0, content)); !taken) return taken.error();
  }
  if (at == std::string::npos) {
    buffered_.erase(0, content);
    return false;
  }
  if (auto ended = sink.end(); !ended) return ended.error();
  buffered_.erase(0, at + delimiter_.size());
  state_ = state::delimiter;
  return true;
}

}  // namespace texbuild::server
