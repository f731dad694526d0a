// Sees when the files of a project change. Looks at them again and again: that works on every file system, network
// mounts included, and a project has thousands of files at most.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace texbuild_tool {

/// What tells one state of a file from another.
struct file_mark {
  std::uint64_t bytes = 0;
  std::int64_t changed_ns = 0;
  std::uint64_t number = 0;  ///< inode: editors replace files
  friend bool operator==(const file_mark&, const file_mark&) = default;
};

class watcher {
 public:
  using marks = std::map<std::string, file_mark>;

  /// `target` is a folder or a file. `ignored` are files that the tool itself writes, and their half-written forms.
  watcher(std::filesystem::path target, const std::vector<std::filesystem::path>& ignored,
          std::chrono::milliseconds pause = std::chrono::milliseconds(250));

  /// All files as they are now; hidden ones and editors' backups (`x~`) are left out.
  [[nodiscard]] marks look() const;
  /// Blocks until the files differ from `seen` and have stayed the same for one pause. False after `stop`.
  [[nodiscard]] bool wait_for_change(const marks& seen, const std::stop_token& stop) const;

 private:
  [[nodiscard]] bool is_ignored(const std::filesystem::path& file) const;

  std::filesystem::path target_;
  std::vector<std::string> ignored_;
  std::chrono::milliseconds pause_;
};

}  // namespace texbuild_tool
