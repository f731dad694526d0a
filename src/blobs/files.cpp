#include "src/blobs/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace blobs {

error system_error(std::string what) {
  const int code = errno;
  const bool full = code == ENOSPC || code == EDQUOT;
  return error(full ? errc::insufficient_storage : errc::unavailable, full ? "the disk is full" : std::move(what),
               std::generic_category().message(code));
}

result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(cannot_write);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

result<void> copy_all(int from, int to) {
  constexpr std::size_t piece = 1U << 20;
  bool in_kernel = true;
  std::vector<char> buffer;
  for (;;) {
    if (in_kernel) {
      const auto copied = ::copy_file_range(from, nullptr, to, nullptr, piece * 64, 0);
      if (copied > 0) continue;
      if (copied < 0 && (errno == ENOSPC || errno == EDQUOT)) return system_error(cannot_write);
      in_kernel = false;  // the end, or this pair of file systems cannot: reading finds out which
      buffer.resize(piece);
    }
    const auto got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("the file cannot be read");
    if (got == 0) return {};
    if (auto done = write_all(to, std::string_view(buffer.data(), static_cast<std::size_t>(got))); !done) return done;
  }
}

result<void> sync(int fd) {
  if (::fsync(fd) != 0) return system_error(cannot_write);
  return {};
}

result<descriptor> open_regular(int folder, const char* name) {
  // O_NONBLOCK: opening a FIFO that someone planted must not wait for its other end.
  descriptor file(::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return error(errc::not_found, "there is no such file");
    if (errno == ELOOP || errno == ENXIO) return error(errc::invalid_input, "this is no regular file");
    return system_error("the file cannot be read");
  }
  struct stat facts = {};
  if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return error(errc::invalid_input, "this is no regular file");
  }
  return file;
}

}  // namespace blobs
}  // namespace v0
}  // namespace texbuild
