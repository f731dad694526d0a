// A descriptor that closes itself, and pipes of them.
#pragma once

#include <array>
#include <fcntl.h>
#include <optional>
#include <unistd.h>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace process {

class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void close() { descriptor().swap(*this); }
  void swap(descriptor& other) { std::swap(fd_, other.fd_); }

 private:
  int fd_ = -1;
};

struct pipe_ends {
  descriptor read;
  descriptor write;
};

/// A pipe whose ends are above the descriptors of the child, so that moving them there overwrites nothing.
inline std::optional<pipe_ends> make_pipe() {
  std::array<int, 2> raw{};
  if (::pipe2(raw.data(), O_CLOEXEC) != 0) return std::nullopt;
  const descriptor low_read(raw[0]);
  const descriptor low_write(raw[1]);
  pipe_ends ends{descriptor(::fcntl(raw[0], F_DUPFD_CLOEXEC, 20)), descriptor(::fcntl(raw[1], F_DUPFD_CLOEXEC, 20))};
  if (ends.read.get() < 0 || ends.write.get() < 0) return std::nullopt;
  return ends;
}

}  // namespace process
}  // namespace v0
}  // namespace texbuild
