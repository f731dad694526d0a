// `texbuild warm`: makes the fonts that all later builds share.
#pragma once

#include <span>
#include <string>

namespace texbuild_tool {

/// Blocks for up to minutes; gives an `exit_code`.
int run_warm_command(std::span<const std::string> arguments);

}  // namespace texbuild_tool
