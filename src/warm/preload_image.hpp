// What waiting engines load, as this library carries it: whoever links the library needs no file beside it.
#pragma once

#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// The preloaded object.
[[nodiscard]] std::string_view preload_image() noexcept;
/// texbuild_wait.pm, with which biber waits.
[[nodiscard]] std::string_view perl_module() noexcept;

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
