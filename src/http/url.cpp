#include "src/http/url.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace texbuild {
inline namespace v0 {
namespace http {
namespace {

error bad(std::string_view what) { return error(errc::invalid_input, "the URL " + std::string(what)); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// Characters of a path and a query, escapes whole.
bool is_target(std::string_view s) {
  constexpr std::string_view marks = "-._~!$&'()*+,;=:@/?";
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '%') {
      if (i + 2 >= s.size() || !is_hex(s[i + 1]) || !is_hex(s[i + 2])) return false;
      i += 2;
    } else if (!is_letter(s[i]) && !is_digit(s[i]) && marks.find(s[i]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool is_name(std::string_view s) {
  return !s.empty() && s.size() <= 253 && s.front() != '.' && s.front() != '-' &&
         s.find("..") == std::string_view::npos && std::all_of(s.begin(), s.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
         });
}

/// Reads `host` or `[address]` off the front of `authority`; what is left is a port with its colon, or nothing.
result<void> read_host(std::string_view& authority, url_parts& out) {
  boost::system::error_code ec;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return bad("has an IPv6 address without an end");
    const auto address = boost::asio::ip::make_address_v6(std::string(authority.substr(1, end - 1)), ec);
    if (ec || address.scope_id() != 0) return bad("has an IPv6 address that is none");
    out.host = address.to_string();
    out.is_ip = true;
    out.authority = "[" + out.host + "]";
    authority.remove_prefix(end + 1);
    return {};
  }
  const auto end = std::min(authority.find(':'), authority.size());
  const auto host = authority.substr(0, end);
  if (!is_name(host)) return bad("has a host name that is none");
  out.host = lower(host);
  const auto address = boost::asio::ip::make_address_v4(out.host, ec);
  out.is_ip = !ec;
  // 127.1 and 0x7f000001 are names here but addresses to the resolver.
  const auto last = out.host.substr(out.host.rfind('.') + 1);
  if (ec && (last.empty() || is_digit(last.front()))) return bad("has a host name that is none");
  if (out.is_ip) out.host = address.to_string();
  out.authority = out.host;
  authority.remove_prefix(end);
  return {};
}

}  // namespace

result<url_parts> parse_url(std::string_view url) {
  url_parts out;
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return bad("is not absolute: it needs to begin with https:// or http://");
  const auto scheme = lower(url.substr(0, colon));
  if (scheme != "http" && scheme != "https") return bad("begins neither with https:// nor with http://");
  out.tls = scheme == "https";
  auto rest = url.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  auto authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos) return bad("holds a user name; send it in a header instead");
  if (const auto good = read_host(authority, out); !good) return good.error();

  const std::string usual = out.tls ? "443" : "80";
  out.port = usual;
  if (!authority.empty()) {
    const auto digits = authority.substr(1);
    std::uint16_t port = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (authority.front() != ':' || read.ec != std::errc() || read.ptr != digits.data() + digits.size() || port == 0)
      return bad("has a port that is none");
    out.port = std::to_string(port);
    if (out.port != usual) out.authority += ":" + out.port;
  }
  const auto target = rest.substr(end);
  if (!is_target(target)) return bad("has a character that needs to be percent-encoded");
  out.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return out;
}

}  // namespace http
}  // namespace v0
}  // namespace texbuild
