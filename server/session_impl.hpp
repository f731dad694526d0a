// The connection's class, for the files that it is spread over: session.cpp reads requests and asks routes,
// session_send.cpp writes replies, session_stream.cpp those that are made while the client waits.
#pragma once

#include "server/session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace texbuild::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using std::chrono::seconds;

inline constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);

// A client has this long for its headers, and for each `least_bytes` of a body in either direction: 1 kB/s.
inline constexpr seconds patience{30};
inline constexpr std::uint64_t least_bytes = 30'000;
inline constexpr std::uint32_t most_header_bytes = 32 * 1024;  // a session token alone may have 16 KB
inline constexpr std::size_t piece_bytes = 32 * 1024;
inline constexpr std::size_t chunk_bytes = 256 * 1024;

using form_reader = http::request_parser<http::buffer_body>;

/// Waits for the end of a build, or for the timer; whoever is first ends the other.
struct build_wait {
  asio::cancellation_signal give_up;
  asio::steady_timer timer;
  explicit build_wait(const asio::any_io_executor& on) : timer(on) {}
};

class session final : public open_session, public std::enable_shared_from_this<session> {
 public:
  session(asio::ip::tcp::socket socket, std::shared_ptr<session_context> context)
      : stream_(std::move(socket)),
        buffer_(2 * most_header_bytes),
        last_call_(stream_.get_executor()),
        bell_(stream_.get_executor()),
        context_(std::move(context)) {
    boost::system::error_code gone;
    const auto peer = stream_.socket().remote_endpoint(gone);
    if (!gone) peer_ = peer.address().to_string();
    context_->add(this);
  }
  ~session() override { context_->remove(this); }
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Owns the session for as long as it runs.
  static asio::awaitable<void> run(std::shared_ptr<session> self);
  void stop() override {
    asio::post(stream_.get_executor(), [weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && self->idle_) self->stream_.cancel();
    });
  }
  void stop_waiting() override {
    asio::post(stream_.get_executor(), [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      if (const auto wait = self->wait_.lock()) wait->give_up.emit(asio::cancellation_type::terminal);
      self->stop_asked_ = true;
      self->bell_.cancel();
      if (self->watched_) self->close_soon();
    });
  }

 private:
  /// True: the connection may carry another request.
  asio::awaitable<bool> serve_one();
  void fill(request& r, const http::fields& fields);
  static reply call(session_context& c, const route& to, request& r);

  /// The route that is asked; null: the reply is made.
  const route* find(const form_reader::value_type& message, request& r, reply& refusal) const;
  asio::awaitable<reply> answer(const route& to, form_reader& parser, std::shared_ptr<request> r);
  asio::awaitable<std::optional<reply>> receive_text(form_reader& parser, std::shared_ptr<request> r,
                                                     std::uint64_t most);
  asio::awaitable<std::optional<reply>> receive_form(form_reader& parser, std::shared_ptr<request> r);
  asio::awaitable<bool> pass_over_body(form_reader& parser);
  /// Tells a client that waits for it to go on; false: it is gone.
  asio::awaitable<bool> expected(const request& r);
  /// Reads some of the body; the number of bytes, or nothing when the client failed or was too slow.
  asio::awaitable<std::optional<std::size_t>> read_some(form_reader& parser, std::vector<char>& into);
  asio::awaitable<void> wait_for(std::string id, seconds at_most);
  asio::awaitable<bool> send(reply out, bool head, bool keep_alive);
  asio::awaitable<bool> send_bytes(asio::const_buffer bytes);
  asio::awaitable<bool> send_file(file_body file);
  asio::awaitable<void> linger();

  // Replies that are made elsewhere while the client may hang up; session_stream.cpp.

  /// What has come of a stream. Outlives it: a piece that was asked for may still come.
  struct arrivals {
    std::optional<result<std::string>> piece;
  };
  asio::awaitable<reply> await_reply(deferred_reply later);
  /// Waits for it a while: an error may still become a status.
  asio::awaitable<reply> await_first_piece(reply out);
  asio::awaitable<bool> send_stream(stream_body from, bool chunked);
  asio::awaitable<bool> send_piece(std::string bytes, bool chunked);
  void fetch(const stream_body& from);
  /// Until somebody rings the bell, or that long.
  asio::awaitable<void> pause(std::chrono::steady_clock::duration at_most);
  /// A client that does not take its last piece keeps no server from stopping.
  void close_soon();
  void watch();
  asio::awaitable<void> end_watch();

  void log_request(const request& r, const reply& out, std::chrono::steady_clock::time_point began) const;

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  asio::steady_timer last_call_;
  asio::steady_timer bell_;  // canceled to wake a coroutine that looks after several things
  std::shared_ptr<session_context> context_;
  std::string peer_;
  std::string request_id_;
  std::weak_ptr<build_wait> wait_;
  std::chrono::steady_clock::time_point window_ends_;
  std::uint64_t window_bytes_ = 0;
  std::shared_ptr<arrivals> arrived_;
  bool watched_ = false;     // a hang-up is to be noticed
  bool reading_ = false;     // the read that notices it is under way
  bool hung_up_ = false;     // the client
  bool stop_asked_ = false;  // the server
  bool old_client_ = false;  // HTTP/1.0: knows no chunks
  bool idle_ = false;
  bool alive_ = true;         // the client can still be written to
  bool body_unread_ = false;  // so the connection cannot carry another request
  boost::system::error_code ignored_;
};

}  // namespace texbuild::server
