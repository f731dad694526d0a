// Names of files as seen from a folder of the project or from its root. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace files {

/// "a", "b" → "a/b"; "", "b" → "b".
std::string join(std::string_view folder, std::string_view name);
/// "a/b" → "a"; "b" → "".
std::string folder_of(std::string_view name);
/// "./a//../b" → "b"; empty when it leads above the root.
std::optional<std::string> tidy(std::string_view name);

}  // namespace files
}  // namespace v0
}  // namespace texbuild
