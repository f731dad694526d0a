#include "src/http/connection.hpp"

#include "src/http/public_address.hpp"

#include <texbuild/version.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t most_buffered = 256 * 1024;
// A look-up may take longer only when nothing is known of the name.
constexpr std::chrono::seconds look_up_patience{2};

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

}  // namespace

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

connection::connection(const asio::any_io_executor& executor, shared_parts shared, url_parts url, wire_request request,
                       bool public_only)
    : strand_(asio::make_strand(executor)),
      buffer_(most_buffered),
      shared_(std::move(shared)),
      url_(std::move(url)),
      request_(std::move(request)),
      public_only_(public_only),
      resolver_(strand_),
      socket_(strand_),
      deadline_(strand_),
      resolving_(strand_) {}

void connection::start(std::chrono::milliseconds timeout) {
  asio::post(strand_, [self = shared_from_this(), timeout] { self->resolve(timeout); });
}

void connection::cancel() {
  asio::post(strand_, [self = shared_from_this()] { self->fail(error(errc::canceled, "the request was canceled")); });
}

void connection::wait_at_most(std::chrono::milliseconds time) {
  deadline_.expires_after(time);
  deadline_.async_wait([self = shared_from_this(), wait = ++waits_](error_code ec) {
    if (ec || wait != self->waits_) return;  // one that was ended just after it had passed counts no more
    self->fail(error(errc::timed_out, "the outside service did not answer in time", self->url_.authority));
  });
}

void connection::wait_forever() {
  ++waits_;
  deadline_.cancel();
}

void connection::resolve(std::chrono::milliseconds timeout) {
  if (closed_) return;
  wait_at_most(timeout);
  // An address is none of the resolver's business, whose one thread may be waiting for a name server.
  if (url_.is_ip) {
    error_code bad;
    const auto address = asio::ip::make_address(url_.host, bad);
    if (bad) return fail("resolve", bad);
    return connect({tcp::endpoint(address, static_cast<std::uint16_t>(std::stoul(url_.port)))});
  }
  // Names that strangers wrote are not kept: there is no end of them, and they may lead elsewhere the next time.
  if (!public_only_) {
    if (auto found = shared_.addresses->find(url_.host + ":" + url_.port, std::chrono::steady_clock::now())) {
      if (found->fresh) return connect(found->addresses);
      known_ = std::move(found->addresses);
      resolving_.expires_after(look_up_patience);
      resolving_.async_wait([self = shared_from_this()](error_code ec) {
        if (!ec) self->resolved(asio::error::timed_out, {});
      });
    }
  }
  resolver_.async_resolve(url_.host, url_.port, tcp::resolver::numeric_service,
                          beast::bind_front_handler(&connection::resolved, shared_from_this()));
}

void connection::resolved(error_code ec, const tcp::resolver::results_type& found) {
  if (closed_ || std::exchange(resolved_, true)) return;
  resolving_.cancel();
  resolver_.cancel();
  const auto name = url_.host + ":" + url_.port;
  const auto now = std::chrono::steady_clock::now();
  if (ec) {
    if (!known_) return fail("resolve", ec);
    shared_.addresses->make_do(name, now);
    return connect(*known_);
  }
  address_book::endpoints addresses;
  for (const auto& entry : found) addresses.push_back(entry.endpoint());
  if (!public_only_) shared_.addresses->learn(name, addresses, now);
  connect(addresses);
}

void connection::connect(const address_book::endpoints& addresses) {
  // These are the addresses that are connected to: the name is not looked up again, when it might lead elsewhere.
  address_book::endpoints allowed;
  for (const auto& endpoint : addresses)
    if (!public_only_ || is_public(endpoint.address())) allowed.push_back(endpoint);
  if (allowed.empty())
    return fail(error(errc::forbidden, url_.host + " leads to a private network, where nothing is sent"));
  asio::async_connect(socket_, allowed, beast::bind_front_handler(&connection::connected, shared_from_this()));
}

void connection::connected(error_code ec, const tcp::endpoint& /*address*/) {
  if (closed_) return;
  if (ec) return fail("connect", ec);
  socket_.set_option(tcp::no_delay(true), ec);  // fine without
  if (!url_.tls) return write();
  secured_.emplace(socket_, *shared_.tls);
  if (!expect_host()) return fail(error(errc::internal, "TLS could not be set up", url_.host));
  secured_->async_handshake(asio::ssl::stream_base::client,
                            beast::bind_front_handler(&connection::shook_hands, shared_from_this()));
}

/// The certificate must be for this host: by name, with no wildcard inside a label, or by address.
bool connection::expect_host() {
  SSL* const ssl = secured_->native_handle();
  if (url_.is_ip) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), url_.host.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return SSL_set1_host(ssl, url_.host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, url_.host.c_str()) == 1;
}

void connection::shook_hands(error_code ec) {
  if (closed_) return;
  const auto verdict = SSL_get_verify_result(secured_->native_handle());
  if (verdict != X509_V_OK)
    return fail(error(errc::unavailable, "the outside service has no certificate that can be trusted",
                      "TLS with " + url_.authority + ": " + X509_verify_cert_error_string(verdict)));
  if (ec) return fail("TLS handshake", ec);
  write();
}

void connection::write() {
  with_stream([this](auto& stream) {
    beast::http::async_write(stream, request_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (self->closed_) return;
      if (ec) return self->fail("write", ec);
      self->reading_ = true;
      self->written();
    });
  });
}

void connection::fail(const char* step, error_code ec) {
  const auto cause = std::string(step) + " " + url_.authority + ": " + ec.message();
  if (ec == beast::http::error::body_limit)
    return fail(error(errc::payload_too_large, "the answer of the outside service is too large", cause));
  if (reading_) return fail(error(errc::unavailable, "the outside service sent a broken answer", cause));
  fail(error(errc::unavailable, "the outside service could not be reached", cause));
}

void connection::fail(error why) {
  if (close()) failed(std::move(why));
}

bool connection::close() {
  if (std::exchange(closed_, true)) return false;
  deadline_.cancel();
  resolving_.cancel();
  resolver_.cancel();
  error_code ignored;
  socket_.close(ignored);
  return true;
}

}  // namespace http
}  // namespace v0
}  // namespace texbuild
