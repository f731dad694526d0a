#include <texbuild/testing.hpp>

#include <boost/asio/post.hpp>

namespace texbuild {
inline namespace v0 {
namespace testing {

manual_clock::manual_clock(std::chrono::system_clock::time_point start) : now_(start) {}

std::chrono::system_clock::time_point manual_clock::now() const {
  const std::scoped_lock lock(mutex_);
  return now_;
}

std::chrono::steady_clock::time_point manual_clock::steady_now() const {
  const std::scoped_lock lock(mutex_);
  return steady_;
}

void manual_clock::advance(std::chrono::milliseconds by) {
  const std::scoped_lock lock(mutex_);
  now_ += by;
  steady_ += by;
}

void fixed_entropy::fill(std::span<std::byte> out) {
  const std::scoped_lock lock(mutex_);
  for (auto& b : out) {  // splitmix64
    state_ += 0x9e3779b97f4a7c15ULL;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    b = static_cast<std::byte>(z >> 56);
  }
}

result<process_result> scripted_processes::run(const command& what, const output_sink& output, std::stop_token stop) {
  {
    const std::scoped_lock lock(mutex_);
    commands_.push_back(what);
  }
  return act_(what, output, std::move(stop));
}

std::vector<command> scripted_processes::commands() const {
  const std::scoped_lock lock(mutex_);
  return commands_;
}

void scripted_http::async_send(http_request request, handler done) {
  boost::asio::post(executor_, [act = act_, request = std::move(request), done = std::move(done)]() mutable {
    std::move(done)(act(request));
  });
}

namespace {

class scripted_stream final : public http_stream {
 public:
  scripted_stream(http_response head, boost::asio::any_io_executor executor, scripted_http::pieces next)
      : http_stream(std::move(head)),
        executor_(std::move(executor)),
        next_(std::make_shared<scripted_http::pieces>(std::move(next))) {}
  void async_read_some(handler done) override {
    boost::asio::post(executor_, [next = next_, done = std::move(done)]() mutable { std::move(done)((*next)()); });
  }

 private:
  boost::asio::any_io_executor executor_;
  std::shared_ptr<scripted_http::pieces> next_;  // it may count
};

}  // namespace

void scripted_http::async_open(http_request request, stream_handler done) {
  boost::asio::post(executor_, [executor = executor_, act = act_, stream = stream_, request = std::move(request),
                                done = std::move(done)]() mutable {
    auto answer = act(request);
    if (!answer) return std::move(done)(answer.error());
    auto body = std::make_shared<std::string>(std::exchange(answer->body, {}));
    auto next = stream ? stream(request) : pieces();
    if (!next) next = [body] { return result<std::string>(std::exchange(*body, {})); };
    std::move(done)(std::unique_ptr<http_stream>(
        std::make_unique<scripted_stream>(std::move(*answer), std::move(executor), std::move(next))));
  });
}

}  // namespace testing
}  // namespace v0
}  // namespace texbuild
