// Files by descriptor, with errors in our words.
#pragma once

#include "src/base/descriptor.hpp"

#include <texbuild/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace blobs {

/// What `errno` means: a full disk is `errc::insufficient_storage`, the rest `errc::unavailable`. `what` is safe to
/// show, such as "the artifact cannot be written".
error system_error(std::string what);
inline constexpr char cannot_write[] = "the artifact store cannot be written";

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
