// Ground for the log parsers: lines of a log as TeX meant them, clean text, names as seen from the project, and the
// list that diagnostics are gathered in.
#pragma once

#include <texbuild/build.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace tex {

/// One line of text, at most `most_bytes`: valid UTF-8, no control characters, blanks at the ends cut.
[[nodiscard]] std::string clean(std::string_view text, std::size_t most_bytes = 600);

/// A file as seen from the project: without the sandbox's folder, with the working folder, without quotes and ".".
/// Of a file outside the project (a package) only its last name is left.
[[nodiscard]] std::string project_path(std::string_view name, std::string_view working_folder);

/// Whether `name`, as an engine prints it, lies outside the project.
[[nodiscard]] bool is_outside(std::string_view name);

/// The decimal number that `text` begins with; 0 if there is none or it is too large.
[[nodiscard]] int number_at(std::string_view text);

/// The lines of a log. TeX breaks its lines after 79 characters; these are joined again.
class log_lines {
 public:
  explicit log_lines(std::string_view text) : rest_(text) {}
  /// The line `ahead` of the next one; nullptr past the end. Valid until `drop`.
  [[nodiscard]] const std::string* peek(std::size_t ahead = 0);
  void drop(std::size_t lines = 1);

 private:
  [[nodiscard]] std::string_view take_physical();
  std::string_view rest_;
  std::deque<std::string> ahead_;
};

/// Errors first, then warnings, then infos; the same thing twice is kept once.
class diagnostic_list {
 public:
  static constexpr std::size_t most = 200;
  void add(diagnostic d);
  /// The error that was added last, to complete it; nullptr if there is none.
  [[nodiscard]] diagnostic* last_error();
  [[nodiscard]] bool has_errors() const { return !levels_[0].empty(); }
  [[nodiscard]] std::vector<diagnostic> take();

 private:
  std::array<std::vector<diagnostic>, 3> levels_;
  std::unordered_set<std::string> seen_;
};

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
