#include "src/data/json_slice.hpp"

#include <texbuild/text.hpp>

#include <algorithm>
#include <cstdint>

namespace texbuild {
inline namespace v0 {
namespace data {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// The value of four hexadecimal digits; nothing if they are not there.
std::optional<std::uint32_t> four_digits(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    value <<= 4;
    if (is_digit(c)) {
      value += static_cast<std::uint32_t>(c - '0');
    } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
      value += static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

bool is_high(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

class checker {
 public:
  explicit checker(std::string_view text) : lexer_(text) {}

  /// Null if all is well; else what is wrong.
  const char* document(std::size_t depth) {
    lexer_.skip_space();
    if (const auto* wrong = value(depth)) return wrong;
    lexer_.skip_space();
    return lexer_.at_end() ? nullptr : no_json;
  }

 private:
  static constexpr const char* no_json = "this is not JSON";

  // NOLINTNEXTLINE(misc-no-recursion): as deep as `depth`
  const char* value(std::size_t depth) {
    const char c = lexer_.peek();
    if (c == '{' || c == '[') {
      if (depth == 0) return "the JSON is nested too deeply";
      return c == '{' ? object(depth - 1) : array(depth - 1);
    }
    return lexer_.string() || lexer_.number() || lexer_.word() ? nullptr : no_json;
  }

  const char* array(std::size_t depth) {  // NOLINT(misc-no-recursion)
    lexer_.take('[');
    lexer_.skip_space();
    if (lexer_.take(']')) return nullptr;
    for (;;) {
      lexer_.skip_space();
      if (const auto* wrong = value(depth)) return wrong;
      lexer_.skip_space();
      if (lexer_.take(']')) return nullptr;
      if (!lexer_.take(',')) return no_json;
    }
  }

  const char* object(std::size_t depth) {  // NOLINT(misc-no-recursion)
    lexer_.take('{');
    lexer_.skip_space();
    if (lexer_.take('}')) return nullptr;
    std::vector<std::string> names;
    for (;;) {
      lexer_.skip_space();
      const auto name = lexer_.string();
      if (!name) return no_json;
      names.push_back(decoded(*name));
      lexer_.skip_space();
      if (!lexer_.take(':')) return no_json;
      lexer_.skip_space();
      if (const auto* wrong = value(depth)) return wrong;
      lexer_.skip_space();
      if (lexer_.take('}')) break;
      if (!lexer_.take(',')) return no_json;
    }
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) == names.end() ? nullptr : "a member name occurs twice";
  }

  json_lexer lexer_;
};

/// The value at the front of valid text, by its brackets and quotes alone.
std::string_view leading_value(std::string_view text) {
  std::size_t at = 0;
  std::size_t open = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
      ++at;
      if (open == 0) break;
    } else if (c == '{' || c == '[') {
      ++open;
      ++at;
    } else if (c == '}' || c == ']') {
      if (open == 0) break;  // the end of what is around it
      ++at;
      if (--open == 0) break;
    } else if (open == 0 && (c == ',' || is_space(c))) {
      break;
    } else {
      ++at;
    }
  }
  return text.substr(0, at);
}

/// Calls `each` with the rest of the text, from every member or element on; it gives the length that it took.
template <class Each>
void for_each_part(std::string_view text, char open, Each each) {
  text = trimmed(text);
  if (text.size() < 2 || text.front() != open) return;
  auto rest = trimmed(text.substr(1, text.size() - 2));
  while (!rest.empty()) {
    rest = trimmed(rest.substr(each(rest)));
    if (!rest.empty()) rest = trimmed(rest.substr(1));  // the comma
  }
}

}  // namespace

void json_lexer::skip_space() noexcept {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

bool json_lexer::take(char c) noexcept {
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

/// The length of the escape at a backslash; 0 if it is none.
std::size_t json_lexer::escape(std::size_t at) const noexcept {
  if (at + 1 >= text_.size()) return 0;
  const char c = text_[at + 1];
  if (c != 'u') return std::string_view(R"("\/bfnrt)").find(c) != std::string_view::npos ? 2 : 0;
  const auto unit = four_digits(text_.substr(at + 2));
  if (!unit || is_low(*unit)) return 0;
  if (!is_high(*unit)) return 6;
  if (text_.substr(at + 6, 2) != "\\u") return 0;
  const auto second = four_digits(text_.substr(at + 8));
  return second && is_low(*second) ? 12 : 0;
}

std::optional<std::string_view> json_lexer::string() noexcept {
  if (peek() != '"') return std::nullopt;
  auto at = at_ + 1;
  while (at < text_.size() && text_[at] != '"') {
    const auto c = static_cast<unsigned char>(text_[at]);
    const auto length = c == '\\' ? escape(at) : c < 0x20 ? 0 : utf8_character(text_.substr(at));
    if (length == 0) return std::nullopt;
    at += length;
  }
  if (at >= text_.size()) return std::nullopt;
  const auto token = text_.substr(at_, at + 1 - at_);
  at_ = at + 1;
  return token;
}

std::optional<std::string_view> json_lexer::number() noexcept {
  auto at = at_;
  const auto digits = [&] {
    const auto from = at;
    while (at < text_.size() && is_digit(text_[at])) ++at;
    return at > from;
  };
  const auto is = [&](char c) { return at < text_.size() && text_[at] == c; };
  if (is('-')) ++at;
  if (is('0')) {
    ++at;
  } else if (!digits()) {
    return std::nullopt;
  }
  if (is('.')) {
    ++at;
    if (!digits()) return std::nullopt;
  }
  if (is('e') || is('E')) {
    ++at;
    if (is('+') || is('-')) ++at;
    if (!digits()) return std::nullopt;
  }
  const auto token = text_.substr(at_, at - at_);
  at_ = at;
  return token;
}

std::optional<std::string_view> json_lexer::word() noexcept {
  for (const std::string_view word : {"true", "false", "null"}) {
    if (text_.substr(at_, word.size()) != word) continue;
    at_ += word.size();
    return word;
  }
  return std::nullopt;
}

result<void> check_json(std::string_view text, std::size_t depth) {
  if (const auto* wrong = checker(text).document(depth)) return error(errc::invalid_input, wrong);
  return {};
}

std::string_view trimmed(std::string_view value) noexcept {
  while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
  return value;
}

std::string decoded(std::string_view token) {
  std::string out;
  if (token.size() < 2) return out;
  token = token.substr(1, token.size() - 2);
  while (!token.empty()) {
    if (token.front() != '\\') {
      const auto plain = std::min(token.find('\\'), token.size());
      out += token.substr(0, plain);
      token.remove_prefix(plain);
      continue;
    }
    const char c = token[1];
    token.remove_prefix(2);
    if (c != 'u') {
      const auto known = std::string_view("bfnrt").find(c);
      out += known == std::string_view::npos ? c : "\b\f\n\r\t"[known];
      continue;
    }
    auto code = four_digits(token).value_or(0);
    token.remove_prefix(4);
    if (is_high(code)) {
      code = 0x10000 + ((code - 0xD800) << 10) + (four_digits(token.substr(2)).value_or(0xDC00) - 0xDC00);
      token.remove_prefix(6);
    }
    append_utf8(out, code);
  }
  return out;
}

std::vector<std::pair<std::string, std::string_view>> members(std::string_view object) {
  std::vector<std::pair<std::string, std::string_view>> out;
  for_each_part(object, '{', [&](std::string_view rest) {
    const auto name = leading_value(rest);
    const auto colon = rest.find(':', name.size());
    const auto value_at = rest.find_first_not_of(" \t\r\n", colon + 1);
    const auto value = leading_value(rest.substr(value_at));
    out.emplace_back(decoded(name), value);
    return value_at + value.size();
  });
  return out;
}

std::optional<std::string_view> member(std::string_view object, std::string_view name) {
  for (const auto& [present, value] : members(object))
    if (present == name) return value;
  return std::nullopt;
}

std::vector<std::string_view> elements(std::string_view array) {
  std::vector<std::string_view> out;
  for_each_part(array, '[', [&](std::string_view rest) {
    out.push_back(leading_value(rest));
    return out.back().size();
  });
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : valid_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const auto named = std::string_view("\b\f\n\r\t\"\\").find(c);
    if (named != std::string_view::npos) {
      out += '\\';
      out += "bfnrt\"\\"[named];
    } else if (byte < 0x20) {
      out += "\\u00";
      out += "0123456789abcdef"[byte >> 4];
      out += "0123456789abcdef"[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

void object_writer::add(std::string_view name, std::string_view value) {
  if (text_.size() > 1) text_ += ',';
  text_.append(quoted(name)).append(":").append(value);
}

std::string object_writer::take() && {
  text_ += '}';
  return std::move(text_);
}

}  // namespace data
}  // namespace v0
}  // namespace texbuild
