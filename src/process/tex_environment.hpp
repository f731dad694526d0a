// The environment of every program in the sandbox: where TeX writes, where it finds fonts that were made before.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace process {

/// Names and values. `/tmp` is private to a build, `/cache` is shared and read-only.
std::vector<std::pair<std::string, std::string>> tex_environment();

}  // namespace process
}  // namespace v0
}  // namespace texbuild
