// What a log of TeX and of its helpers says, as values. Logs are hostile: any bytes, any length; the work is linear and
// the strings that come out are valid UTF-8.
#pragma once

#include <texbuild/build.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace tex {

/// What one run of an engine said.
struct log_summary {
  std::vector<diagnostic> diagnostics;      ///< errors, warnings, infos; each in the order of the log; at most 200
  int pages = 0;                            ///< as in "Output written on"
  std::uint64_t output_bytes = 0;           ///< the same
  bool fatal = false;                       ///< TeX gave up: no (whole) output
  bool rerun_requested = false;             ///< a package asks for another run of the engine
  std::vector<std::string> missing_files;   ///< X of "No file X.": read if there, so a later pass may find it
  std::vector<std::string> not_found;       ///< files that were asked for in vain: an error, or a refused output
  std::vector<std::string> index_commands;  ///< "makeindex -s x.ist a.idx", as imakeidx and its kin ask for
};

/// Reads the log of pdfTeX, XeTeX or LuaTeX. `working_folder` is where the engine ran, relative to the project ("" is
/// its root); files of diagnostics come out relative to the project.
[[nodiscard]] log_summary parse_log(std::string_view text, std::string_view working_folder = {});

/// The .blg of bibtex and of biber, and the .ilg of makeindex. Same rules.
[[nodiscard]] std::vector<diagnostic> parse_bibtex_log(std::string_view text, std::string_view working_folder = {});
[[nodiscard]] std::vector<diagnostic> parse_biber_log(std::string_view text, std::string_view working_folder = {});
[[nodiscard]] std::vector<diagnostic> parse_makeindex_log(std::string_view text, std::string_view working_folder = {});

/// "file:line: message" of the first error; "" if there is none.
[[nodiscard]] std::string first_error(const std::vector<diagnostic>& diagnostics);

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
