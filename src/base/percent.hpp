// Percent escapes of URLs (RFC 3986).
#pragma once

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {

/// Escapes for everything but the unreserved characters: one part of a path, or a value in a query.
std::string percent_encoded(std::string_view text);

}  // namespace v0
}  // namespace texbuild
