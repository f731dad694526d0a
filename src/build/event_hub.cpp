#include "src/build/event_hub.hpp"

#include <boost/asio/post.hpp>

namespace texbuild {
inline namespace v0 {

event_subscription& event_subscription::operator=(event_subscription&& other) noexcept {
  if (this != &other) {
    event_subscription ended(std::move(*this));
    impl_ = std::move(other.impl_);
  }
  return *this;
}

event_subscription::~event_subscription() {
  if (!impl_) return;
  const std::scoped_lock lock(impl_->mutex);
  impl_->handler = nullptr;
}

namespace build {
namespace {
constexpr std::size_t remembered = 1000;  // events of a running build; documented in engine.hpp
}  // namespace

void event_hub::open(std::string_view id) {
  const std::scoped_lock lock(mutex_);
  channels_.try_emplace(std::string(id));
}

std::vector<std::shared_ptr<event_subscription::impl>> event_hub::add(channel& to, build_event&& event) {
  event.sequence = to.next++;
  to.recent.push_back(std::make_shared<const build_event>(std::move(event)));
  if (to.recent.size() > remembered) to.recent.pop_front();
  std::vector<std::shared_ptr<event_subscription::impl>> live;
  std::erase_if(to.watchers, [&](const auto& weak) {
    auto strong = weak.lock();
    if (strong) live.push_back(std::move(strong));
    return weak.expired();
  });
  return live;
}

void event_hub::publish(std::string_view id, build_event event) {
  const std::scoped_lock lock(mutex_);  // held while posting, so that events arrive in order
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  auto live = add(found->second, std::move(event));
  if (!live.empty()) post(std::move(live), {found->second.recent.back()});
}

void event_hub::close(std::string_view id, build_event last) {
  const std::scoped_lock lock(mutex_);
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  auto live = add(found->second, std::move(last));
  if (!live.empty()) post(std::move(live), {found->second.recent.back()});
  channels_.erase(found);
}

std::shared_ptr<event_subscription::impl> event_hub::subscribe(std::string_view id, std::uint64_t after,
                                                               std::function<void(const build_event&)> handler) {
  const std::scoped_lock lock(mutex_);
  const auto found = channels_.find(id);
  if (found == channels_.end()) return nullptr;
  auto watcher = std::make_shared<event_subscription::impl>();
  watcher->handler = std::move(handler);
  watcher->after = after;
  found->second.watchers.push_back(watcher);
  if (!found->second.recent.empty()) post({watcher}, {found->second.recent.begin(), found->second.recent.end()});
  return watcher;
}

std::shared_ptr<event_subscription::impl> event_hub::deliver_once(std::function<void(const build_event&)> handler,
                                                                  build_event event) {
  auto watcher = std::make_shared<event_subscription::impl>();
  watcher->handler = std::move(handler);
  event.sequence = 1;
  post({watcher}, {std::make_shared<const build_event>(std::move(event))});
  return watcher;
}

void event_hub::post(std::vector<std::shared_ptr<event_subscription::impl>> to,
                     std::vector<std::shared_ptr<const build_event>> what) {
  boost::asio::post(loop_, [to = std::move(to), what = std::move(what)] {
    for (const auto& watcher : to) {
      for (const auto& event : what) {
        const std::scoped_lock lock(watcher->mutex);
        if (!watcher->handler || event->sequence <= watcher->after) continue;
        watcher->after = event->sequence;
        // A copy: the handler may end its own subscription while it runs.
        const auto handler = watcher->handler;
        handler(*event);
      }
    }
  });
}

}  // namespace build
}  // namespace v0
}  // namespace texbuild
