#include "src/project/names.hpp"

#include <array>
#include <cstdint>

namespace texbuild {
inline namespace v0 {
namespace projects {
namespace {

// Length of the UTF-8 sequence that begins here, 0 if there is no valid one. `code` is its code point.
std::size_t sequence(std::string_view text, std::uint32_t& code) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    code = first;
    return 1;
  }
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  code = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
    code = code << 6U | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return overlong || surrogate || code > 0x10ffff ? 0 : length;
}

// Control characters, and those that turn the direction of text around: a message could be made to lie with them.
bool is_unshowable(std::uint32_t code) noexcept {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
         (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

bool is_control(std::uint32_t code) noexcept { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0U | code >> 6U);
    out += static_cast<char>(0x80U | (code & 0x3fU));
  } else {
    out += static_cast<char>(0xe0U | code >> 12U);
    out += static_cast<char>(0x80U | (code >> 6U & 0x3fU));
    out += static_cast<char>(0x80U | (code & 0x3fU));
  }
}

// 0x80 to 0xff of code page 437.
constexpr std::array<char16_t, 128> upper_half = {
    u'Ç', u'ü', u'é', u'â', u'ä', u'à', u'å', u'ç', u'ê', u'ë', u'è', u'ï', u'î', u'ì', u'Ä',      u'Å',
    u'É', u'æ', u'Æ', u'ô', u'ö', u'ò', u'û', u'ù', u'ÿ', u'Ö', u'Ü', u'¢', u'£', u'¥', u'₧',      u'ƒ',
    u'á', u'í', u'ó', u'ú', u'ñ', u'Ñ', u'ª', u'º', u'¿', u'⌐', u'¬', u'½', u'¼', u'¡', u'«',      u'»',
    u'░', u'▒', u'▓', u'│', u'┤', u'╡', u'╢', u'╖', u'╕', u'╣', u'║', u'╗', u'╝', u'╜', u'╛',      u'┐',
    u'└', u'┴', u'┬', u'├', u'─', u'┼', u'╞', u'╟', u'╚', u'╔', u'╩', u'╦', u'╠', u'═', u'╬',      u'╧',
    u'╨', u'╤', u'╥', u'╙', u'╘', u'╒', u'╓', u'╫', u'╪', u'┘', u'┌', u'█', u'▄', u'▌', u'▐',      u'▀',
    u'α', u'ß', u'Γ', u'π', u'Σ', u'σ', u'µ', u'τ', u'Φ', u'Θ', u'Ω', u'δ', u'∞', u'φ', u'ε',      u'∩',
    u'≡', u'±', u'≥', u'≤', u'⌠', u'⌡', u'÷', u'≈', u'°', u'∙', u'·', u'√', u'ⁿ', u'²', u'\u25a0', u'\u00a0'};

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  std::uint32_t code = 0;
  while (!text.empty()) {
    const auto length = sequence(text, code);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string from_code_page_437(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    append_utf8(out, byte < 0x80 ? byte : upper_half.at(byte - 0x80U));
  }
  return out;
}

std::string shown(std::string_view name) {
  constexpr std::size_t most = 120;
  std::string out;
  while (!name.empty()) {
    std::uint32_t code = 0;
    const auto length = sequence(name, code);
    if (out.size() + length > most) return out + "…";
    if (length == 0 || is_unshowable(code)) {
      out += '?';
    } else {
      out += name.substr(0, length);
    }
    name.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

error bad_entry(std::string_view name, std::string_view why) {
  const auto safe = shown(name);
  std::string detail = "\"" + safe + "\" ";
  detail += why;
  return error(errc::invalid_input, std::move(detail)).with_subject(safe);
}

result<std::string> checked_name(std::string_view name, const project_limits& limits) {
  if (name.empty()) return bad_entry(name, "is an empty name; give every file a name");
  if (!is_utf8(name)) return bad_entry(name, "is not UTF-8; rename it");
  for (auto rest = name; !rest.empty();) {
    std::uint32_t code = 0;
    rest.remove_prefix(sequence(rest, code));
    if (code == 0) return bad_entry(name, "has a NUL in its name; rename it");
    if (is_control(code)) return bad_entry(name, "has a control character in its name; rename it");
    if (code == '\\') return bad_entry(name, "has a backslash in its name; use / between folders");
  }
  if (name.front() == '/') return bad_entry(name, "is an absolute path; names must be relative to the project");
  const auto letter = static_cast<unsigned char>(name.front() | 0x20);
  if (name.size() > 1 && name[1] == ':' && letter >= 'a' && letter <= 'z') {
    return bad_entry(name, "begins with a drive letter; names must be relative to the project");
  }
  if (name.size() > limits.name_bytes) return bad_entry(name, "is too long a name; shorten it");

  std::string clean;
  std::uint64_t folders = 0;
  while (!name.empty()) {
    const auto slash = name.find('/');
    const auto part = name.substr(0, slash);
    const bool last = slash == std::string_view::npos;
    // ".. " and "..." are ordinary names here, on Linux.
    if (part == "..")
      return bad_entry(clean + "/" + std::string(name), "leads out of its folder by \"..\"; remove that");
    if (part.size() > 255) return bad_entry(part, "is too long a name; at most 255 bytes are possible");
    if (!part.empty() && part != ".") {
      if (!clean.empty()) {
        clean += '/';
        ++folders;
      }
      clean += part;
    }
    name.remove_prefix(last ? name.size() : slash + 1);
  }
  if (folders > limits.depth) return bad_entry(clean, "lies too deep in folders; move it up");
  return clean;
}

bool is_macos_junk(std::string_view name) noexcept {
  if (name == "__MACOSX" || name.starts_with("__MACOSX/")) return true;
  while (true) {
    const auto slash = name.find('/');
    const auto part = name.substr(0, slash);
    if (part == ".DS_Store" || part.starts_with("._")) return true;
    if (slash == std::string_view::npos) return false;
    name.remove_prefix(slash + 1);
  }
}

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
