// libc's own functions, behind the ones that the preloaded object puts in front of them.
#pragma once

#include <cstdio>
#include <dirent.h>
#include <sys/types.h>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// `open`, by system call.
int real_open(const char* name, int flags, mode_t mode);
DIR* real_opendir(const char* name);
std::FILE* real_fopen(const char* name, const char* mode);

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
