#include "src/http/exchange.hpp"

#include "src/http/public_address.hpp"

#include <texbuild/version.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::uint32_t most_header_bytes = 64 * 1024;
constexpr std::size_t most_buffered = 256 * 1024;
constexpr int most_interim_answers = 8;

beast::string_view view(std::string_view s) { return {s.data(), s.size()}; }

bool is_token(std::string_view s) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !s.empty() && std::all_of(s.begin(), s.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

/// A line end in a value would begin another header, or another request.
bool is_field_value(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 0x20 && u != 0x7F) || c == '\t';
  });
}

using wire_request = beast::http::request<beast::http::string_body>;

result<wire_request> to_wire(const url_parts& url, http_request&& request) {
  wire_request wire;
  // CONNECT would make a tunnel of the connection, and its target has another form; TRACE may have no body.
  if (!is_token(request.method) || request.method == "CONNECT" || request.method == "TRACE")
    return error(errc::invalid_input, "the method of the request is none that can be sent");
  wire.method_string(view(request.method));
  wire.target(view(url.target));
  wire.version(11);
  wire.set(beast::http::field::host, view(url.authority));
  wire.set(beast::http::field::user_agent, "texbuild/" + std::string(version()));
  wire.set(beast::http::field::connection, "close");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_field_value(value))
      return error(errc::invalid_input, "a header of the request has a character that cannot be sent");
    switch (beast::http::string_to_field(view(name))) {
      case beast::http::field::host:
      case beast::http::field::connection:
      case beast::http::field::content_length:
      case beast::http::field::transfer_encoding:
      case beast::http::field::upgrade:
      case beast::http::field::expect:
        return error(errc::invalid_input, "the header " + name + " is set by the client itself");
      case beast::http::field::user_agent:
        wire.set(view(name), view(value));
        break;
      default:
        wire.insert(view(name), view(value));
    }
  }
  wire.body() = std::move(request.body);
  wire.prepare_payload();
  return wire;
}

/// Calls `done` on its own executor, by way of `executor`, so that whoever completes it is never inside of it.
class completion {
 public:
  completion(const asio::any_io_executor& executor, http_client::handler done)
      : executor_(executor),
        done_(std::move(done)),
        // Tracked work: the handler's own io_context must not run dry while the answer is under way elsewhere.
        own_(asio::prefer(asio::get_associated_executor(done_, executor_), asio::execution::outstanding_work.tracked)) {
  }
  [[nodiscard]] auto slot() const { return asio::get_associated_cancellation_slot(done_); }
  /// Once.
  void operator()(result<http_response> with) {
    asio::post(executor_, [own = std::move(own_), done = std::move(done_), with = std::move(with)]() mutable {
      own.execute([done = std::move(done), with = std::move(with)]() mutable { std::move(done)(std::move(with)); });
    });
  }

 private:
  asio::any_io_executor executor_;
  http_client::handler done_;
  asio::any_completion_executor own_;
};

/// Everything runs on one strand. Each step starts the next; `finish` ends all of them, also from outside.
class exchange : public std::enable_shared_from_this<exchange> {
 public:
  exchange(const asio::any_io_executor& executor, std::shared_ptr<asio::ssl::context> tls, url_parts url,
           wire_request request, std::uint64_t most_bytes, bool public_only, completion done)
      : strand_(asio::make_strand(executor)),
        tls_(std::move(tls)),
        url_(std::move(url)),
        request_(std::move(request)),
        most_bytes_(most_bytes),
        public_only_(public_only),
        done_(std::move(done)),
        resolver_(strand_),
        socket_(strand_),
        deadline_(strand_),
        buffer_(most_buffered) {}

