// The system calls that no program in the sandbox may make.
#pragma once

#include <texbuild/error.hpp>

#include <string>

namespace texbuild {
inline namespace v0 {
namespace process {

/// The filter as the kernel takes it (struct sock_filter, one after the other).
result<std::string> make_seccomp_filter();

}  // namespace process
}  // namespace v0
}  // namespace texbuild
