// Starts bubblewrap, and what happens in the child before it runs: descriptors, limits, and giving up root. Everything
// is prepared before the child is made; in the child only system calls are made, for the parent has threads.
#pragma once

#include <texbuild/process.hpp>

#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace process {

/// How a child is to be started. Fill it in, then call `start` once.
struct child_setup {
  /// Descriptor of the parent (all above 20) → descriptor of the child.
  std::vector<std::pair<int, int>> descriptors;
  std::vector<std::pair<__rlimit_resource_t, rlimit>> limits;

  // As root only: the folders are bound to a place that `user` can reach, and the child becomes `user`.
  bool drop_root = false;
  uid_t user = 0;
  std::string stage;                                        ///< an empty place to mount on, such as "/mnt"
  std::vector<std::pair<std::string, std::string>> staged;  ///< host folder → folder below `stage`

  /// When the machine's root folder lets only root in, `user` could not even find its programs: then the child gets a
  /// root of its own, at `root`, that shows the same. Empty when that is not needed. As root only, with `stage` set.
  void show_closed_root();

  /// Starts `program` as the first process of a PID namespace of its own: when it dies, by any hand, or its parent
  /// does, nothing it started is left, however far it had come. (Boost.Process can only fork: a parent killed at the
  /// wrong moment then left a half made sandbox behind.) Returns its number, or an errno, negated.
  [[nodiscard]] pid_t start(const std::string& program, const std::vector<std::string>& arguments);

 private:
  [[nodiscard]] int run() const noexcept;  // in the child; 0 or an errno
  [[nodiscard]] int keep_own_user() const noexcept;
  [[nodiscard]] int see_own_processes() const noexcept;
  [[nodiscard]] int become_user() const noexcept;
  [[nodiscard]] int enter_own_root() const noexcept;

  int parent_ = -1;  // pidfd: the child dies with it
  std::string user_map_;
  std::string group_map_;
  std::string root_;
  std::vector<std::pair<std::string, std::string>>
      root_folders_;  // folder of the machine's root → the same below root_
  std::vector<std::pair<std::string, std::string>> root_links_;  // target → link
};

/// The limits that the kernel keeps for each process; those of the whole tree are watched from outside.
std::vector<std::pair<__rlimit_resource_t, rlimit>> kernel_limits(const process_limits& limits);

}  // namespace process
}  // namespace v0
}  // namespace texbuild
