// `texbuild doctor`: what is installed, what is missing, how to get it.
#pragma once

#include <span>
#include <string>

namespace texbuild_tool {

/// Blocks for some seconds; gives an `exit_code`.
int run_doctor_command(std::span<const std::string> arguments);

}  // namespace texbuild_tool
