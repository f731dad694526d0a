/// @file
/// Symbol visibility: everything is hidden but what carries this mark. The same in a static and in a shared build.
#pragma once

#define TEXBUILD_API __attribute__((visibility("default")))
