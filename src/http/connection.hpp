// One connection to a server, up to the point where its answer is to be read. Beast is known here and in the two files
// that read answers.
#pragma once

#include "src/http/exchange.hpp"
#include "src/http/url.hpp"

#include <texbuild/http.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <memory>
#include <optional>

namespace texbuild {
inline namespace v0 {
namespace http {

using wire_request = boost::beast::http::request<boost::beast::http::string_body>;

constexpr std::uint32_t most_header_bytes = 64 * 1024;
constexpr int most_interim_answers = 8;

/// `errc::invalid_input` for what would make the request mean something else on the wire.
result<wire_request> to_wire(const url_parts& url, http_request&& request);

/// Resolves, connects, shakes hands and sends; what comes then is the business of whoever derives from it. Everything
/// runs on one strand. Each step starts the next; `close` ends all of them.
class connection : public std::enable_shared_from_this<connection> {
 public:
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  virtual ~connection() = default;
  /// `timeout` is until `close` or the next `wait_at_most`.
  void start(std::chrono::milliseconds timeout);
  /// Ends it from outside, as if it had failed.
  void cancel();

 protected:
  connection(const boost::asio::any_io_executor& executor, shared_parts shared, url_parts url, wire_request request,
             bool public_only);

  /// The request is on its way.
  virtual void written() = 0;
  /// Called once, and nothing after it.
  virtual void failed(error why) = 0;

  void wait_at_most(std::chrono::milliseconds time);
  void wait_forever();
  void fail(const char* step, boost::system::error_code ec);
  void fail(error why);
  /// False if it was closed already.
  bool close();
  /// `use(stream)` with what the bytes go through.
  template <class F>
  void with_stream(F use) {
    if (secured_)
      use(*secured_);
    else
      use(socket_);
  }
  [[nodiscard]] bool is_head() const { return request_.method() == boost::beast::http::verb::head; }
  /// A large body that was sent is not kept while the answer comes.
  void forget_body() { request_.body() = {}; }

  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::beast::flat_buffer buffer_;
  bool reading_ = false;  ///< the answer has begun, so that an error is its fault
  bool closed_ = false;

 private:
  void resolve(std::chrono::milliseconds timeout);
  void resolved(boost::system::error_code ec, const boost::asio::ip::tcp::resolver::results_type& found);
  void connect(const address_book::endpoints& addresses);
  void connected(boost::system::error_code ec, const boost::asio::ip::tcp::endpoint& address);
  bool expect_host();
  void shook_hands(boost::system::error_code ec);
  void write();

  shared_parts shared_;
  url_parts url_;
  wire_request request_;
  bool public_only_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> secured_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer resolving_;           // after that an older answer has to do
  std::optional<address_book::endpoints> known_;  // the older answer, while the name is looked up
  bool resolved_ = false;
  std::uint64_t waits_ = 0;
};

}  // namespace http
}  // namespace v0
}  // namespace texbuild
