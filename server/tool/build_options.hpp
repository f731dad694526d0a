// The command line of `texbuild build`.
#pragma once

#include <texbuild/build.hpp>
#include <texbuild/error.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace texbuild_tool {

struct build_options {
  std::filesystem::path input;  ///< ZIP, folder or .tex file
  std::filesystem::path pdf;    ///< empty: the main file's stem + .pdf in the current folder
  std::filesystem::path synctex;
  std::filesystem::path log;
  std::filesystem::path data_folder;
  std::optional<std::string> main_file;
  texbuild::tex_engine engine = texbuild::tex_engine::automatic;
  std::chrono::seconds timeout{300};
  bool shell_escape = false;
  bool clean = false;
  std::string project;
  bool watch = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool warnings = false;
  bool help = false;

  build_options() = default;
};

/// `errc::invalid_input` with one line for the user.
texbuild::result<build_options> parse_build_options(std::span<const std::string> arguments);
/// All of `texbuild build --help`.
std::string build_help();

}  // namespace texbuild_tool
