// Fonts that are made once for all builds: luaotfload's database and fonts, Metafont's bitmaps. A finished cache is
// never written again; builds see it read-only at `/cache`, below a private one of their own.
#pragma once

#include <texbuild/process.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace process {

/// The finished cache for the TeX Live of this machine as it is now, if there is one.
std::optional<std::filesystem::path> warm_font_cache(const std::filesystem::path& cache_folder);

/// Makes it if need be. Two at once both work; one of the results stays. Blocks for seconds to minutes.
result<void> warm_fonts(process_runner& processes, const std::filesystem::path& cache_folder, std::stop_token stop,
                        const std::function<void(std::string_view)>& progress);

/// luaotfload looks in one folder only: fills a build's private one (`scratch`, seen as `/tmp`) with links into
/// `/cache`, so that old fonts are read from there and new ones are written beside the links.
void link_font_cache(const std::filesystem::path& warm, const std::filesystem::path& scratch);

}  // namespace process
}  // namespace v0
}  // namespace texbuild
