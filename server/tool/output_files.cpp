#include "server/tool/output_files.hpp"

#include <system_error>
#include <unistd.h>

namespace texbuild_tool {
namespace {

namespace fs = std::filesystem;
using texbuild::errc;
using texbuild::error;

error refused(const fs::path& file, const std::string& why) {
  return error(errc::invalid_input, "'" + file.string() + "' " + why);
}

texbuild::result<void> check(const fs::path& file, const build_options& options) {
  std::error_code failed;
  const auto parent = file.has_parent_path() ? file.parent_path() : fs::path(".");
  if (!fs::is_directory(parent, failed))
    return refused(file, "cannot be written: there is no folder '" + parent.string() + "'");
  if (::access(parent.c_str(), W_OK | X_OK) != 0)
    return refused(file, "cannot be written: its folder is read-only for you");
  const auto status = fs::status(file, failed);
  if (fs::is_directory(status)) return refused(file, "is a folder; name a file");
  // Written by renaming: a device would be replaced by a file.
  if (fs::exists(status) && !fs::is_regular_file(status))
    return refused(file, "is not a file; the result would replace it");
  if (fs::exists(status) && fs::equivalent(file, options.input, failed)) return refused(file, "is the input itself");
  return {};
}

texbuild::result<void> save_one(const std::optional<texbuild::artifact>& what, const fs::path& to) {
  if (!what || to.empty()) return {};
  std::error_code failed;
  auto file = fs::weakly_canonical(to, failed);  // a link stays a link
  if (failed) file = to;
  auto saved = what->save_to(file);
  if (saved) return saved;
  return error(saved.error().code(), "'" + to.string() + "': " + saved.error().detail(), saved.error().cause());
}

}  // namespace

texbuild::result<output_files> output_files::plan(const build_options& options, const std::string& main_file) {
  const auto stem = fs::path(main_file).stem().string();
  output_files out{options.pdf, options.synctex, options.log};
  std::error_code failed;
  if (out.pdf.empty()) {
    out.pdf = stem + ".pdf";
  } else if (fs::is_directory(out.pdf, failed)) {
    out.pdf /= stem + ".pdf";
  }
  const auto files = out.all();
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (auto checked = check(files[i], options); !checked) return checked.error();
    for (std::size_t j = 0; j < i; ++j)
      if (fs::weakly_canonical(files[i], failed) == fs::weakly_canonical(files[j], failed))
        return refused(files[i], "is wanted for two things");
  }
  return out;
}

std::vector<fs::path> output_files::all() const {
  std::vector<fs::path> out{pdf};
  for (const auto& file : {synctex, log})
    if (!file.empty()) out.push_back(file);
  return out;
}

texbuild::result<void> output_files::save(const texbuild::build_outcome& outcome) const {
  if (auto saved = save_one(outcome.log, log); !saved) return saved;
  if (auto saved = save_one(outcome.synctex, synctex); !saved) return saved;
  return save_one(outcome.pdf, pdf);
}

}  // namespace texbuild_tool
