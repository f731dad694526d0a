// What a ZIP says it holds, read strictly. Tools differ in which of a ZIP's two tables they believe, how they find it,
// and whether parts may overlap; attackers live on that. Here everything must agree, or the archive is refused.
#pragma once

#include "src/project/files.hpp"

#include <texbuild/project.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace projects {

enum class zip_kind { file, folder, link };

/// One entry, in the order of the central directory.
struct zip_entry {
  std::string raw_name;  ///< as stored
  std::string name;      ///< decoded and checked; "" is the root itself
  zip_kind kind = zip_kind::file;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0;
  std::uint64_t bytes = 0;
  std::uint64_t begin = 0;  ///< of its local header
};

/// Reads and checks the directory and every local header; no data. Memory is bounded by the limits, whatever is
/// claimed.
[[nodiscard]] result<std::vector<zip_entry>> read_zip_directory(const byte_source& zip, const project_limits& limits);

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
