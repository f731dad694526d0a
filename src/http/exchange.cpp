#include "src/http/exchange.hpp"

#include "src/base/completion.hpp"
#include "src/http/connection.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

namespace texbuild {
inline namespace v0 {
namespace http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

/// Reads the whole answer.
class exchange final : public connection {
 public:
  exchange(const asio::any_io_executor& executor, shared_parts shared, url_parts url, wire_request request,
           std::uint64_t most_bytes, bool public_only, completion<http_response> done)
      : connection(executor, std::move(shared), std::move(url), std::move(request), public_only),
        most_bytes_(most_bytes),
        done_(std::move(done)) {}

  void listen_to_slot() {
    if (auto slot = done_.slot(); slot.is_connected())
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (const auto self = weak.lock()) self->cancel();
      });
  }

 private:
  void written() override {
    parser_.emplace();
    parser_->header_limit(most_header_bytes);
    parser_->body_limit(most_bytes_);
    if (is_head()) parser_->skip(true);
    with_stream([this](auto& stream) {
      auto self = std::static_pointer_cast<exchange>(shared_from_this());
      beast::http::async_read(stream, buffer_, *parser_, [self](error_code ec, std::size_t) { self->read(ec); });
    });
  }

  void read(error_code ec) {
    if (closed_) return;
    if (ec) return fail("read", ec);
    const auto status = parser_->get().result_int();
    if (status < 100 || status == 101) return fail("read", beast::http::error::bad_status);
    if (status >= 200) {
      close();
      return done_(answer());
    }
    // 100 Continue, 103 Early Hints: the answer itself is still to come.
    if (++interim_answers_ > most_interim_answers) return fail("read", beast::http::error::bad_status);
    written();
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

  void failed(error why) override { done_(std::move(why)); }

  std::uint64_t most_bytes_;
  completion<http_response> done_;
  std::optional<beast::http::response_parser<beast::http::string_body>> parser_;
  int interim_answers_ = 0;
};

}  // namespace

void run_exchange(const asio::any_io_executor& executor, shared_parts shared, url_parts url, http_request request,
                  http_client::handler done) {
  const auto timeout = request.timeout;
  const auto most_bytes = request.most_bytes;
  const auto public_only = request.public_only;
  auto wire = to_wire(url, std::move(request));
  if (!wire) return fail_exchange(executor, std::move(wire).error(), std::move(done));
  const auto made =
      std::make_shared<exchange>(executor, std::move(shared), std::move(url), std::move(*wire), most_bytes, public_only,
                                 completion<http_response>(executor, std::move(done)));
  made->listen_to_slot();
  made->start(timeout);
}

void fail_exchange(const asio::any_io_executor& executor, error why, http_client::handler done) {
  completion<http_response>(executor, std::move(done))(std::move(why));
}

}  // namespace http
}  // namespace v0
}  // namespace texbuild
