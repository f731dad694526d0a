#include "src/crypto/base64.hpp"

#include <array>
#include <cstdint>

namespace texbuild {
inline namespace v0 {
namespace crypto {
namespace {

constexpr std::string_view standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t none = 64;

constexpr std::array<std::uint8_t, 256> reversed(std::string_view alphabet) {
  std::array<std::uint8_t, 256> values{};
  for (auto& v : values) v = none;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}

std::optional<std::string> decode(std::string_view text, const std::array<std::uint8_t, 256>& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto value = values[static_cast<unsigned char>(c)];
    if (value == none) return std::nullopt;
    bits = (bits << 6) | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>((bits >> held) & 0xFFU));
    }
    bits &= (1U << held) - 1;
  }
  if (bits != 0) return std::nullopt;
  return bytes;
}

std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text.push_back(alphabet[(bits >> held) & 63U]);
    }
    bits &= (1U << held) - 1;
  }
  if (held > 0) text.push_back(alphabet[(bits << (6 - held)) & 63U]);
  return text;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  auto text = encode(bytes, standard);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

std::string base64url_encode(std::string_view bytes) { return encode(bytes, url_safe); }

std::optional<std::string> base64url_decode(std::string_view text) {
  static constexpr auto values = reversed(url_safe);
  return decode(text, values);
}

std::optional<std::string> base64_decode(std::string_view text) {
  static constexpr auto values = reversed(standard);
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return decode(text, values);
}

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
