#include "src/project/files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace projects {
namespace {

struct close_folder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using folder_stream = std::unique_ptr<DIR, close_folder>;

// A stream of its own, since fdopendir takes the descriptor over and moves its offset.
folder_stream list(int folder) noexcept {
  const int own = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return {};
  folder_stream stream(::fdopendir(own));
  if (!stream) ::close(own);
  return stream;
}

bool is_dots(const char* name) noexcept { return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0; }

}  // namespace

std::int64_t memory_source::read(std::uint64_t offset, std::span<std::byte> out) const noexcept {
  if (offset >= bytes_.size()) return 0;
  const auto part = bytes_.subspan(offset, std::min<std::uint64_t>(out.size(), bytes_.size() - offset));
  std::copy(part.begin(), part.end(), out.begin());
  return static_cast<std::int64_t>(part.size());
}

std::int64_t file_source::read(std::uint64_t offset, std::span<std::byte> out) const noexcept {
  std::size_t done = 0;
  while (done < out.size()) {
    const auto part = out.subspan(done);
    const ssize_t got = ::pread(file_.get(), part.data(), part.size(), static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<std::int64_t>(done);
}

error system_failure(std::string what, int number) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return error(full ? errc::insufficient_storage : errc::internal, full ? "the disk is full" : std::move(what),
               std::generic_category().message(number));
}

bool write_all(int fd, std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

descriptor open_below(int folder, std::string_view path) noexcept {
  descriptor inner;
  int at = folder;
  while (true) {
    const auto slash = path.find('/');
    const std::string name(path.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    // O_NONBLOCK: opening a FIFO that someone put there must not hang.
    const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (last ? O_NONBLOCK : O_DIRECTORY);
    inner = descriptor(::openat(at, name.c_str(), flags));
    if (!inner) return {};
    if (last) break;
    at = inner.get();
    path.remove_prefix(slash + 1);
  }
  struct stat status {};
  if (::fstat(inner.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return inner;
}

void remove_contents(int folder) noexcept {
  const auto stream = list(folder);
  if (!stream) return;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (is_dots(entry->d_name)) continue;
    if (::unlinkat(folder, entry->d_name, 0) == 0) continue;
    const descriptor inner(::openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (inner) remove_contents(inner.get());
    ::unlinkat(folder, entry->d_name, AT_REMOVEDIR);
  }
}

bool is_empty_folder(int folder) noexcept {
  const auto stream = list(folder);
  if (!stream) return false;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (!is_dots(entry->d_name)) return false;
  }
  return true;
}

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
