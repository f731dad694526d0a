#include "src/tex/log_text.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace tex {
namespace {

constexpr std::string_view sandbox_folder = "/job/";

// Length of the valid UTF-8 sequence that `text` begins with; 0 if it is broken.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || length > text.size()) {
    return 0;
  }
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0U) != 0x80) {
      return 0;
    }
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool too_large = first == 0xF4 && byte(1) >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

// Whether TeX broke this line: it has the full length, counted in bytes (pdfTeX) or in characters (XeTeX); LuaTeX stops
// a little earlier rather than inside a character.
bool is_full(std::string_view line, std::string_view next) noexcept {
  constexpr std::size_t full = 79;
  // Source lines around an error are cut to fit ("...") and never broken.
  if (line.size() < full - 3 || line.size() > full * 4 || line.ends_with("...")) {
    return false;
  }
  if (line.size() == full) {
    return true;
  }
  const auto characters = static_cast<std::size_t>(
      std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
  return characters == full ||
         (line.size() < full && !next.empty() && static_cast<unsigned char>(next.front()) >= 0xC0);
}

// Lines that begin something new even if the one before happens to be 79 characters long.
bool begins_anew(std::string_view line) noexcept {
  constexpr std::array<std::string_view, 10> starts{"! ",          "LaTeX ",       "Package ",           "Class ",
                                                    "Overfull \\", "Underfull \\", "Output written on ", "No file ",
                                                    "l.",          "Runaway "};
  return line.empty() ||
         std::ranges::any_of(starts, [line](std::string_view start) { return line.starts_with(start); });
}

}  // namespace

std::string clean(std::string_view text, std::size_t most_bytes) {
  std::string good;
  while (!text.empty() && good.size() < most_bytes) {
    const auto length = sequence_length(text);
    if (length == 0) {
      good += "\xEF\xBF\xBD";
    } else if (length == 2 && text.front() == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0) {
      // the other control characters: terminals obey them too
    } else if (length == 1 && (static_cast<unsigned char>(text.front()) < 0x20 || text.front() == 0x7F)) {
      good += text.front() == '\t' ? " " : "";
    } else {
      good += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  if (!text.empty()) {
    good += "…";
  }
  const auto end = good.find_last_not_of(' ');
  good.erase(end == std::string::npos ? 0 : end + 1);
  good.erase(0, good.find_first_not_of(' '));
  return good;
}

bool is_outside(std::string_view name) { return name.starts_with('/') && !name.starts_with(sandbox_folder); }

std::string project_path(std::string_view name, std::string_view working_folder) {
  std::string unquoted;
  std::ranges::copy_if(name, std::back_inserter(unquoted), [](char c) { return c != '"'; });
  std::string_view rest(unquoted);
  if (is_outside(rest)) {
    return clean(rest.substr(rest.rfind('/') + 1));
  }
  std::vector<std::string_view> parts;
  const auto add = [&parts](std::string_view path) {
    while (!path.empty()) {
      const auto slash = std::min(path.find('/'), path.size());
      const auto part = path.substr(0, slash);
      path.remove_prefix(std::min(slash + 1, path.size()));
      if (part == ".." && !parts.empty()) {
        parts.pop_back();
      } else if (!part.empty() && part != "." && part != "..") {
        parts.push_back(part);
      }
    }
  };
  if (rest.starts_with(sandbox_folder)) {
    rest.remove_prefix(sandbox_folder.size());
  } else {
    add(working_folder);
  }
  add(rest);
  std::string path;
  for (const auto part : parts) {
    path.append(path.empty() ? "" : "/").append(part);
  }
  return clean(path);
}

int number_at(std::string_view text) {
  constexpr int largest = 100'000'000;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      break;
    }
    value = value * 10 + (c - '0');
    if (value > largest) {
      return 0;
    }
  }
  return value;
}

std::string_view log_lines::take_physical() {
  const auto end = std::min(rest_.find('\n'), rest_.size());
  auto line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

const std::string* log_lines::peek(std::size_t ahead) {
  constexpr std::size_t longest = 16'384;
  while (ahead_.size() <= ahead) {
    if (rest_.empty()) {
      return nullptr;
    }
    auto physical = take_physical();
    std::string line(physical.substr(0, longest));
    while (!rest_.empty() && line.size() < longest) {
      const auto next = rest_.substr(0, std::min(rest_.find('\n'), longest));
      if (!is_full(physical, next) || begins_anew(next)) {
        break;
      }
      physical = take_physical();
      line += physical.substr(0, longest);
    }
    ahead_.push_back(std::move(line));
  }
  return &ahead_[ahead];
}

void log_lines::drop(std::size_t lines) {
  for (; lines > 0 && peek() != nullptr; --lines) {
    ahead_.pop_front();
  }
}

void diagnostic_list::add(diagnostic d) {
  auto& list = levels_.at(static_cast<std::size_t>(d.level));
  if (list.size() < most && seen_.insert(std::string(to_string(d.level)) + ' ' + to_string(d)).second) {
    list.push_back(std::move(d));
  }
}

diagnostic* diagnostic_list::last_error() { return levels_[0].empty() ? nullptr : &levels_[0].back(); }

std::vector<diagnostic> diagnostic_list::take() {
  std::vector<diagnostic> all;
  for (auto& level : levels_) {
    for (auto& d : level) {
      if (all.size() < most) {
        all.push_back(std::move(d));
      }
    }
    level.clear();
  }
  seen_.clear();
  return all;
}

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
