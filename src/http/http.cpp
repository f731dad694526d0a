// What every HTTP client has: headers found by name, and sending from a thread that may wait.
#include "src/base/completion.hpp"
#include "src/http/public_address.hpp"
#include "src/http/url.hpp"

#include <texbuild/http.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/system_executor.hpp>

#include <algorithm>
#include <future>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace {

bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string_view http_response::header(std::string_view name) const noexcept {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return same_name(h.first, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

result<void> check_url(std::string_view url, bool public_only) {
  const auto parts = http::parse_url(url);
  if (!parts) return parts.error();
  if (!public_only) return {};
  const bool reachable =
      parts->is_ip ? http::is_public(boost::asio::ip::make_address(parts->host)) : http::is_public_name(parts->host);
  if (!reachable) return error(errc::invalid_input, "the URL leads to a private network: " + parts->host);
  return {};
}

namespace {

/// An answer that is there already, as a stream of one piece.
class whole_answer final : public http_stream {
 public:
  whole_answer(http_response head, std::string body, boost::asio::any_io_executor executor)
      : http_stream(std::move(head)), body_(std::move(body)), executor_(std::move(executor)) {}
  void async_read_some(handler done) override {
    completion<std::string>(executor_, std::move(done))(std::exchange(body_, {}));
  }

 private:
  std::string body_;
  boost::asio::any_io_executor executor_;
};

}  // namespace

void http_client::async_open(http_request request, stream_handler done) {
  auto executor = boost::asio::get_associated_executor(done);
  auto slot = boost::asio::get_associated_cancellation_slot(done);
  auto opened = [done = std::move(done)](result<http_response> answer) mutable {
    if (!answer) return std::move(done)(answer.error());
    auto body = std::move(answer->body);
    answer->body = {};
    std::move(done)(std::unique_ptr<http_stream>(
        std::make_unique<whole_answer>(std::move(*answer), std::move(body), boost::asio::system_executor())));
  };
  async_send(std::move(request),
             boost::asio::bind_executor(executor, boost::asio::bind_cancellation_slot(slot, std::move(opened))));
}

result<http_response> http_client::send(http_request request) {
  std::promise<result<http_response>> promise;
  auto answer = promise.get_future();
  async_send(std::move(request),
             [promise = std::move(promise)](result<http_response> r) mutable { promise.set_value(std::move(r)); });
  try {
    return answer.get();
  } catch (const std::future_error&) {
    // The client was taken down with the request in it.
    return error(errc::canceled, "the request was given up");
  }
}

}  // namespace v0
}  // namespace texbuild
