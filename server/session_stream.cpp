// Replies that are made while the client waits, without a thread for any of them: a whole one, or a stream of pieces. A
// read on the socket notices that the client hangs up; whatever is under way for it is then given up at once.
#include "server/problem.hpp"
#include "server/session_impl.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace texbuild::server {
namespace {

// After that the head of a stream goes out, come what may.
constexpr seconds first_piece_patience{10};
constexpr seconds sign_of_life{12};
// For what is on its way to a client when the server stops.
constexpr seconds last_words{2};
// What a client may send ahead while it waits for its reply.
constexpr std::size_t most_ahead = 16 * 1024;
constexpr std::chrono::hours long_enough{24};

std::string chunk_of(const std::string& bytes) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes.size(), 16).ptr;
  std::string out(digits.data(), end);
  out.append("\r\n").append(bytes).append("\r\n");
  return out;
}

}  // namespace

// Whoever rings has changed something that the coroutine looks at before it waits again; all run on the same strand.
asio::awaitable<void> session::pause(std::chrono::steady_clock::duration at_most) {
  bell_.expires_after(at_most);
  co_await bell_.async_wait(awaiting);
}

void session::watch() {
  watched_ = true;
  if (reading_ || hung_up_ || buffer_.size() >= most_ahead) return;
  reading_ = true;
  stream_.expires_never();
  auto noticed = [self = shared_from_this()](boost::system::error_code ec, std::size_t bytes) {
    self->reading_ = false;
    self->buffer_.commit(bytes);
    if (ec && ec != asio::error::operation_aborted) self->hung_up_ = true;
    if (!ec && self->watched_) self->watch();  // a request that was sent ahead
    self->bell_.cancel();
  };
  stream_.async_read_some(buffer_.prepare(1024), std::move(noticed));
}

void session::close_soon() {
  last_call_.expires_after(last_words);
  last_call_.async_wait([weak = weak_from_this()](boost::system::error_code canceled) {
    if (const auto self = weak.lock(); self && !canceled) self->stream_.socket().close(self->ignored_);
  });
}

asio::awaitable<void> session::end_watch() {
  watched_ = false;
  if (reading_) stream_.socket().cancel(ignored_);
  while (reading_) co_await pause(long_enough);
  if (hung_up_) alive_ = false;
}

asio::awaitable<reply> session::await_reply(deferred_reply later) {
  auto made = std::make_shared<std::optional<reply>>();
  auto give_up = std::make_shared<asio::cancellation_signal>();
  auto take = [self = shared_from_this(), made, give_up](reply r) {
    made->emplace(std::move(r));
    self->bell_.cancel();
  };
  later.start(
      asio::bind_cancellation_slot(give_up->slot(), asio::bind_executor(stream_.get_executor(), std::move(take))));
  watch();
  while (!*made && !hung_up_ && !stop_asked_) co_await pause(long_enough);
  if (!*made) give_up->emit(asio::cancellation_type::terminal);
  co_await end_watch();
  if (*made) co_return std::move(**made);
  co_return problem(error(errc::unavailable, "the server is being stopped"));
}

void session::fetch(const stream_body& from) {
  auto take = [self = shared_from_this(), to = arrived_](result<std::string> piece) {
    to->piece.emplace(std::move(piece));
    self->bell_.cancel();
  };
  from.next(asio::bind_executor(stream_.get_executor(), std::move(take)));
}

asio::awaitable<reply> session::await_first_piece(reply out) {
  arrived_ = std::make_shared<arrivals>();
  fetch(*out.stream);
  watch();
  const auto until = std::chrono::steady_clock::now() + first_piece_patience;
  while (!arrived_->piece && !hung_up_ && !stop_asked_) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    co_await pause(left);
  }
  const bool failed = arrived_->piece && !*arrived_->piece;
  if (!failed && !hung_up_) co_return out;  // and goes on watching
  co_await end_watch();
  if (!failed) co_return reply(499);  // nobody reads it
  auto refused = out.stream->refuse(arrived_->piece->error());
  co_return refused;
}

asio::awaitable<bool> session::send_piece(std::string bytes, bool chunked) {
  const auto wire = chunked ? chunk_of(bytes) : std::move(bytes);
  co_return co_await send_bytes(asio::buffer(wire));
}

asio::awaitable<bool> session::send_stream(stream_body from, bool chunked) {
  const auto here = arrived_;
  bool whole = false;
  bool fine = true;
  while (fine && !hung_up_) {
    if (here->piece) {
      auto piece = std::move(*here->piece);
      here->piece.reset();
      if (!piece) break;
      if (piece->empty()) {
        whole = true;
        break;
      }
      fine = co_await send_piece(std::move(*piece), chunked);
      if (fine) fetch(from);  // the client's socket has taken the last one
      continue;
    }
    if (stop_asked_) {
      fine = co_await send_piece(from.farewell, chunked);
      break;
    }
    const auto silent_since = std::chrono::steady_clock::now();
    co_await pause(sign_of_life);
    const bool silent = std::chrono::steady_clock::now() - silent_since >= sign_of_life;
    if (silent && !here->piece && !hung_up_) fine = co_await send_piece(from.idle, chunked);
  }
  from = {};  // gives up what is under way
  if (whole && chunked) {
    static constexpr std::string_view last = "0\r\n\r\n";
    fine = co_await send_bytes(asio::buffer(last));
  }
  co_await end_watch();
  co_return whole&& fine;
}

}  // namespace texbuild::server
