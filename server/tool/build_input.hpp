// What the user named on the command line, as a project.
#pragma once

#include "server/tool/build_options.hpp"

#include <texbuild/project.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace texbuild_tool {

/// Where the project is. A value.
struct build_input {
  enum class kind { zip, folder };
  kind what = kind::zip;
  std::filesystem::path place;           ///< the ZIP or the folder; also what `--watch` looks at
  std::optional<std::string> main_file;  ///< what was asked for; of a single file its name

  /// `errc::invalid_input` when there is no such file, or it is neither ZIP nor folder nor TeX.
  static texbuild::result<build_input> find(const build_options& options);
  /// Reads and checks the project as it is now. Blocks.
  [[nodiscard]] texbuild::result<texbuild::project> open() const;
  /// A file of the project as the user and their editor would name it, seen from the current folder.
  [[nodiscard]] std::string shown_name(const std::string& file) const;
};

}  // namespace texbuild_tool
