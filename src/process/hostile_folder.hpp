// Folders that hostile programs filled: nested deeper than descriptors or stack allow, closed by their modes, full of
// links. Whoever looks into them or removes them does it by these functions.
#pragma once

#include <filesystem>

namespace texbuild {
inline namespace v0 {
namespace process {

/// Opens a folder for reading; no link is followed in the last part of `name`. One that its modes close to us although
/// it is ours is opened up first. A descriptor, or -1.
[[nodiscard]] int open_folder_at(int at, const char* name);

/// Removes a folder and all below it, however deep, without following links. Only for folders that no process works in
/// any more. False when something of it is still there.
bool remove_folder(const std::filesystem::path& folder);

/// Removes all that is in a folder, which stays the same one and becomes ours again; makes it if there is none. False
/// when it is not empty or not there then.
bool fresh_folder(const std::filesystem::path& folder);

}  // namespace process
}  // namespace v0
}  // namespace texbuild
