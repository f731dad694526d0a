// The preloaded object as this library carries it: whoever links the library needs no file beside it.
#pragma once

#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace warm {

[[nodiscard]] std::string_view preload_image() noexcept;

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
