// One request whose answer is read piece by piece, as fast as whoever asked wants it.
#include "src/base/completion.hpp"
#include "src/http/connection.hpp"
#include "src/http/exchange.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

namespace texbuild {
inline namespace v0 {
namespace http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using opened_handler = completion<std::unique_ptr<http_stream>>;
using piece_handler = completion<std::string>;

// Held by every stream that waits for its next piece.
constexpr std::size_t piece_bytes = 4 * 1024;

class streamed_answer final : public connection {
 public:
  streamed_answer(const asio::any_io_executor& executor, shared_parts shared, url_parts url, wire_request request,
                  std::uint64_t most_bytes, bool public_only, std::chrono::milliseconds idle, opened_handler done)
      : connection(executor, std::move(shared), std::move(url), std::move(request), public_only),
        executor_(executor),
        most_bytes_(most_bytes),
        idle_(idle),
        opened_(std::move(done)) {}

  void listen_to_slot() {
    if (auto slot = opened_->slot(); slot.is_connected())
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (const auto self = weak.lock()) self->cancel();
      });
  }

  void next(http_stream::handler done) {
    asio::post(strand_, [self = self_ptr(), done = std::make_shared<piece_handler>(executor_, std::move(done))] {
      if (self->reader_) return (*done)(error(errc::conflict, "the stream is being read already"));
      self->reader_ = done;
      self->read_some();
    });
  }

 private:
  std::shared_ptr<streamed_answer> self_ptr() { return std::static_pointer_cast<streamed_answer>(shared_from_this()); }

  void written() override {
    forget_body();
    parser_.emplace();
    parser_->header_limit(most_header_bytes);
    parser_->body_limit(most_bytes_);
    if (is_head()) parser_->skip(true);
    with_stream([this](auto& stream) {
      beast::http::async_read_header(stream, buffer_, *parser_,
                                     [self = self_ptr()](error_code ec, std::size_t) { self->read_head(ec); });
    });
  }

  void read_head(error_code ec);

  void read_some() {
    if (closed_) return tell(end_ ? error(*end_) : error(errc::canceled, "the request was canceled"));
    if (parser_->is_done()) return tell(std::string());
    piece_.resize(piece_bytes);
    parser_->get().body().data = piece_.data();
    parser_->get().body().size = piece_.size();
    parser_->get().body().more = true;
    wait_at_most(idle_);
    with_stream([this](auto& stream) {
      beast::http::async_read_some(stream, buffer_, *parser_,
                                   [self = self_ptr()](error_code ec, std::size_t) { self->got_some(ec); });
    });
  }

  void got_some(error_code ec) {
    if (closed_) return;
    if (ec && ec != beast::http::error::need_buffer) return fail("read", ec);
    wait_forever();  // for the reader, who may take his time
    piece_.resize(piece_.size() - parser_->get().body().size);
    if (piece_.empty()) return read_some();
    piece_.shrink_to_fit();
    tell(std::exchange(piece_, {}));
  }

  void tell(result<std::string> what) { (*std::exchange(reader_, nullptr))(std::move(what)); }

  void failed(error why) override {
    end_ = why;
    if (opened_) {
      auto done = std::move(*opened_);
      opened_.reset();
      done(std::move(why));
    } else if (reader_) {
      tell(std::move(why));
    }
  }

  asio::any_io_executor executor_;
  std::uint64_t most_bytes_;
  std::chrono::milliseconds idle_;
  std::optional<opened_handler> opened_;   // until the head is there
  std::shared_ptr<piece_handler> reader_;  // while a piece is waited for
  std::optional<error> end_;
  std::optional<beast::http::response_parser<beast::http::buffer_body>> parser_;
  std::string piece_;
  int interim_answers_ = 0;
};

/// What the reader holds; the connection goes with it.
class handle final : public http_stream {
 public:
  handle(http_response head, std::shared_ptr<streamed_answer> from)
      : http_stream(std::move(head)), from_(std::move(from)) {}
  ~handle() override { from_->cancel(); }
  handle(const handle&) = delete;
  handle& operator=(const handle&) = delete;
  void async_read_some(handler done) override { from_->next(std::move(done)); }

 private:
  std::shared_ptr<streamed_answer> from_;
};

void streamed_answer::read_head(error_code ec) {
  if (closed_) return;
  if (ec) return fail("read", ec);
  const auto& wire = parser_->get();
  const auto status = wire.result_int();
  if (status < 100 || status == 101) return fail("read", beast::http::error::bad_status);
  if (status < 200) {  // 100 Continue, 103 Early Hints: the answer itself is still to come
    if (++interim_answers_ > most_interim_answers) return fail("read", beast::http::error::bad_status);
    return written();
  }
  wait_forever();
  http_response head;
  head.status = static_cast<int>(status);
  for (const auto& field : wire)
    head.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  auto done = std::move(*opened_);
  opened_.reset();
  done(std::unique_ptr<http_stream>(std::make_unique<handle>(std::move(head), self_ptr())));
}

}  // namespace

void open_stream(const asio::any_io_executor& executor, shared_parts shared, url_parts url, http_request request,
                 http_client::stream_handler done) {
  const auto timeout = request.timeout;
  const auto idle = request.idle;
  const auto most_bytes = request.most_bytes;
  const auto public_only = request.public_only;
  auto wire = to_wire(url, std::move(request));
  if (!wire) return fail_stream(executor, std::move(wire).error(), std::move(done));
  const auto made =
      std::make_shared<streamed_answer>(executor, std::move(shared), std::move(url), std::move(*wire), most_bytes,
                                        public_only, idle, opened_handler(executor, std::move(done)));
  made->listen_to_slot();
  made->start(timeout);
}

void fail_stream(const asio::any_io_executor& executor, error why, http_client::stream_handler done) {
  opened_handler(executor, std::move(done))(std::move(why));
}

}  // namespace http
}  // namespace v0
}  // namespace texbuild
