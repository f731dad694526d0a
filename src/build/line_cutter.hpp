// Cuts what programs print into lines for the events.
#pragma once

#include "src/tex/log_text.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace build {

/// Cuts a stream into lines for the events: text without control characters, whatever a program prints.
class line_cutter {
 public:
  template <class F>
  void feed(std::string_view chunk, F&& line) {
    for (const char c : chunk) {
      if (c == '\n') {
        if (rest_.empty()) continue;
        const auto indent = std::min(rest_.find_first_not_of(' '), rest_.size());
        line(std::string_view(std::string(indent, ' ') + tex::clean(rest_, most_line)));
        rest_.clear();
      } else if (c != '\r' && rest_.size() < most_line) {
        rest_ += c;
      }
    }
  }

 private:
  static constexpr std::size_t most_line = 2000;  // characters of one line
  std::string rest_;
};

}  // namespace build
}  // namespace v0
}  // namespace texbuild
