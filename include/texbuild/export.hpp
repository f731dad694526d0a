/// @file
/// Symbol visibility. Static by default; a shared build defines TEXBUILD_SHARED for its users and TEXBUILD_BUILDING for
/// itself.
#pragma once

#if defined(TEXBUILD_SHARED)
#define TEXBUILD_API __attribute__((visibility("default")))
#else
#define TEXBUILD_API
#endif
