#include "src/tex/file_stack.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace tex {
namespace {

bool ends_name(std::string_view text, std::size_t at) {
  return at >= text.size() || std::string_view(" ()[]{}<>").find(text[at]) != std::string_view::npos;
}

// Length of the file name that `text` begins with, 0 if it is none: quoted, or up to an extension that is followed by
// an end; blanks inside are taken only if no extension comes before them.
std::size_t name_length(std::string_view text) {
  constexpr std::size_t longest_name = 512;
  constexpr std::size_t longest_extension = 10;
  text = text.substr(0, longest_name);
  if (text.starts_with('"')) {
    const auto close = text.find('"', 1);
    return close == std::string_view::npos ? 0 : close + 1;
  }
  const bool path = text.starts_with("./") || text.starts_with("../") || text.starts_with('/');
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(' || c == ')' || (c == ' ' && !path)) {
      return 0;
    }
    if (c != '.') {
      continue;
    }
    auto end = at + 1;
    while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end])) != 0 &&
           end - at <= longest_extension) {
      ++end;
    }
    if (end > at + 1 && ends_name(text, end)) {
      return end;
    }
  }
  return 0;
}

}  // namespace

void file_stack::read(std::string_view line) {
  constexpr std::size_t deepest = 2000;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '(') {
      const auto length = name_length(line.substr(at + 1));
      if (open_.size() < deepest) {
        open_.emplace_back(line.substr(at + 1, length));
      } else {
        ++too_deep_;
      }
      at += length;
    } else if (line[at] == ')') {
      if (too_deep_ > 0) {
        --too_deep_;
      } else if (!open_.empty()) {
        if (!open_.back().empty()) {
          last_closed_ = std::move(open_.back());
        }
        open_.pop_back();
      }
    }
  }
}

std::string_view file_stack::top() const {
  const auto found = std::find_if(open_.rbegin(), open_.rend(), [](const std::string& name) { return !name.empty(); });
  return found == open_.rend() ? std::string_view{} : *found;
}

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
