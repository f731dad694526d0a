// Which TeX Live this machine has, as one word that changes when it does.
#pragma once

#include <string>

namespace texbuild {
inline namespace v0 {
namespace process {

/// Changes when packages, formats, engines or helpers are installed, removed or updated. A few microseconds.
std::string tex_generation();

}  // namespace process
}  // namespace v0
}  // namespace texbuild
