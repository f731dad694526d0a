#include "server/tool/source_excerpt.hpp"

#include "server/tool/terminal_text.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace texbuild_tool {
namespace {

std::optional<std::string_view> line_of(std::string_view text, int number) {
  for (int i = 1; i < number; ++i) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(end + 1);
  }
  auto line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

struct span_of_bytes {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// TeX breaks its copy of the line ("l.12 So far \foo" and the rest below it) where it stopped reading.
std::optional<span_of_bytes> stopped_at(std::string_view line, const texbuild::diagnostic& note) {
  const auto number = "l." + std::to_string(note.line) + " ";
  std::string_view context = note.context;
  const auto at = context.starts_with(number) ? 0 : context.find("\n" + number);
  if (at == std::string_view::npos) return std::nullopt;
  auto read = context.substr(at == 0 ? number.size() : at + 1 + number.size());
  read = read.substr(0, read.find('\n'));
  if (read.starts_with("...")) read.remove_prefix(3);
  while (read.ends_with(' ')) read.remove_suffix(1);
  if (read.empty()) return std::nullopt;
  const auto found = line.find(read);
  if (found == std::string_view::npos) return std::nullopt;
  span_of_bytes out{found + read.size() - 1, found + read.size()};
  const auto is_letter = [&](std::size_t i) {
    return std::isalpha(static_cast<unsigned char>(line[i])) || line[i] == '@';
  };
  std::size_t word = out.end;
  while (word > found && is_letter(word - 1)) --word;
  if (word > 0 && line[word - 1] == '\\') {
    out.begin = word - 1;  // a command: all of it
  } else if (out.begin > 0 && line[out.begin - 1] == '\\') {
    --out.begin;  // such as `\,`
  }
  while (out.begin > 0 && (static_cast<unsigned char>(line[out.begin]) & 0xC0U) == 0x80U) --out.begin;
  return out;
}

}  // namespace

std::string source_excerpt(std::string_view text, const texbuild::diagnostic& note, std::size_t columns) {
  if (note.line < 1) return {};
  const auto line = line_of(text, note.line);
  if (!line || line->find_first_not_of(" \t") == std::string_view::npos) return {};
  const auto mark = stopped_at(*line, note);
  const auto shown = printable(*line);
  const auto all = characters(shown);
  const auto gutter = std::to_string(note.line);
  const std::string margin = "  " + gutter + " | ";
  const std::size_t room = std::max<std::size_t>(columns, margin.size() + 20) - margin.size();

  std::size_t begin = 0;
  std::size_t end = 0;
  if (mark) {
    begin = characters(printable(line->substr(0, mark->begin))).size();
    end = characters(printable(line->substr(0, mark->end))).size();
  }
  // A long line (a paragraph without breaks) shows the part around the mark.
  const std::size_t first = end > room ? std::min(end - room / 2, begin) : 0;
  std::string out = margin;
  for (std::size_t i = first; i < std::min(all.size(), first + room); ++i) out += all[i];
  out += '\n';
  if (mark) {
    out += std::string(gutter.size() + 2, ' ') + " | " + std::string(begin - first, ' ') + '^' +
           std::string(std::min(end - begin, room) - 1, '~') + '\n';
  }
  return out;
}

}  // namespace texbuild_tool
