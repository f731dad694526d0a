// Starts a command in a sandbox: bubblewrap behind a child that gave up root, with the folders it may see.
#pragma once

#include "src/base/descriptor.hpp"
#include "src/process/sandbox_profile.hpp"

#include <texbuild/process.hpp>

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace process {

/// What to do about a machine without namespaces.
inline constexpr const char* no_namespaces =
    "the sandbox does not start: user namespaces seem to be switched off; allow them with 'sysctl "
    "kernel.unprivileged_userns_clone=1' (in a container: run it with the rights to make namespaces and to mount "
    "/proc, "
    "such as Docker's --privileged)";

/// How it differs from a user's command.
struct start_options {
  /// Our own descriptors, all above 20 → the child's. 0, 1 and 2 have to be among them.
  std::vector<std::pair<int, int>> descriptors;
  /// Whether bubblewrap closes the list of system calls. A fork server does that itself, for its children.
  bool filtered = true;
  /// Folders that the command may write to, but that stay whose they are.
  std::vector<folder_view> shared;
};

/// What all sandboxes of this machine have in common. Thread safe.
class walls {
 public:
  /// `errc::unavailable`, with what to install.
  static result<walls> make(const sandbox_options& options);

  /// The number of the child, which has to be waited for. It dies with the thread that called.
  result<pid_t> start(const command& what, start_options options) const;

  [[nodiscard]] const machine& here() const noexcept { return here_; }
  /// Gives a folder, with all below it, to the user that sandboxes run as.
  void give_away(const std::filesystem::path& folder) const;

 private:
  walls(machine here, std::string filter, unsigned user)
      : here_(std::move(here)), filter_(std::move(filter)), user_(user) {}
  [[nodiscard]] std::string stage_for(const std::vector<std::string*>& folders) const;

  machine here_;
  std::string filter_;
  unsigned user_;
};

/// A descriptor of /dev/null, fit for `start_options::descriptors`.
descriptor null_descriptor();

}  // namespace process
}  // namespace v0
}  // namespace texbuild
