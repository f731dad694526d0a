// Pipes for a child.
#pragma once

#include "src/base/descriptor.hpp"

#include <array>
#include <fcntl.h>
#include <optional>
#include <unistd.h>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace process {

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
