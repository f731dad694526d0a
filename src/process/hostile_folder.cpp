#include "src/process/hostile_folder.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace process {
namespace {

struct close_folder {
  void operator()(DIR* d) const noexcept { ::closedir(d); }
};
using open_folder = std::unique_ptr<DIR, close_folder>;

open_folder open_stream(int at, const char* name) {
  const int fd = open_folder_at(at, name);
  open_folder stream(fd < 0 ? nullptr : ::fdopendir(fd));
  if (!stream && fd >= 0) ::close(fd);
  return stream;
}

constexpr int deepest = 32;  // folders open at once

struct rounds {
  std::uint64_t names = 0;  // given so far to what was moved
  bool moved = false;       // something, in this round
};

/// Empties a folder. What lies too deep is moved up to `top`, where the next round finds it.
void empty(DIR* folder, int top, int depth, rounds& count) {
  const int at = ::dirfd(folder);
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (::unlinkat(at, entry->d_name, 0) == 0 || (errno != EISDIR && errno != EPERM)) continue;
    if (depth >= deepest) {
      const auto aside = ".texbuild-" + std::to_string(count.names++);
      const auto unlocked = open_stream(at, entry->d_name);
      if (unlocked && ::renameat(at, entry->d_name, top, aside.c_str()) == 0) count.moved = true;
      continue;
    }
    if (const auto below = open_stream(at, entry->d_name)) empty(below.get(), top, depth + 1, count);
    (void)::unlinkat(at, entry->d_name, AT_REMOVEDIR);
  }
}

}  // namespace

int open_folder_at(int at, const char* name) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const int fd = ::openat(at, name, flags);
  if (fd >= 0 && ::faccessat(fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0) return fd;
  if (fd < 0 && errno != EACCES) return -1;
  // By descriptor: the name may be something else by now, such as a link out of the folder.
  const int itself = ::openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (itself < 0) return fd;
  const bool opened_up = ::chmod(("/proc/self/fd/" + std::to_string(itself)).c_str(), 0700) == 0;
  ::close(itself);
  if (fd >= 0 || !opened_up) return fd;
  return ::openat(at, name, flags);
}

bool fresh_folder(const std::filesystem::path& folder) {
  rounds count;
  do {
    count.moved = false;
    const auto stream = open_stream(AT_FDCWD, folder.c_str());
    if (!stream) break;
    empty(stream.get(), ::dirfd(stream.get()), 0, count);
    if (count.moved) continue;
    ::rewinddir(stream.get());
    int names = 0;
    while (::readdir(stream.get()) != nullptr) ++names;
    const int at = ::dirfd(stream.get());
    return names == 2 && ::fchown(at, ::geteuid(), ::getegid()) == 0 && ::fchmod(at, 0755) == 0;
  } while (count.moved);
  std::error_code failed;
  return remove_folder(folder) && std::filesystem::create_directory(folder, failed);
}

bool remove_folder(const std::filesystem::path& folder) {
  // Each round brings what is below `deepest` levels up to the top; it ends when there is nothing more to bring.
  rounds count;
  do {
    count.moved = false;
    if (const auto stream = open_stream(AT_FDCWD, folder.c_str())) empty(stream.get(), ::dirfd(stream.get()), 0, count);
    if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return true;
  } while (count.moved);
  struct stat info {};
  return ::lstat(folder.c_str(), &info) != 0 && errno == ENOENT;
}

}  // namespace process
}  // namespace v0
}  // namespace texbuild
