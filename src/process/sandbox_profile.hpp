// The walls around a child, as the command line of bubblewrap.
#pragma once

#include <texbuild/process.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace process {

/// The child finds the seccomp filter here.
inline constexpr int seccomp_descriptor = 10;

/// Where things are on this machine; found once.
struct machine {
  std::string bwrap;                 ///< host path
  std::vector<std::string> visible;  ///< read-only host paths, seen at the same place
  std::vector<std::string> links;    ///< symbolic links of the root folder, such as /bin
  std::string path;                  ///< PATH inside
};

/// Looks around. `errc::unavailable` when bubblewrap or TeX Live is not there.
result<machine> inspect_machine(const sandbox_options& options);

/// Host paths of the command's own folders, as bubblewrap finds them.
struct own_folders {
  std::string job;
  std::string scratch;
  std::vector<std::string> readable;  ///< one for each of `command::readable`
  std::vector<std::string> writable;
};

/// The whole argv after "bwrap". `filtered`: it takes the system call filter from `seccomp_descriptor`.
std::vector<std::string> sandbox_arguments(const machine& here, const command& what, const own_folders& own,
                                           bool filtered);

}  // namespace process
}  // namespace v0
}  // namespace texbuild
