/// @file
/// The seam to child processes. Every program that works on a user's files (engines, bibtex, biber, makeindex, …) is
/// started through a `process_runner`; the real one puts each into a sandbox of its own.
#pragma once

#include <texbuild/error.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// What one command may use. A limit that is hit kills the command with all its children. 0 means: no limit.
struct process_limits {
  std::chrono::milliseconds wall{std::chrono::minutes(5)};
  std::chrono::milliseconds cpu{std::chrono::minutes(5)};  ///< of the whole process tree
  std::uint64_t memory_bytes = 2ULL << 30;                 ///< resident, of the whole process tree
  std::uint32_t processes = 64;                            ///< at once
  std::uint64_t file_bytes = 512ULL << 20;                 ///< of one written file
  std::uint64_t disk_bytes = 1ULL << 30;     ///< of everything below `root` and `scratch`, and of files without a name
  std::uint64_t disk_files = 20'000;         ///< files and folders below `root` and `scratch`
  std::uint64_t output_bytes = 64ULL << 20;  ///< stdout and stderr together
};

/// Which limit ended a command.
enum class limit_kind { none, wall_time, cpu_time, memory, processes, file_size, disk, output };

/// The limit in words for a person, such as "memory limit"; "" for none.
TEXBUILD_API std::string_view to_string(limit_kind kind) noexcept;

/// A folder of the host that the command sees at another path.
struct folder_view {
  std::filesystem::path host;
  std::string inside;
};

/// One command. In the sandbox the job's folder is `/job`, `scratch` is `/tmp` and the home folder; both are all that
/// can be written. There is no network, no `/proc`, and of the host's files only programs and TeX Live.
struct command {
  std::vector<std::string> argv;                               ///< argv[0] is looked up on the sandbox's PATH
  std::filesystem::path root;                                  ///< host folder that becomes `/job`
  std::string folder;                                          ///< working folder, relative to `root`; "" is `root`
  std::filesystem::path scratch;                               ///< host folder that becomes `/tmp`; empty: a fresh one
  std::vector<std::pair<std::string, std::string>> variables;  ///< added to a small fixed environment
  std::vector<folder_view> readable;                           ///< more folders, read-only
  std::vector<folder_view> writable;                           ///< more folders, writable (font cache warming)
  process_limits limits;
};

/// How a command ended.
struct process_result {
  int exit_status = 0;                  ///< of `exit`; -1 when killed by a signal
  int signal = 0;                       ///< that killed it, or 0
  limit_kind limit = limit_kind::none;  ///< that was hit
  bool canceled = false;                ///< the stop token asked for the end
  std::chrono::milliseconds wall{0};
  std::chrono::milliseconds cpu{0};     ///< of the whole process tree
  std::uint64_t peak_memory_bytes = 0;  ///< highest seen of the whole process tree (sampled)
  [[nodiscard]] bool succeeded() const noexcept {
    return exit_status == 0 && signal == 0 && limit == limit_kind::none && !canceled;
  }
};

/// Gets stdout and stderr as they come, on the calling thread.
using output_sink = std::function<void(std::string_view)>;

/// Runs commands. Thread safe: many run at once, each on the thread that calls.
class TEXBUILD_API process_runner {
 public:
  virtual ~process_runner() = default;
  /// Runs one command to its end; blocks. When it returns, no process of the command is left. An error means that the
  /// command could not be started (`errc::unavailable`, with what to install or change), never that it failed.
  virtual result<process_result> run(const command& what, const output_sink& output, std::stop_token stop) = 0;
};

/// Settings of the sandbox.
struct sandbox_options {
  /// Where a distribution other than Debian's keeps TeX; found by itself when empty.
  std::vector<std::filesystem::path> tex_folders;
  /// With a server that runs as root: the user that sandboxes run as on the host. Default "nobody" (65534).
  unsigned int user_when_root = 65534;
};

/// The runner that confines every command. `errc::unavailable`, with what to install, if this machine offers no
/// confinement; there is no unconfined runner of what works on users' files.
TEXBUILD_API result<std::shared_ptr<process_runner>> make_sandbox(const sandbox_options& options = {});

/// Runs programs of your own, without a sandbox and without limits, for as long as they like: of a command only `argv`
/// (argv[0] is a path) and `variables` (all of its environment) count. The stop token asks a program to end by SIGTERM,
/// and kills it 5 seconds later; it is killed too when this process dies. What a program starts itself is its own
/// affair.
TEXBUILD_API std::shared_ptr<process_runner> make_program_runner();

}  // namespace v0
}  // namespace texbuild
