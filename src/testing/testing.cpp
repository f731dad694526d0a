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

}  // namespace testing
}  // namespace v0
}  // namespace texbuild
