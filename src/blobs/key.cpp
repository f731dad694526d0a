#include "src/blobs/key.hpp"

#include <cstddef>

namespace texbuild {
inline namespace v0 {
namespace blobs {
namespace {

constexpr std::size_t longest_key = 1024;
constexpr std::size_t longest_part = 255;  // NAME_MAX

unsigned int byte(std::string_view s, std::size_t i) { return static_cast<unsigned char>(s[i]); }

/// Bytes of the well-formed, printable UTF-8 character at `i`; 0 if there is none.
std::size_t character(std::string_view s, std::size_t i) {
  const auto first = byte(s, i);
  if (first < 0x20 || first == 0x7f) return 0;
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || s.size() - i < length) return 0;
  unsigned int code = first & (0x7fU >> length);
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(s, i + k) & 0xc0U) != 0x80U) return 0;
    code = (code << 6U) | (byte(s, i + k) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  const bool control = code < 0xa0;
  return overlong || surrogate || control || code > 0x10ffff ? 0 : length;
}

bool is_part(std::string_view part) {
  if (part.empty() || part == "." || part == ".." || part.size() > longest_part) return false;
  for (std::size_t i = 0; i < part.size();) {
    const auto length = character(part, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

}  // namespace

bool is_key(std::string_view key) {
  if (key.empty() || key.size() > longest_key || key.ends_with('/')) return false;
  auto rest = key;
  if (first_of(rest) == ".incoming") return false;
  for (rest = key; !rest.empty();) {
    if (!is_part(first_of(rest))) return false;
  }
  return true;
}

}  // namespace blobs
}  // namespace v0
}  // namespace texbuild
