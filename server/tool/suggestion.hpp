// "Did you mean …" for mistyped words.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace texbuild_tool {

/// The known word that is nearest to `typed`, if it is near enough to have been meant; else "".
std::string nearest(std::string_view typed, std::span<const std::string> known);

/// "; did you mean 'build'?", or "".
std::string did_you_mean(std::string_view typed, std::span<const std::string> known);

}  // namespace texbuild_tool
