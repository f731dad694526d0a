// libzip behind our own byte sources: it never opens a path of a project itself.
#pragma once

#include "src/project/files.hpp"

#include <texbuild/error.hpp>

#include <zip.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace texbuild {
inline namespace v0 {
namespace projects {

struct discard_archive {
  void operator()(zip_t* archive) const noexcept { ::zip_discard(archive); }
};
using archive_handle = std::unique_ptr<zip_t, discard_archive>;

struct close_packed_file {
  void operator()(zip_file_t* file) const noexcept { ::zip_fclose(file); }
};
using packed_file_handle = std::unique_ptr<zip_file_t, close_packed_file>;

/// Opened when libzip wants to read, closed when it has: an archive of ten thousand files needs one descriptor.
using source_opener = std::function<std::shared_ptr<const byte_source>()>;

/// A libzip source over ours; null if memory is short. Whoever libzip documents as its owner frees it.
[[nodiscard]] zip_source_t* make_zip_source(source_opener opener, std::uint64_t size);

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
