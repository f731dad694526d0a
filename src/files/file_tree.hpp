// Files that a build may have written, touched without trusting them: no link is followed, only regular files are read.
#pragma once

#include "src/base/descriptor.hpp"

#include <texbuild/error.hpp>

#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace files {

/// What identifies a file's content for as long as nobody plays with its times.
struct file_mark {
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t changed_ns = 0;
  friend bool operator==(const file_mark&, const file_mark&) = default;
};

/// Of an open file; nothing for an invalid descriptor.
std::optional<file_mark> mark_of(const descriptor& file);

/// A folder that hostile programs worked in, after the last of them is gone. Not for several threads at once.
class file_tree {
 public:
  explicit file_tree(std::filesystem::path root) : root_(std::move(root)) {}
  [[nodiscard]] const std::filesystem::path& root() const noexcept { return root_; }

  /// Calls `visit` for each regular file below the root, with its relative name; at most `most` files. Links and
  /// special files are passed over.
  void each_file(std::size_t most, const std::function<void(const std::string& name, const file_mark&)>& visit) const;
  /// Opens a regular file for reading; an invalid descriptor for anything else.
  [[nodiscard]] descriptor open(std::string_view name) const;
  /// The first `most` bytes of a regular file. `errc::not_found`.
  [[nodiscard]] result<std::string> read(std::string_view name, std::uint64_t most) const;
  [[nodiscard]] bool has_file(std::string_view name) const { return static_cast<bool>(open(name)); }
  /// Whether there is anything of that name, be it a link.
  [[nodiscard]] bool has_anything(std::string_view name) const { return static_cast<bool>(open_at(name, O_PATH)); }
  [[nodiscard]] bool has_folder(std::string_view name) const;
  /// Size of a regular file; 0 if there is none.
  [[nodiscard]] std::uint64_t size(std::string_view name) const;
  /// Makes a new file, with a time long ago: whoever writes it again changes its mark. Empty if there is anything of
  /// that name, or no folder for it.
  std::optional<file_mark> create(std::string_view name, std::string_view bytes) const;
  /// Removes a file; false if that was not possible.
  bool remove(std::string_view name) const;
  /// Renames a regular file inside the same folder; false if that was not possible.
  bool rename(std::string_view from, std::string_view to) const;

 private:
  [[nodiscard]] descriptor open_at(std::string_view name, int flags) const;
  std::filesystem::path root_;
};

}  // namespace files
}  // namespace v0
}  // namespace texbuild
