/// @file
/// The library's version.
#pragma once

#include <texbuild/export.hpp>

#include <string_view>

#define TEXBUILD_VERSION_MAJOR 0
#define TEXBUILD_VERSION_MINOR 1
#define TEXBUILD_VERSION_PATCH 0

namespace texbuild {
inline namespace v0 {

/// Version of the library that is linked, "MAJOR.MINOR.PATCH". Thread safe; the text lives for ever.
TEXBUILD_API std::string_view version() noexcept;

}  // namespace v0
}  // namespace texbuild
