// What is remembered of an ended build beside its row: diagnostics and where its files are, as JSON in the store.
#pragma once

#include <texbuild/build.hpp>
#include <texbuild/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace build {

/// A file that was kept: a whole stored object, or a part of one.
struct kept_file {
  std::string role;  ///< "pdf", "synctex", "log", or "" for the rest
  std::string name;
  std::string key;  ///< of the object in the blob store
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct build_report {
  std::vector<diagnostic> diagnostics;
  std::vector<kept_file> files;
};

std::string to_json(const build_report& report);
/// `errc::internal` if the text is not one of ours.
result<build_report> parse_report(std::string_view json);

}  // namespace build
}  // namespace v0
}  // namespace texbuild
