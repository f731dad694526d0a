// Files by descriptor, with errors in our words.
#pragma once

#include <texbuild/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace blobs {

/// Owns a file descriptor.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int fd) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// What `errno` means: a full disk is `errc::insufficient_storage`, the rest `errc::unavailable`. `what` is safe to
/// show, such as "the artifact cannot be written".
error system_error(std::string what);

result<void> write_all(int fd, std::string_view bytes);
/// All bytes of `from`, in the kernel where it can.
result<void> copy_all(int from, int to);
/// On disk when this returns. Directories too.
result<void> sync(int fd);
/// Opens a regular file for reading: no symlink, no FIFO, no device. `errc::invalid_input` for those.
result<descriptor> open_regular(int folder, const char* name);

}  // namespace blobs
}  // namespace v0
}  // namespace texbuild
