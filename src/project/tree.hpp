// From the entries of a ZIP or a folder to the files of a project: links become copies, the folder that wraps
// everything is stepped into. Pure.
#pragma once

#include <texbuild/project.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace projects {

enum class entry_kind { file, folder, link };

/// One thing that came in. `name` went through `checked_name`; `origin` is where its source finds the bytes.
struct entry {
  std::string name;
  entry_kind kind = entry_kind::file;
  std::uint64_t bytes = 0;
  std::string target;  ///< of a link
  std::size_t origin = 0;
};

struct file_tree {
  std::vector<project_file> files;         ///< sorted by name
  std::vector<std::size_t> origins;        ///< for each file
  std::vector<std::string> empty_folders;  ///< TeX may want to write there
  std::string wrapper;                     ///< the folder that was stepped into, or ""
  std::uint64_t total_bytes = 0;
};

/// Refuses names that are the same file or a file and a folder, and links that lead out, nowhere or in circles.
[[nodiscard]] result<file_tree> grow_tree(std::vector<entry> entries, const project_limits& limits);

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
