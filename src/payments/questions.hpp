// What is asked of Polar about its users: each question once at a time, and not too many for anybody. Polar answers
// 500 calls a minute for all of us together.
#pragma once

#include <texbuild/error.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {

/// Thread safe. Forgotten with the process: then a user may be asked about some times more.
class questions {
 public:
  /// True: Polar was asked. False: it was not, since it was about this user too often of late.
  using answer = result<bool>;

  /// What `ask` says; if the same user is being asked about, it is waited for what that says.
  answer one_at_a_time(std::string_view user, const std::function<answer()>& ask);
  /// Counts a question about this user, if there may be one now.
  bool allow(std::string_view user, bool customer, std::chrono::system_clock::time_point now);

 private:
  struct question {
    std::optional<answer> said;
  };
  std::mutex mutex_;
  std::condition_variable answered_;
  std::map<std::string, std::shared_ptr<question>, std::less<>> asking_;
  std::map<std::string, std::chrono::microseconds, std::less<>> asked_;  // arrival times of policy::gcra
};

}  // namespace v0
}  // namespace texbuild
