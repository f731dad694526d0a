// Small files that only the server may read: keys and tokens.
#pragma once

#include <texbuild/error.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace texbuild::server {

/// The file's text; if there is no file, what `make` gives, written first. Readable by the owner only.
result<std::string> read_or_make(const std::filesystem::path& file, const std::function<result<std::string>()>& make);
/// Writes a file that appears whole or not at all, readable by the owner only. `errc::unavailable`.
result<void> write_private(const std::filesystem::path& file, std::string_view text);

}  // namespace texbuild::server
