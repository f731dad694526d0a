// Where the results go. Every file appears whole or not at all.
#pragma once

#include "server/tool/build_options.hpp"

#include <texbuild/build.hpp>

#include <filesystem>
#include <vector>

namespace texbuild_tool {

struct output_files {
  std::filesystem::path pdf;
  std::filesystem::path synctex;  ///< empty: not wanted
  std::filesystem::path log;      ///< empty: not wanted

  /// Decides the names, before anything is run. `errc::invalid_input` for a folder that is not there, something that
  /// is no file (`/dev/null`), the input itself, or one name for two things.
  static texbuild::result<output_files> plan(const build_options& options, const std::string& main_file);
  /// The names that are wanted.
  [[nodiscard]] std::vector<std::filesystem::path> all() const;
  /// Writes what the build left. Blocks.
  [[nodiscard]] texbuild::result<void> save(const texbuild::build_outcome& outcome) const;
};

}  // namespace texbuild_tool
