// Waiting on a thread of one's own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace texbuild::server {

/// False as soon as it is time to stop.
inline bool pause(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::mutex waiting;
  std::condition_variable_any woken;
  std::unique_lock lock(waiting);
  woken.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace texbuild::server
