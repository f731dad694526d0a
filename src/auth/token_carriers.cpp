// Where a request carries its token.
#include <texbuild/session_token.hpp>

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace {

bool same_in_any_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
}

std::string_view trimmed(std::string_view s) {
  constexpr std::string_view blanks = " \t";
  s.remove_prefix(std::min(s.find_first_not_of(blanks), s.size()));
  s.remove_suffix(s.size() - (s.find_last_not_of(blanks) + 1));
  return s;
}

/// The first one counts, as in RFC 6265: the cookie with the longest path. Signing out leaves an empty one behind.
std::optional<std::string> session_cookie(std::string_view cookies) {
  while (!cookies.empty()) {
    const auto end = std::min(cookies.find(';'), cookies.size());
    const auto pair = cookies.substr(0, end);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || trimmed(pair.substr(0, equals)) != "__session") continue;
    const auto value = trimmed(pair.substr(equals + 1));
    if (value.empty()) return std::nullopt;
    return std::string(value);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_session_token(std::string_view authorization, std::string_view cookie,
                                              bool allow_cookie) {
  authorization = trimmed(authorization);
  if (!authorization.empty()) {
    const auto blank = authorization.find(' ');
    // A value without a scheme is a bad token, not a missing one; "" makes sure that it is refused as such.
    if (blank == std::string_view::npos) return std::string();
    // Whatever follows the blanks is the token, trailing text and all: verification refuses that.
    if (same_in_any_case(authorization.substr(0, blank), "bearer"))
      return std::string(trimmed(authorization.substr(blank)));
  }
  return allow_cookie ? session_cookie(cookie) : std::nullopt;
}

}  // namespace v0
}  // namespace texbuild
