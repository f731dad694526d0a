// Where the tool keeps what makes the next run quicker.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace texbuild_tool {

/// Gives the value of an environment variable, "" when it is not set.
using variable_reader = std::function<std::string(const char*)>;
std::string read_variable(const char* name);

/// `$XDG_CACHE_HOME/texbuild`, else `~/.cache/texbuild`; empty when there is neither.
std::filesystem::path default_data_folder(const variable_reader& variable);

/// The font cache below a data folder, laid out as a server's: both can share one. With an empty `wanted` the default
/// folder is made; empty if that cannot be written (the run then does without).
std::filesystem::path font_cache_folder(const std::filesystem::path& wanted, const variable_reader& variable);

/// Where each document's last build is kept, below the same folder; empty if that cannot be written.
std::filesystem::path builds_folder(const std::filesystem::path& wanted, const variable_reader& variable);

}  // namespace texbuild_tool
