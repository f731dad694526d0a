// make_http_client: a connection for each request, TLS settings shared by all of them.
#include "src/http/exchange.hpp"
#include "src/http/url.hpp"

#include <openssl/ssl.h>

#include <mutex>

namespace texbuild {
inline namespace v0 {
namespace {

namespace asio = boost::asio;

std::shared_ptr<asio::ssl::context> make_tls() {
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  tls->set_default_verify_paths();
  tls->set_verify_mode(asio::ssl::verify_peer);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(tls->native_handle(), SSL_MODE_RELEASE_BUFFERS);  // of thousands of streams most wait
  return tls;
}

class client final : public http_client {
 public:
  explicit client(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  void async_send(http_request request, handler done) override {
    begin(std::move(request), std::move(done), http::run_exchange, http::fail_exchange);
  }
  void async_open(http_request request, stream_handler done) override {
    begin(std::move(request), std::move(done), http::open_stream, http::fail_stream);
  }

 private:
  template <class Handler, class Run, class Fail>
  void begin(http_request request, Handler done, Run run, Fail fail) {
    auto url = http::parse_url(request.url);
    if (!url) return fail(executor_, std::move(url).error(), std::move(done));
    http::shared_parts with;
    with.addresses = addresses_;
    if (url->tls) {
      try {
        with.tls = tls();
      } catch (const std::exception& e) {
        return fail(executor_, error(errc::unavailable, "TLS could not be set up", e.what()), std::move(done));
      }
    }
    run(executor_, std::move(with), std::move(*url), std::move(request), std::move(done));
  }

  /// Made when first needed: reading the system's roots takes a while.
  std::shared_ptr<asio::ssl::context> tls() {
    const std::scoped_lock lock(mutex_);
    if (!tls_) tls_ = make_tls();
    return tls_;
  }

  asio::any_io_executor executor_;
  std::shared_ptr<http::address_book> addresses_ = std::make_shared<http::address_book>();
  std::mutex mutex_;
  std::shared_ptr<asio::ssl::context> tls_;
};

}  // namespace

std::shared_ptr<http_client> make_http_client(asio::any_io_executor executor) {
  return std::make_shared<client>(std::move(executor));
}

}  // namespace v0
}  // namespace texbuild
