// Command lines, with errors that help.
#pragma once

#include <texbuild/error.hpp>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/positional_options.hpp>
#include <boost/program_options/variables_map.hpp>

#include <span>
#include <string>

namespace texbuild_tool {

/// `errc::invalid_input` with one line that names the argument, and the option that may have been meant.
/// With `--help` in it, nothing is missing.
texbuild::result<boost::program_options::variables_map> parse_arguments(
    std::span<const std::string> arguments, const boost::program_options::options_description& options,
    const boost::program_options::positional_options_description& positional = {});

}  // namespace texbuild_tool
