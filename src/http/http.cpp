// What every HTTP client has: headers found by name, and sending from a thread that may wait.
#include "src/http/public_address.hpp"
#include "src/http/url.hpp"

#include <texbuild/http.hpp>

#include <algorithm>
#include <future>

namespace texbuild {
inline namespace v0 {
namespace {

bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string_view http_response::header(std::string_view name) const noexcept {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return same_name(h.first, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

result<void> check_url(std::string_view url, bool public_only) {
  const auto parts = http::parse_url(url);
  if (!parts) return parts.error();
  if (!public_only) return {};
  const bool reachable =
      parts->is_ip ? http::is_public(boost::asio::ip::make_address(parts->host)) : http::is_public_name(parts->host);
  if (!reachable) return error(errc::invalid_input, "the URL leads to a private network: " + parts->host);
  return {};
}

result<http_response> http_client::send(http_request request) {
  std::promise<result<http_response>> promise;
  auto answer = promise.get_future();
  async_send(std::move(request),
             [promise = std::move(promise)](result<http_response> r) mutable { promise.set_value(std::move(r)); });
  try {
    return answer.get();
  } catch (const std::future_error&) {
    // The client was taken down with the request in it.
    return error(errc::canceled, "the request was given up");
  }
}

}  // namespace v0
}  // namespace texbuild
