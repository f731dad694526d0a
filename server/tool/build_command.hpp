// `texbuild build`: one build, or one after every change.
#pragma once

#include <span>
#include <string>

namespace texbuild_tool {

/// Blocks until it is done; gives an `exit_code`.
int run_build_command(std::span<const std::string> arguments);

}  // namespace texbuild_tool
