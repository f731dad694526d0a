#include "server/session.hpp"

namespace texbuild::server {
namespace {

constexpr std::size_t most_seen_users = 10'000;

}  // namespace

void session_context::add(open_session* s) {
  const std::scoped_lock guard(mutex_);
  sessions_.insert(s);
}

void session_context::remove(open_session* s) {
  const std::scoped_lock guard(mutex_);
  sessions_.erase(s);
}

std::size_t session_context::open_sessions() {
  const std::scoped_lock guard(mutex_);
  return sessions_.size();
}

void session_context::stop_sessions() {
  stopping = true;
  const std::scoped_lock guard(mutex_);
  for (auto* s : sessions_) s->stop();
}

void session_context::stop_waits() {
  const std::scoped_lock guard(mutex_);
  for (auto* s : sessions_) s->stop_waiting();
}

result<void> session_context::remember(const std::string& user) {
  {
    const std::scoped_lock guard(mutex_);
    if (seen_users_.contains(user)) return {};
  }
  if (auto known = builds.remember_owner(user); !known) return known;
  const std::scoped_lock guard(mutex_);
  if (seen_users_.size() >= most_seen_users) seen_users_.clear();
  seen_users_.insert(user);
  return {};
}

}  // namespace texbuild::server