  void start(std::chrono::milliseconds timeout) {
    if (auto slot = done_.slot(); slot.is_connected())
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (const auto self = weak.lock())
          asio::post(self->strand_, [self] { self->finish(error(errc::canceled, "the request was canceled")); });
      });
    asio::post(strand_, [self = shared_from_this(), timeout] { self->resolve(timeout); });
  }

 private:
  using self_ptr = std::shared_ptr<exchange>;

  void resolve(std::chrono::milliseconds timeout) {
    if (ended_) return;
    deadline_.expires_after(timeout);
    deadline_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec) self->finish(error(errc::timed_out, "the outside service did not answer in time", self->url_.authority));
    });
    resolver_.async_resolve(url_.host, url_.port, tcp::resolver::numeric_service,
                            beast::bind_front_handler(&exchange::connect, shared_from_this()));
  }

  void connect(error_code ec, tcp::resolver::results_type addresses) {
    if (ended_) return;
    if (ec) return fail("resolve", ec);
    // These are the addresses that are connected to: the name is not looked up again, when it might lead elsewhere.
    std::vector<tcp::endpoint> allowed;
    for (const auto& entry : addresses)
      if (!public_only_ || is_public(entry.endpoint().address())) allowed.push_back(entry.endpoint());
    if (allowed.empty())
      return finish(error(errc::forbidden, url_.host + " leads to a private network, where nothing is sent"));
    asio::async_connect(socket_, allowed, beast::bind_front_handler(&exchange::connected, shared_from_this()));
  }

  void connected(error_code ec, const tcp::endpoint& /*address*/) {
    if (ended_) return;
    if (ec) return fail("connect", ec);
    socket_.set_option(tcp::no_delay(true), ec);  // fine without
    if (!url_.tls) return write(socket_);
    secured_.emplace(socket_, *tls_);
    if (!expect_host()) return finish(error(errc::internal, "TLS could not be set up", url_.host));
    secured_->async_handshake(asio::ssl::stream_base::client,
                              beast::bind_front_handler(&exchange::shook_hands, shared_from_this()));
  }

  /// The certificate must be for this host: by name, with no wildcard inside a label, or by address.
  bool expect_host() {
    SSL* const ssl = secured_->native_handle();
    if (url_.is_ip) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), url_.host.c_str()) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(ssl, url_.host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, url_.host.c_str()) == 1;
  }

  void shook_hands(error_code ec) {
    if (ended_) return;
    const auto verdict = SSL_get_verify_result(secured_->native_handle());
    if (verdict != X509_V_OK)
      return finish(error(errc::unavailable, "the outside service has no certificate that can be trusted",
                          "TLS with " + url_.authority + ": " + X509_verify_cert_error_string(verdict)));
    if (ec) return fail("TLS handshake", ec);
    write(*secured_);
  }

  template <class Stream>
  void write(Stream& stream) {
    beast::http::async_write(stream, request_, [self = shared_from_this(), &stream](error_code ec, std::size_t) {
      if (self->ended_) return;
      if (ec) return self->fail("write", ec);
      self->read(stream);
    });
  }

  template <class Stream>
  void read(Stream& stream) {
    parser_.emplace();
    parser_->header_limit(most_header_bytes);
    parser_->body_limit(most_bytes_);
    if (request_.method() == beast::http::verb::head) parser_->skip(true);
    beast::http::async_read(stream, buffer_, *parser_,
                            [self = shared_from_this(), &stream](error_code ec, std::size_t) {
                              if (self->ended_) return;
                              if (ec) return self->fail("read", ec);
                              const auto status = self->parser_->get().result_int();
                              if (status < 100 || status == 101)
                                return self->fail("read", beast::http::error::bad_status);
                              if (status >= 200) return self->finish(self->answer());
                              // 100 Continue, 103 Early Hints: the answer itself is still to come.
                              if (++self->interim_answers_ > most_interim_answers)
                                return self->fail("read", beast::http::error::bad_status);
                              self->read(stream);
                            });
  }

  http_response answer() {
    auto wire = parser_->release();
    http_response out;
    out.status = static_cast<int>(wire.result_int());
    for (const auto& field : wire)
      out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    out.body = std::move(wire.body());
    return out;
  }

  void fail(const char* step, error_code ec) {
    const auto cause = std::string(step) + " " + url_.authority + ": " + ec.message();
    if (ec == beast::http::error::body_limit)
      return finish(error(errc::payload_too_large, "the answer of the outside service is too large", cause));
    if (parser_) return finish(error(errc::unavailable, "the outside service sent a broken answer", cause));
    finish(error(errc::unavailable, "the outside service could not be reached", cause));
  }

  void finish(result<http_response> with) {
    if (std::exchange(ended_, true)) return;
    deadline_.cancel();
    resolver_.cancel();
    error_code ignored;
    socket_.close(ignored);
    done_(std::move(with));
  }

  asio::strand<asio::any_io_executor> strand_;
  std::shared_ptr<asio::ssl::context> tls_;
  url_parts url_;
  wire_request request_;
  std::uint64_t most_bytes_;
  bool public_only_;
  completion done_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> secured_;
  asio::steady_timer deadline_;
  beast::flat_buffer buffer_;
  std::optional<beast::http::response_parser<beast::http::string_body>> parser_;
  int interim_answers_ = 0;
  bool ended_ = false;
};

}  // namespace

void run_exchange(const asio::any_io_executor& executor, std::shared_ptr<asio::ssl::context> tls, url_parts url,
                  http_request request, http_client::handler done) {
  const auto timeout = request.timeout;
  const auto most_bytes = request.most_bytes;
  const auto public_only = request.public_only;
  auto wire = to_wire(url, std::move(request));
  if (!wire) return fail_exchange(executor, std::move(wire).error(), std::move(done));
  std::make_shared<exchange>(executor, std::move(tls), std::move(url), std::move(*wire), most_bytes, public_only,
                             completion(executor, std::move(done)))
      ->start(timeout);
}

void fail_exchange(const asio::any_io_executor& executor, error why, http_client::handler done) {
  completion(executor, std::move(done))(std::move(why));
}

}  // namespace http
}  // namespace v0
}  // namespace texbuild
