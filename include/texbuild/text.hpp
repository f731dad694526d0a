/// @file
/// Text of unknown origin made fit to show. Logs, file names and messages of TeX are bytes; JSON and terminals want
/// UTF-8. Pure; thread safe.
#pragma once

#include <texbuild/export.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {

/// Length of the UTF-8 character at the front of `text`, 1 … 4; 0 if there is none, or nothing at all. RFC 3629: no
/// surrogates, the shortest form only.
TEXBUILD_API std::size_t utf8_character(std::string_view text) noexcept;
/// The text itself when it is UTF-8; else every byte that does not fit becomes U+FFFD.
TEXBUILD_API std::string valid_utf8(std::string_view text);
/// A time as RFC 3339 writes it, in UTC and whole seconds: "2026-11-26T09:30:00Z".
TEXBUILD_API std::string rfc3339(std::chrono::system_clock::time_point t);
/// Reads what RFC 3339 allows (any offset, fractions cut to microseconds, no leap second). Empty for anything else.
TEXBUILD_API std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) noexcept;

}  // namespace v0
}  // namespace texbuild
