// Small text: percent escapes, queries, settings. Times and UTF-8 are the library's.
#pragma once

#include <texbuild/text.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild::server {

/// Replaces `%41` (and `+` in queries); empty for a bad escape or a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank);
/// `a=1&b=2`; empty for a bad escape. Of a repeated name the first counts.
std::optional<std::map<std::string, std::string>> parse_query(std::string_view text);
/// Percent escapes for everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);
std::string lower_case(std::string_view text);
/// Two lower-case digits a byte.
std::string hex(std::span<const std::byte> bytes);
/// Without blanks and tabs at both ends.
std::string_view trimmed(std::string_view text);
/// A decimal number without sign, blanks or overflow.
std::optional<std::uint64_t> parse_number(std::string_view text);
/// "true", "1", "yes", "on" and their opposites, in any case.
std::optional<bool> parse_boolean(std::string_view text);
/// The parts between separators, trimmed; empty ones are left out.
std::vector<std::string> split(std::string_view text, char separator);

}  // namespace texbuild::server
