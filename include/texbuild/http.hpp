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
  std::chrono::milliseconds timeout{std::chrono::seconds(10)};  ///< of the whole exchange; of a stream until it begins
  std::chrono::milliseconds idle{std::chrono::seconds(90)};     ///< of a stream: the longest wait for its next piece
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

/// An answer that is read piece by piece: nothing is taken from the network before it is asked for, so that a slow
/// reader slows the other side down instead of filling memory. Used by one thread at a time. Destroying it ends the
/// connection at once; a read that is under way then completes with `errc::canceled`.
class TEXBUILD_API http_stream {
 public:
  using handler = boost::asio::any_completion_handler<void(result<std::string>)>;
  explicit http_stream(http_response head) : head_(std::move(head)) {}
  virtual ~http_stream() = default;
  /// Status and headers; the body is empty.
  [[nodiscard]] const http_response& head() const noexcept { return head_; }
  /// The next bytes of the body, as many as there are; none at its end. One at a time. Never completes inline. Errors
  /// as of `async_send`; after one there is nothing more.
  virtual void async_read_some(handler done) = 0;

 private:
  http_response head_;
};

/// Sends requests. Thread safe.
class TEXBUILD_API http_client {
 public:
  using handler = boost::asio::any_completion_handler<void(result<http_response>)>;
  virtual ~http_client() = default;
  /// Never completes inline; the handler runs on its own executor. `errc::unavailable` for no connection, bad TLS or a
  /// broken answer, `errc::timed_out`, `errc::payload_too_large`, `errc::invalid_input` for a bad URL,
  /// `errc::forbidden` for `public_only`.
  virtual void async_send(http_request request, handler done) = 0;
  using stream_handler = boost::asio::any_completion_handler<void(result<std::unique_ptr<http_stream>>)>;
  /// The same for an answer that is read piece by piece; completes when its head is there, whatever its status. A
  /// client that has no way of its own reads the whole answer first.
  virtual void async_open(http_request request, stream_handler done);
  /// `async_send`, blocking. Not on the thread that runs the client's executor.
  result<http_response> send(http_request request);
};

/// The real one: HTTP/1.1, TLS 1.2 or later with the system's roots and host names checked.
/// The addresses of a name count for 30 s; for an hour, should it not be looked up within 2 s. Nothing is kept of names
/// that are asked with `public_only`. Each client has one thread that looks names up: give URLs of strangers one of
/// their own. The destruction of what runs `executor` waits for a look-up that is under way.
TEXBUILD_API std::shared_ptr<http_client> make_http_client(boost::asio::any_io_executor executor);

}  // namespace v0
}  // namespace texbuild
