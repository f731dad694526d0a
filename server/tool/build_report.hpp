// What came of a build: for a person as compilers say it, for a program as JSON.
#pragma once

#include <texbuild/build.hpp>
#include <texbuild/error.hpp>

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace texbuild_tool {

struct report_style {
  bool warnings = false;  ///< list them all
  std::size_t columns = 100;
  /// A name of the project as the user would write it.
  std::function<std::string(const std::string&)> shown_name;
  /// The text of a file of the project, if it has it.
  std::function<std::optional<std::string>(const std::string&)> source;

  report_style() = default;
};

/// Errors with their source lines, then the warnings or their number.
void print_diagnostics(std::ostream& out, const texbuild::build_outcome& outcome, const report_style& style);

/// What was written where.
struct written_files {
  std::string pdf;  ///< empty: no PDF
  std::string synctex;
  std::string log;
  int pages = 0;  ///< 0: not known
};

/// One line: "paper.pdf: 12 pages, 3 passes, 2.1 s", or why there is none.
std::string summary(const texbuild::build_outcome& outcome, const written_files& files);

/// One line with a JSON object.
std::string to_json(const texbuild::build_outcome& outcome, const written_files& files, int exit_code);
/// The same shape for what was refused before TeX ran: `status` is "error".
std::string to_json(const texbuild::error& refused, int exit_code);

}  // namespace texbuild_tool
