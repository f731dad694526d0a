#include "server/tool/build_input.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

namespace texbuild_tool {
namespace {

namespace fs = std::filesystem;
using texbuild::errc;
using texbuild::error;

bool is_tex(const fs::path& file) {
  auto extension = file.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  constexpr std::array<std::string_view, 4> known{".tex", ".ltx", ".latex", ".dtx"};
  return std::find(known.begin(), known.end(), extension) != known.end();
}

}  // namespace

texbuild::result<build_input> build_input::find(const build_options& options) {
  build_input out;
  out.main_file = options.main_file;
  out.place = options.input;
  const auto name = "'" + options.input.string() + "'";
  std::error_code failed;
  const auto status = fs::status(options.input, failed);
  if (status.type() == fs::file_type::not_found)
    return error(errc::invalid_input, "there is no file or folder " + name);
  if (failed) return error(errc::invalid_input, name + " cannot be read: " + failed.message());
  if (fs::is_directory(status)) {
    out.what = kind::folder;
    return out;
  }
  if (!fs::is_regular_file(status)) return error(errc::invalid_input, name + " is neither a file nor a folder");
  if (!is_tex(options.input)) return out;  // a ZIP, whatever its name; the project says if it is none
  if (options.main_file)
    return error(errc::invalid_input, "--main goes with a ZIP or a folder; " + name + " is already the main file");
  out.what = kind::folder;
  out.main_file = options.input.filename().string();
  out.place = options.input.parent_path();
  if (out.place.empty()) out.place = ".";
  return out;
}

texbuild::result<texbuild::project> build_input::open() const {
  return what == kind::zip ? texbuild::project::from_zip(place) : texbuild::project::from_folder(place);
}

std::string build_input::shown_name(const std::string& file) const {
  if (file.empty() || what == kind::zip) return file;
  const auto path = (place / file).lexically_normal();
  std::error_code failed;
  return fs::exists(path, failed) ? path.string() : file;  // a folder that wraps everything was stepped into
}

}  // namespace texbuild_tool
