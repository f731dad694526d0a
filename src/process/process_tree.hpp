// What a running command uses, sampled from outside: its processes through /proc, its files by looking at them.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <sys/types.h>

namespace texbuild {
inline namespace v0 {
namespace process {

struct tree_usage {
  std::uint32_t processes = 0;       ///< but for stopped ones
  std::uint64_t memory_bytes = 0;    ///< of those, resident; shared pages count once for each process
  std::chrono::milliseconds cpu{0};  ///< of all processes and of their dead children
};

/// The process `root` and all below it. Stops counting at `most` processes.
tree_usage sample_tree(pid_t root, std::uint32_t most);

/// Memory that belongs to one process alone, of `root` and all below it, or of the stopped ones among them. Reads page
/// tables: milliseconds, not for each sample. Stops counting at `most` processes.
std::uint64_t private_memory(pid_t root, std::uint32_t most, bool stopped_only = false);

struct disk_usage {
  std::uint64_t bytes = 0;  ///< allocated
  std::uint64_t files = 0;  ///< files and folders
  bool too_deep = false;    ///< folders nest deeper than anyone looks
};

/// Files that have no name any more, but are open in the process `root` or one below it: they take space as long as
/// they are. Stops at `most` processes.
disk_usage sample_nameless_files(pid_t root, std::uint32_t most);

/// Everything below a folder; links are counted, not followed. Stops at `most_files`, or when it is too deep.
disk_usage sample_folder(const std::filesystem::path& folder, std::uint64_t most_files);

}  // namespace process
}  // namespace v0
}  // namespace texbuild
