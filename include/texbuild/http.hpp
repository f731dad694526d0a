/// @file
/// The seam to outbound HTTP: key sets, payment and model services, webhooks that users asked for.
#pragma once

#include <texbuild/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {

using http_headers = std::vector<std::pair<std::string, std::string>>;

/// One request. Redirects are not followed.
struct http_request {
  std::string method = "GET";
  std::string url;  ///< absolute, `http` or `https`
  http_headers headers;
  std::string body;
  std::chrono::milliseconds timeout{std::chrono::seconds(10)};  ///< of the whole exchange
  std::uint64_t most_bytes = 1u << 20;                          ///< of the answer's body; more is an error
  /// For URLs that a stranger wrote: only to addresses of the public internet, told after the name was looked up, so
  /// that no name leads to this machine or the network around it. `errc::forbidden`.
  bool public_only = false;

  http_request() = default;
  http_request(std::string m, std::string u) : method(std::move(m)), url(std::move(u)) {}
};

/// One answer, whatever its status.
struct http_response {
  int status = 0;
  http_headers headers;
  std::string body;
  /// First header of that name, in any case; "" if none.
  [[nodiscard]] TEXBUILD_API std::string_view header(std::string_view name) const noexcept;

  http_response() = default;
};

/// Whether a request to this URL could be sent: `errc::invalid_input` says what is wrong with it. With `public_only`
/// also for addresses that are not public and for names that never are, such as "localhost"; a name may still turn out
/// to lead to one when the request is sent. Does not ask the network.
TEXBUILD_API result<void> check_url(std::string_view url, bool public_only);

/// Sends requests. Thread safe.
class TEXBUILD_API http_client {
 public:
  using handler = boost::asio::any_completion_handler<void(result<http_response>)>;
  virtual ~http_client() = default;
  /// Never completes inline; the handler runs on its own executor. `errc::unavailable` for no connection, bad TLS or a
  /// broken answer, `errc::timed_out`, `errc::payload_too_large`, `errc::invalid_input` for a bad URL,
  /// `errc::forbidden` for `public_only`.
  virtual void async_send(http_request request, handler done) = 0;
  /// The same, blocking. Not on the thread that runs the client's executor.
  result<http_response> send(http_request request);
};

/// The real one: HTTP/1.1, TLS 1.2 or later with the system's roots and host names checked.
TEXBUILD_API std::shared_ptr<http_client> make_http_client(boost::asio::any_io_executor executor);

}  // namespace v0
}  // namespace texbuild
