// Who watches which build, and the last events of each. Handlers are called on the engine's loop, one at a time.
#pragma once

#include <texbuild/build.hpp>
#include <texbuild/engine.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// One subscription. The mutex is held while the handler runs, so that ending it waits for the handler.
struct event_subscription::impl {
  std::recursive_mutex mutex;  // recursive: a handler may end its own subscription
  std::function<void(const build_event&)> handler;
  std::uint64_t after = 0;
};

namespace build {

/// Thread safe. A build that floods its watchers costs no memory: whoever cannot follow misses what is no longer
/// remembered, but never the last event.
class event_hub : public std::enable_shared_from_this<event_hub> {
 public:
  /// `loop` runs one handler at a time (a strand).
  explicit event_hub(boost::asio::any_io_executor loop) : loop_(std::move(loop)) {}

  /// Starts remembering a build's events.
  void open(std::string_view id);
  /// Numbers the event and delivers it. Unknown builds are passed over.
  void publish(std::string_view id, build_event event);
  /// Delivers the last event, forgets the build and its subscribers.
  void close(std::string_view id, build_event last);
  /// Empty when the build is not known here (it has ended, or runs elsewhere).
  std::shared_ptr<event_subscription::impl> subscribe(std::string_view id, std::uint64_t after,
                                                      std::function<void(const build_event&)> handler);
  /// Delivers one event to one subscriber only.
  std::shared_ptr<event_subscription::impl> deliver_once(std::function<void(const build_event&)> handler,
                                                         build_event event);

 private:
  using event_list = std::vector<std::shared_ptr<const build_event>>;
  /// Shared with a delivery that is on its way.
  struct channel {
    std::uint64_t next = 1;
    std::deque<std::shared_ptr<const build_event>> recent;
    std::vector<std::weak_ptr<event_subscription::impl>> watchers;
    bool on_its_way = false;
  };
  void add(const std::shared_ptr<channel>& to, build_event&& event);
  void post(const std::shared_ptr<channel>& from);
  void deliver(const std::shared_ptr<channel>& from);

  boost::asio::any_io_executor loop_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<channel>, std::less<>> channels_;
};

}  // namespace build
}  // namespace v0
}  // namespace texbuild
