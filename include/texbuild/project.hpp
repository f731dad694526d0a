/// @file
/// A LaTeX project as it comes in: a ZIP or a folder, checked before anything of it is written.
#pragma once

#include <texbuild/error.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

enum class tex_engine;

/// How much a project may hold. The defaults are those of the documented API.
struct project_limits {
  std::uint64_t zip_bytes = 100ULL << 20;     ///< of the archive itself
  std::uint64_t unpacked_bytes = 1ULL << 30;  ///< of all files together
  std::uint64_t entries = 10'000;
  std::uint64_t name_bytes = 1024;  ///< of one path
  std::uint64_t depth = 64;         ///< folders in one path
  /// An entry that unpacks to more than this many times its size, and to over 16 MB, is a bomb.
  std::uint64_t ratio = 1000;
};

/// One file of a project.
struct project_file {
  std::string name;  ///< relative, `/`-separated UTF-8, after stepping into a folder that wraps everything
  std::uint64_t bytes = 0;
};

/// A checked project. A value that shares its source; copies are cheap. Thread safe. The ZIP or folder must stay in
/// place and unchanged for as long as a copy lives.
class TEXBUILD_API project {
 public:
  /// Checks a ZIP whole: names, links, sizes, checksums, encryption, overlaps. Blocks (it reads every byte).
  /// `errc::invalid_input` or `errc::payload_too_large`; detail and subject name the entry.
  static result<project> from_zip(const std::filesystem::path& zip, const project_limits& limits = {});
  /// Checks a folder likewise. Hidden files and folders (`.git`) are left out. Blocks.
  static result<project> from_folder(const std::filesystem::path& folder, const project_limits& limits = {});

  /// All files, sorted by name.
  [[nodiscard]] const std::vector<project_file>& files() const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept;
  [[nodiscard]] std::uint64_t total_bytes() const noexcept;
  /// The bytes of one file. `errc::not_found`; `errc::payload_too_large` over `most`.
  [[nodiscard]] result<std::string> read(std::string_view name, std::uint64_t most = 16u << 20) const;
  /// Writes all files below `folder`, which exists and is empty. Links that stay inside become copies. Blocks.
  [[nodiscard]] result<void> unpack(const std::filesystem::path& folder) const;
  /// Writes the project as a ZIP (uncompressed from a folder; the very same bytes from a ZIP). Blocks.
  [[nodiscard]] result<void> write_zip(const std::filesystem::path& zip) const;

  /// The file to compile: `wanted` if given (`errc::invalid_input` when it is missing or no file's name), else
  /// `main.tex`, else the only `.tex` file with `\documentclass` (several: an error that lists them).
  [[nodiscard]] result<std::string> main_file(const std::optional<std::string>& wanted) const;

  /// What `tex_engine::automatic` means for that file: `% !TEX program`, else what the preamble needs, else pdflatex
  /// (also for a file that cannot be read). Blocks.
  [[nodiscard]] tex_engine engine_for(std::string_view main_file) const;

  /// SHA-256 (64 hex digits) over names and contents of all files, and the names of empty folders: the same for a
  /// folder and every ZIP of it. With `which`: of the files whose names it takes, and no folders. Of a ZIP it is known
  /// from the check; a folder is read for it (blocks).
  [[nodiscard]] result<std::string> content_hash(const std::function<bool(std::string_view)>& which = {}) const;

  class source;
  explicit project(std::shared_ptr<const source> from) noexcept;

 private:
  std::shared_ptr<const source> source_;
};

}  // namespace v0
}  // namespace texbuild
