// The line of the source that a message means, as compilers show it.
#pragma once

#include <texbuild/build.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace texbuild_tool {

/// Two or three lines, each ended: the numbered source line, cut to `columns`, and a mark below the place where TeX
/// stopped, if its words (`context`) tell it. "" if `text` has no such line or it is blank.
std::string source_excerpt(std::string_view text, const texbuild::diagnostic& note, std::size_t columns);

}  // namespace texbuild_tool
