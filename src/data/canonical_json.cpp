#include "src/data/canonical_json.hpp"

#include "src/data/json_slice.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace data {
namespace {

/// Whether UTF-8 `a` comes before `b` by UTF-16 code units: as bytes, but for characters beyond the first plane, whose
/// surrogates (D800…DFFF) come before U+E000…U+FFFF.
bool before_in_utf16(std::string_view a, std::string_view b) {
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (y == b.end()) return false;
  if (x == a.end()) return true;
  const auto p = static_cast<unsigned char>(*x);
  const auto q = static_cast<unsigned char>(*y);
  const auto astral = [](unsigned char c) { return c >= 0xF0; };
  const auto private_or_later = [](unsigned char c) { return c == 0xEE || c == 0xEF; };
  if (astral(p) && private_or_later(q)) return true;
  if (private_or_later(p) && astral(q)) return false;
  return p < q;
}

class canonicalizer {
 public:
  explicit canonicalizer(std::string_view text) : lexer_(text) {}

  /// Of text that `check_json` found good. False: a number is out of range.
  bool value(std::string& out) {  // NOLINT(misc-no-recursion): `check_json` bounds the depth
    lexer_.skip_space();
    if (lexer_.take('{')) return object(out);
    if (lexer_.take('[')) return array(out);
    if (const auto token = lexer_.string()) {
      out += quoted(decoded(*token));
    } else if (const auto word = lexer_.word()) {
      out += *word;
    } else {
      const auto number = lexer_.number();
      const auto read = number ? number_value(*number) : std::nullopt;
      if (!read) return false;
      out += number_text(*read);
    }
    return true;
  }

 private:
  bool array(std::string& out) {  // NOLINT(misc-no-recursion)
    out += '[';
    for (bool first = true;; first = false) {
      lexer_.skip_space();
      if (lexer_.take(']')) break;
      if (!first) {
        lexer_.take(',');
        out += ',';
      }
      if (!value(out)) return false;
    }
    out += ']';
    return true;
  }

  bool object(std::string& out) {  // NOLINT(misc-no-recursion)
    std::vector<std::pair<std::string, std::string>> parts;
    for (;;) {
      lexer_.skip_space();
      if (lexer_.take('}')) break;
      lexer_.take(',');
      lexer_.skip_space();
      const auto name = lexer_.string();
      lexer_.skip_space();
      lexer_.take(':');
      parts.emplace_back(decoded(name.value_or("\"\"")), std::string());
      if (!value(parts.back().second)) return false;
    }
    std::sort(parts.begin(), parts.end(),
              [](const auto& a, const auto& b) { return before_in_utf16(a.first, b.first); });
    char before = '{';
    if (parts.empty()) out += before;
    for (const auto& [name, text] : parts) {
      out += std::exchange(before, ',');
      out += quoted(name);
      out += ':';
      out += text;
    }
    out += '}';
    return true;
  }

  json_lexer lexer_;
};

}  // namespace

std::string number_text(double value) {
  if (!std::isfinite(value)) return "null";
  if (value == 0) return "0";
  char buffer[64];
  // Shortest digits that read back as the same double: what ECMAScript asks for too; only the layout differs.
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::scientific).ptr;
  const std::string_view shortest(buffer, static_cast<std::size_t>(end - buffer));
  const auto e = shortest.find('e');
  int exponent = 0;
  const auto power = shortest.substr(e + (shortest[e + 1] == '+' ? 2 : 1));
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  std::string digits(1, shortest[0]);
  if (e > 2) digits += shortest.substr(2, e - 2);
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // digits before it
  std::string out = value < 0 ? "-" : "";
  if (count <= point && point <= 21) return out + digits + std::string(static_cast<std::size_t>(point - count), '0');
  if (point > 0 && point <= 21) return out + digits.insert(static_cast<std::size_t>(point), ".");
  if (point > -6 && point <= 0) return out + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  if (count > 1) digits.insert(1, ".");
  return out + digits + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
}

std::optional<double> number_value(std::string_view token) {
  if (json_lexer(token).number() != token) return std::nullopt;
  double value = 0;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), value);
  if (read.ec == std::errc()) return value;
  // Out of range: too small with a negative exponent or without digits before the point, else too large.
  const auto e = token.find_first_of("eE");
  const bool small = e != std::string_view::npos ? token[e + 1] == '-' : token.find("0.") <= 1;
  return small ? std::optional<double>(0) : std::nullopt;
}

result<std::string> canonical_json(std::string_view text) {
  if (const auto good = check_json(text); !good) return good.error();
  std::string out;
  out.reserve(text.size());
  if (!canonicalizer(text).value(out)) return error(errc::invalid_input, "a number is too large");
  return out;
}

}  // namespace data
}  // namespace v0
}  // namespace texbuild
