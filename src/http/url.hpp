// Absolute http and https URLs, read strictly: what has two readings is refused.
#pragma once

#include <texbuild/error.hpp>

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace http {

struct url_parts {
  bool tls = false;
  std::string host;  ///< a name or an IP address, without brackets
  bool is_ip = false;
  std::string port;       ///< in digits; the scheme's own if none was given
  std::string authority;  ///< for the `Host` header
  std::string target;     ///< path and query, at least "/"
};

/// `errc::invalid_input`: not absolute, another scheme, user names, characters that RFC 3986 does not have (blanks,
/// line ends, bytes above 127), a half percent escape, a bad port or address. A fragment is dropped, as it is never
/// sent.
result<url_parts> parse_url(std::string_view url);

}  // namespace http
}  // namespace v0
}  // namespace texbuild
