// A parked engine that has loaded what every job needs and no byte of any user, and the rooms that it opens for them.
#pragma once

#include "src/base/descriptor.hpp"
#include "src/process/walls.hpp"
#include "src/warm/engine_kinds.hpp"
#include "src/warm/protocol.hpp"

#include <texbuild/process.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// A place of its own for one project's jobs, behind the same walls as any sandbox. Gone with the object.
class room {
 public:
  room() = default;
  room(descriptor control, descriptor process, pid_t pid)
      : control_(std::move(control)), process_(std::move(process)), pid_(pid) {}
  room(room&&) noexcept = default;
  room& operator=(room&&) = delete;
  ~room();

  /// Waits until its walls stand; says what is wrong, or nothing.
  [[nodiscard]] std::string ready(std::chrono::milliseconds patience) const;
  /// Where orders go; jobs too, each with its output, the socket that gets one `ended`, and those for copies.
  [[nodiscard]] int control() const noexcept { return control_.get(); }
  /// Stops all that runs in it; kills it where that cannot be. Nothing of it writes any more when this returns.
  void still() const;
  /// Lets one that was stopped go on. False: the room is gone, or does not answer.
  [[nodiscard]] bool go(pid_t process) const;
  /// Ends one.
  void end(pid_t process) const { (void)tell(order::end, process); }
  /// Kills all that runs in it.
  void kill() const;
  /// The same by asking; both may be called again.
  void close() { control_.close(); }
  /// Of its first process, as this process sees it.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  bool tell(order what, pid_t process) const;

  descriptor control_;
  descriptor process_;  // pidfd
  pid_t pid_ = 0;
};

/// What a fork server needs to start.
struct server_place {
  std::filesystem::path preload;    ///< folder of preload.so, which parks an engine
  std::filesystem::path folder;     ///< an empty one of its own
  std::filesystem::path jobs;       ///< all job folders lie below it …
  std::filesystem::path projects;   ///< … or below this one
  std::vector<folder_view> caches;  ///< shown read-only
};

/// Thread safe, but for starting and ending.
class fork_server {
 public:
  /// Blocks until it is parked. The engine dies with the thread that called. An error says what this machine lacks.
  static result<std::unique_ptr<fork_server>> start(const process::walls& around, engine_kind kind,
                                                    const server_place& place);
  fork_server(const fork_server&) = delete;
  fork_server& operator=(const fork_server&) = delete;
  ~fork_server();

  /// For two folders below `jobs` or `projects`. An error when the server is gone or the walls do not stand.
  result<room> open(const std::filesystem::path& job, const std::filesystem::path& scratch);

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  fork_server(server_place place, descriptor control, pid_t pid)
      : place_(std::move(place)), control_(std::move(control)), pid_(pid) {}

  server_place place_;
  std::mutex talking_;
  descriptor control_;
  pid_t pid_;
};

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
