// The projects that have processes parked, and who may keep how much: one budget of memory over all of them.
#pragma once

#include "src/warm/home.hpp"

#include <texbuild/environment.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace warm {

struct home_limits {
  std::uint64_t memory_bytes = 0;     ///< of all that waits between builds
  std::size_t most_of_one_owner = 0;  ///< projects
  std::chrono::minutes most_idle{0};
};

/// What is parked for projects now, and what became of it since the start.
struct homes_figures {
  std::uint64_t projects = 0;
  std::uint64_t copies = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t evicted = 0;  ///< projects whose processes had to end before they were idle for long
  home_figures done;
};

/// Thread safe. All homes have to be given back before it ends.
class homes {
 public:
  homes(std::filesystem::path folder, home_limits limits, std::shared_ptr<clock> time);
  ~homes();

  /// The home of a project, with empty folders; "" for one that is used once. Null while another build is there.
  std::shared_ptr<home> lend(std::string_view owner, std::string_view project);
  /// The one that is lent out and has this job folder; or null.
  std::shared_ptr<home> find(const std::filesystem::path& job);
  /// Ends what has been idle for too long.
  void sweep();
  [[nodiscard]] homes_figures figures() const;

 private:
  using key = std::pair<std::string, std::string>;  // owner, project
  struct entry {
    std::shared_ptr<home> at;
    bool lent = false;
    std::chrono::steady_clock::time_point used;
    std::uint64_t memory_bytes = 0;
    std::int64_t saves_us = 0;
  };
  void take_back(const key& whose, home& at, bool once);
  std::vector<std::shared_ptr<home>> evict(const std::string& owner);

  std::filesystem::path folder_;
  home_limits limits_;
  std::shared_ptr<clock> time_;
  mutable std::mutex mutex_;
  std::map<key, entry> entries_;
  std::map<std::filesystem::path, std::weak_ptr<home>> lent_;  // by job folder
  std::uint64_t made_ = 0;
  std::uint64_t evicted_ = 0;
  home_figures done_;  // of homes that are gone
};

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
