// Where a project is being edited: its sources now, held against those of the build before.
#pragma once

#include "src/files/file_tree.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// The line in which a source differs first.
struct edited_place {
  std::string name;       ///< relative to the project
  std::int64_t line = 0;  ///< the byte that it begins at
};

/// Remembers sources. Small ones only: a place in a large one is not found.
class edit_finder {
 public:
  /// The first place that is another than at the last call; nothing if there is none, or at the first call.
  std::optional<edited_place> find(const files::file_tree& tree);
  void clear() { texts_.clear(); }

 private:
  std::map<std::string, std::string> texts_;
};

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
