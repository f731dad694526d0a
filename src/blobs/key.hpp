// Names of objects: which are allowed, and their parts. Pure.
#pragma once

#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace blobs {

/// Whether `key` can name an object: parts of printable UTF-8 with `/` between them, none empty, `.`, `..` or too
/// long for a file name, and nothing of the store's own `.incoming`.
bool is_key(std::string_view key);

/// "a/b/" of "a/b/c"; "" of "c".
inline std::string_view parent_of(std::string_view key) { return key.substr(0, key.rfind('/') + 1); }
/// "c" of "a/b/c".
inline std::string_view leaf_of(std::string_view key) { return key.substr(key.rfind('/') + 1); }
/// "a" of "a/b/", which becomes "b/".
inline std::string_view first_of(std::string_view& prefix) {
  const auto end = prefix.find('/');
  const auto part = prefix.substr(0, end);
  prefix.remove_prefix(end == std::string_view::npos ? prefix.size() : end + 1);
  return part;
}

}  // namespace blobs
}  // namespace v0
}  // namespace texbuild
