#include "server/tool/terminal_text.hpp"

#include <texbuild/text.hpp>

#include <algorithm>
#include <cstdint>
#include <sys/ioctl.h>
#include <unistd.h>

namespace texbuild_tool {
namespace {

/// U+0080 … U+009F, and the marks that turn the direction of writing round.
bool obeyed_by_terminals(std::string_view character) {
  if (character.size() == 1) {
    const auto c = static_cast<unsigned char>(character[0]);
    return c < 0x20 || c == 0x7F;
  }
  if (character.size() == 2) return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
  if (character.size() != 3 || character[0] != '\xE2') return false;
  const auto last = static_cast<unsigned char>(character[2]);
  return (character[1] == '\x80' && ((last >= 0x8E && last <= 0x8F) || (last >= 0xA8 && last <= 0xAE))) ||
         (character[1] == '\x81' && last >= 0xA6 && last <= 0xA9);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = texbuild::utf8_character(text);
    const auto character = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(character.size());
    if (character == "\t") {
      out += ' ';
    } else if (length == 0 || obeyed_by_terminals(character)) {
      out += '?';
    } else {
      out += character;
    }
  }
  return out;
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    out.push_back(text.substr(0, std::max<std::size_t>(texbuild::utf8_character(text), 1)));
    text.remove_prefix(out.back().size());
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t most) {
  const auto all = characters(text);
  if (all.size() <= most) return std::string(text);
  constexpr std::string_view mark = "...";
  std::string out;
  for (std::size_t i = 0; i + mark.size() < most; ++i) out += all[i];
  return out += mark.substr(0, most);
}

bool is_utf8_locale(const variable_reader& variable) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {  // the first that is set counts
    auto value = variable(name);
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

bool is_live_terminal(int fd, const variable_reader& variable) {
  const auto kind = variable("TERM");
  return ::isatty(fd) == 1 && !kind.empty() && kind != "dumb";
}

std::size_t terminal_columns(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

std::string counted(std::size_t number, std::string_view thing) {
  std::string out = std::to_string(number) + " " + std::string(thing);
  if (number == 1) return out;
  if (thing.ends_with('s')) out += 'e';
  return out += 's';
}

}  // namespace texbuild_tool
