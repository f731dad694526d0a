/// @file
/// What is on this machine, and what is missing: the knowledge behind `texbuild doctor` and a server's readiness.
#pragma once

#include <texbuild/error.hpp>

#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {

class process_runner;

/// One thing that was looked for.
struct installation_finding {
  std::string name;       ///< "pdflatex", "sandbox", "lualatex font cache", …
  bool required = false;  ///< nothing works without it
  bool found = false;
  std::string detail;  ///< version or path, or what is wrong
  std::string fix;     ///< the command that installs it; "" when found, or when `detail` says what to do
};

/// Looks for the engines, helper programs and the sandbox. Starts each once (`--version`); blocks for about a second.
TEXBUILD_API std::vector<installation_finding> inspect_installation(process_runner* sandbox);

}  // namespace v0
}  // namespace texbuild
