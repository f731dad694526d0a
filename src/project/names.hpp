// Names as they come in a ZIP or from a disk: decoded, checked, and made safe to show.
#pragma once

#include <texbuild/project.hpp>

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace projects {

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// The code page of the PC, which ZIPs are in when they do not say otherwise.
[[nodiscard]] std::string from_code_page_437(std::string_view text);

/// For messages: one line of UTF-8 without control characters, at most about 120 bytes.
[[nodiscard]] std::string shown(std::string_view name);

/// The project is at fault, and this entry of it: "main.tex" + "is encrypted; …".
[[nodiscard]] error bad_entry(std::string_view name, std::string_view why);

/// A name that stays inside the project, without `.` parts and doubled slashes. `name` may end in `/` (a folder).
/// The root itself comes out as "".
[[nodiscard]] result<std::string> checked_name(std::string_view name, const project_limits& limits);

/// The path of `name` in a folder of the project; the root's is "".
[[nodiscard]] inline std::string below(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty()) path += '/';
  path += name;
  return path;
}

/// Files that macOS adds to ZIPs and nobody means to send.
[[nodiscard]] bool is_macos_junk(std::string_view name) noexcept;

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
