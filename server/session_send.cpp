// Replies on their way out: short ones, long ones, files.
#include "server/pool.hpp"
#include "server/session_impl.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <tuple>

namespace texbuild::server {

asio::awaitable<bool> session::send(reply out, bool head, bool keep_alive) {
  const auto status = static_cast<http::status>(out.status);
  const bool bare = out.status == 304 || out.status == 204;
  const auto length = out.file ? out.file->length : out.body.size();
  const bool chunked = out.stream && !old_client_;
  const auto set_fields = [&](auto& message) {
    message.version(11);
    message.result(status);
    for (const auto& [name, value] : out.headers) message.insert(name, value);
    if (!bare) message.set(http::field::content_type, out.content_type);
    message.keep_alive(keep_alive);
    if (chunked) message.chunked(true);
    if (!bare && !out.stream) message.content_length(length);
  };
  stream_.expires_after(patience);
  if (!bare && !head && !out.file && !out.stream && length <= chunk_bytes) {
    http::response<http::string_body> message;
    set_fields(message);
    message.body() = std::move(out.body);
    const auto wrote = co_await http::async_write(stream_, message, awaiting);
    co_return !std::get<0>(wrote);
  }
  http::response<http::empty_body> message;
  set_fields(message);
  // The head alone: written as a whole, a message in chunks would end at once.
  http::response_serializer<http::empty_body> top(message);
  const auto wrote = co_await http::async_write_header(stream_, top, awaiting);
  const bool failed = static_cast<bool>(std::get<0>(wrote));
  if (out.stream) {
    hung_up_ = hung_up_ || failed;
    auto from = std::move(*out.stream);
    out.stream.reset();
    const bool whole = co_await send_stream(std::move(from), chunked);
    co_return whole;
  }
  if (failed) co_return false;
  if (bare || head) co_return true;
  if (!out.file) co_return co_await send_bytes(asio::buffer(out.body));
  auto file = std::move(*out.file);
  co_return co_await send_file(std::move(file));
}

asio::awaitable<bool> session::send_bytes(asio::const_buffer bytes) {
  while (bytes.size() > 0) {
    stream_.expires_after(patience);
    const asio::const_buffer piece(bytes.data(), std::min(bytes.size(), piece_bytes));
    const auto wrote = co_await asio::async_write(stream_, piece, awaiting);
    if (std::get<0>(wrote)) {
      alive_ = false;
      co_return false;
    }
    bytes += piece.size();
  }
  co_return true;
}

asio::awaitable<bool> session::send_file(file_body file) {
  auto chunk = std::make_shared<std::vector<std::byte>>(std::min<std::uint64_t>(chunk_bytes, file.length));
  while (file.length > 0) {
    const auto bytes = file.bytes;
    const auto offset = file.offset;
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(chunk->size(), file.length));
    std::function<std::size_t()> work = [bytes, offset, want, chunk]() -> std::size_t {
      const auto got = bytes->read(offset, std::span<std::byte>(*chunk).first(want));
      return got ? *got : 0;
    };
    const auto got = co_await async_on<std::size_t>(context_->pool, std::move(work), asio::use_awaitable);
    if (got == 0) co_return false;  // the length was promised already: only closing tells the client
    const bool sent = co_await send_bytes(asio::buffer(chunk->data(), got));
    if (!sent) co_return false;
    file.offset += got;
    file.length -= got;
  }
  co_return true;
}

// Closing while the client still sends would make its kernel throw away the reply that is on its way.
asio::awaitable<void> session::linger() {
  if (!alive_) co_return;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored_);
  const auto until = std::chrono::steady_clock::now() + (body_unread_ ? seconds(5) : seconds(1));
  std::array<char, 16 * 1024> sink{};
  for (;;) {
    stream_.expires_at(until);
    const auto got = co_await stream_.async_read_some(asio::buffer(sink), awaiting);
    if (std::get<0>(got)) co_return;
  }
}

}  // namespace texbuild::server
