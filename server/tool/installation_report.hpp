// What `inspect_installation` found, for people and programs.
#pragma once

#include <texbuild/installation.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace texbuild_tool {

/// The one command that installs all that is missing, such as "apt-get install biber texlive-xetex"; "" if nothing is.
std::string install_command(const std::vector<texbuild::installation_finding>& findings);
/// Whether everything that is required is there.
bool is_complete(const std::vector<texbuild::installation_finding>& findings);

/// A table, then what to do: with `sudo`, unless `as_root`.
void print_installation(std::ostream& out, const std::vector<texbuild::installation_finding>& findings, bool utf8,
                        bool as_root);
/// One line with a JSON object.
std::string to_json(const std::vector<texbuild::installation_finding>& findings);

}  // namespace texbuild_tool
