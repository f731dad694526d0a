#include "src/data/raw_members.hpp"

#include <algorithm>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace data {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Past the string that begins at `at`.
std::size_t past_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

std::size_t past_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

/// Past the value that begins at `at`: up to the comma or bracket that follows it.
std::size_t past_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = past_string(text, at);
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}')) return at;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++at;
  }
  return at;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::vector<raw_member> raw_members(std::string_view text) {
  std::vector<raw_member> all;
  auto at = past_blanks(text, 0) + 1;  // the brace
  for (;;) {
    at = past_blanks(text, at);
    if (at >= text.size() || text[at] != '"') return all;
    raw_member m;
    const auto name = at;
    at = past_string(text, at);
    m.name = text.substr(name, at - name);
    at = past_blanks(text, past_blanks(text, at) + 1);  // the colon
    if (at >= text.size()) return all;
    const auto value = at;
    at = past_value(text, at);
    auto end = at;
    while (end > value && is_blank(text[end - 1])) --end;
    m.value = text.substr(value, end - value);
    all.push_back(m);
    if (at >= text.size() || text[at] != ',') return all;
    ++at;
  }
}

bool is_named(const raw_member& member, std::string_view name) {
  if (member.name.size() < 2) return false;
  auto raw = member.name.substr(1, member.name.size() - 2);
  for (const char expected : name) {
    if (raw.empty()) return false;
    char c = raw.front();
    std::size_t used = 1;
    if (c == '\\' && raw.size() >= 6 && raw[1] == 'u') {
      int code = 0;
      for (std::size_t i = 2; i < 6; ++i) code = code * 16 + hex_value(raw[i]);
      if (code <= 0 || code > 0x7F) return false;
      c = static_cast<char>(code);
      used = 6;
    } else if (c == '\\') {
      return false;  // the short escapes stand for characters that no such name has
    }
    if (c != expected) return false;
    raw.remove_prefix(used);
  }
  return raw.empty();
}

void object_writer::add(std::string_view name, std::string_view value) {
  if (text_.size() > 1) text_ += ',';
  text_.append(name).append(":").append(value);
}

std::string object_writer::take() && {
  text_ += '}';
  return std::move(text_);
}

}  // namespace data
}  // namespace v0
}  // namespace texbuild
