#include "src/project/names.hpp"
#include "src/project/source.hpp"
#include "src/tex/preamble.hpp"

#include <texbuild/build.hpp>
#include <texbuild/project.hpp>

#include <algorithm>
#include <utility>

namespace texbuild {
inline namespace v0 {

std::optional<std::size_t> project::source::find(std::string_view name) const noexcept {
  const auto& files = tree_.files;
  const auto found = std::lower_bound(files.begin(), files.end(), name,
                                      [](const project_file& file, std::string_view n) { return file.name < n; });
  if (found == files.end() || found->name != name) return std::nullopt;
  return static_cast<std::size_t>(found - files.begin());
}

project::project(std::shared_ptr<const source> from) noexcept : source_(std::move(from)) {}

result<project> project::from_zip(const std::filesystem::path& zip, const project_limits& limits) {
  auto opened = projects::open_zip(zip, limits);
  if (!opened) return opened.error();
  return project(std::move(*opened));
}

result<project> project::from_folder(const std::filesystem::path& folder, const project_limits& limits) {
  auto opened = projects::open_folder(folder, limits);
  if (!opened) return opened.error();
  return project(std::move(*opened));
}

const std::vector<project_file>& project::files() const noexcept { return source_->tree().files; }

bool project::contains(std::string_view name) const noexcept { return source_->find(name).has_value(); }

std::uint64_t project::total_bytes() const noexcept { return source_->tree().total_bytes; }

result<std::string> project::read(std::string_view name, std::uint64_t most) const {
  const auto at = source_->find(name);
  const auto safe = projects::shown(name);
  if (!at) return error(errc::not_found, "there is no \"" + safe + "\" in the project").with_subject(safe);
  const auto bytes = files()[*at].bytes;
  if (bytes > most) return error(errc::payload_too_large, "\"" + safe + "\" is too large to read").with_subject(safe);
  auto reader = source_->open();
  if (!reader) return reader.error();
  std::string text;
  text.reserve(bytes);
  auto done = (*reader)->stream(source_->tree().origins[*at], [&](std::span<const std::byte> part) -> result<void> {
    text.append(reinterpret_cast<const char*>(part.data()), part.size());
    return {};
  });
  if (!done) return done.error();
  return text;
}

result<void> project::unpack(const std::filesystem::path& folder) const { return projects::unpack(*source_, folder); }

result<void> project::write_zip(const std::filesystem::path& zip) const { return source_->write_zip(zip); }

result<std::string> project::content_hash(const std::function<bool(std::string_view)>& which) const {
  return projects::hash_contents(*source_, which);
}

result<std::string> project::main_file(const std::optional<std::string>& wanted) const {
  return projects::find_main_file(*source_, wanted);
}

tex_engine project::engine_for(std::string_view main_file) const {
  const auto text = read(main_file);
  return text ? tex::choose_engine(*text) : tex_engine::pdflatex;
}

}  // namespace v0
}  // namespace texbuild
