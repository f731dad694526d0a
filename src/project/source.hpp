// Where a project's bytes come from. Two kinds: a ZIP and a folder.
#pragma once

#include "src/project/tree.hpp"

#include <texbuild/project.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace texbuild {
inline namespace v0 {

class project::source {
 public:
  /// Takes the next bytes of a file; an error ends the reading. At most 64 kB at a time.
  using sink = std::function<result<void>(std::span<const std::byte>)>;

  /// Reads files one after the other. Belongs to one thread; several may be open at once.
  class reader {
   public:
    reader() = default;
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;
    virtual ~reader() = default;
    /// All of one file, which is found to be as long and (in a ZIP) to have the checksum that was promised.
    [[nodiscard]] virtual result<void> stream(std::size_t origin, const sink& out) = 0;
  };

  explicit source(projects::file_tree tree) : tree_(std::move(tree)) {}
  source(const source&) = delete;
  source& operator=(const source&) = delete;
  virtual ~source() = default;

  [[nodiscard]] const projects::file_tree& tree() const noexcept { return tree_; }
  /// The place of a file in `tree().files`.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const noexcept;
  [[nodiscard]] virtual result<std::unique_ptr<reader>> open() const = 0;
  /// SHA-256 of a file, where checking it has given that; else empty: it has to be read.
  [[nodiscard]] virtual std::string_view known_hash(std::size_t /*origin*/) const noexcept { return {}; }
  [[nodiscard]] virtual result<void> write_zip(const std::filesystem::path& zip) const = 0;

 private:
  projects::file_tree tree_;
};

namespace projects {

constexpr std::size_t chunk_bytes = 64U << 10U;

[[nodiscard]] result<std::shared_ptr<const project::source>> open_zip(const std::filesystem::path& zip,
                                                                      const project_limits& limits);
[[nodiscard]] result<std::shared_ptr<const project::source>> open_folder(const std::filesystem::path& folder,
                                                                         const project_limits& limits);
[[nodiscard]] result<std::string> hash_contents(const project::source& from,
                                                const std::function<bool(std::string_view)>& which);
[[nodiscard]] result<void> unpack(const project::source& from, const std::filesystem::path& folder);
[[nodiscard]] result<std::string> find_main_file(const project::source& from, const std::optional<std::string>& wanted);

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
