#include "src/build/event_hub.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <limits>
#include <utility>

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
  auto& place = channels_[std::string(id)];
  if (!place) place = std::make_shared<channel>();
}

// With the lock held.
void event_hub::add(const std::shared_ptr<channel>& to, build_event&& event) {
  event.sequence = to->next++;
  to->recent.push_back(std::make_shared<const build_event>(std::move(event)));
  if (to->recent.size() > remembered) to->recent.pop_front();
  std::erase_if(to->watchers, [](const auto& weak) { return weak.expired(); });
  if (!to->watchers.empty()) post(to);
}

void event_hub::publish(std::string_view id, build_event event) {
  const std::scoped_lock lock(mutex_);
  const auto found = channels_.find(id);
  if (found != channels_.end()) add(found->second, std::move(event));
}

void event_hub::close(std::string_view id, build_event last) {
  const std::scoped_lock lock(mutex_);
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  add(found->second, std::move(last));
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
  found->second->watchers.push_back(watcher);
  if (!found->second->recent.empty()) post(found->second);
  return watcher;
}

std::shared_ptr<event_subscription::impl> event_hub::deliver_once(std::function<void(const build_event&)> handler,
                                                                  build_event event) {
  auto once = std::make_shared<channel>();
  auto watcher = std::make_shared<event_subscription::impl>();
  watcher->handler = std::move(handler);
  once->watchers.push_back(watcher);
  const std::scoped_lock lock(mutex_);
  add(once, std::move(event));
  return watcher;
}

// With the lock held. One delivery at a time is enough: it takes along all that has come until it runs.
void event_hub::post(const std::shared_ptr<channel>& from) {
  if (std::exchange(from->on_its_way, true)) return;
  boost::asio::post(loop_, [self = shared_from_this(), from] { self->deliver(from); });
}

// On the loop, so that nobody else moves an `after`.
void event_hub::deliver(const std::shared_ptr<channel>& from) {
  std::vector<std::shared_ptr<event_subscription::impl>> watchers;
  event_list news;
  {
    const std::scoped_lock lock(mutex_);
    from->on_its_way = false;
    auto oldest = std::numeric_limits<std::uint64_t>::max();
    for (const auto& weak : from->watchers) {
      if (auto watcher = weak.lock()) {
        oldest = std::min(oldest, watcher->after);
        watchers.push_back(std::move(watcher));
      }
    }
    for (auto event = from->recent.rbegin(); event != from->recent.rend() && (*event)->sequence > oldest; ++event)
      news.push_back(*event);
  }
  for (const auto& watcher : watchers) {
    for (auto event = news.rbegin(); event != news.rend(); ++event) {
      const std::scoped_lock lock(watcher->mutex);
      if (!watcher->handler || (*event)->sequence <= watcher->after) continue;
      watcher->after = (*event)->sequence;
      // A copy: the handler may end its own subscription while it runs.
      const auto handler = watcher->handler;
      handler(**event);
    }
  }
}

}  // namespace build
}  // namespace v0
}  // namespace texbuild
