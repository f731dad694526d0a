// The processes of this machine, as a host sees them.
#pragma once

#include "tests/build/temporary_folder.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

struct seen_process {
  pid_t pid = 0;
  pid_t parent = 0;
  int depth = 0;  // PID namespaces around it
  std::string name;
  std::string status;  // the whole /proc/<pid>/status

  /// "NoNewPrivs" → "1"
  [[nodiscard]] std::string field(const std::string& key) const {
    const auto found = status.find("\n" + key + ":\t");
    if (found == std::string::npos) return {};
    const auto begin = found + key.size() + 3;
    return status.substr(begin, status.find('\n', begin) - begin);
  }
  /// "ipc" → "ipc:[4026531839]"
  [[nodiscard]] std::string space(const std::string& kind) const {
    std::error_code gone;
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind, gone).string();
  }
};

/// All below a process, dead ones left out.
inline std::vector<seen_process> processes_below(pid_t root) {
  std::vector<seen_process> all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto number = entry.path().filename().string();
    if (number.find_first_not_of("0123456789") != std::string::npos) continue;
    seen_process one;
    one.status = "\n" + read_file(entry.path() / "status");
    if (one.field("PPid").empty() || one.field("State").starts_with("Z")) continue;
    one.pid = std::stoi(number);
    one.parent = std::stoi(one.field("PPid"));
    one.name = one.field("Name");
    const auto numbers = one.field("NSpid");
    one.depth = static_cast<int>(std::count(numbers.begin(), numbers.end(), '\t')) + 1;
    all.push_back(std::move(one));
  }
  std::vector<pid_t> inside{root};
  std::vector<seen_process> out;
  for (std::size_t i = 0; i < inside.size(); ++i)
    for (const auto& one : all)
      if (one.parent == inside[i]) {
        inside.push_back(one.pid);
        out.push_back(one);
      }
  return out;
}

/// The process of an engine that is deepest inside: a job, if one runs.
inline seen_process deepest(const std::string& name) {
  seen_process out;
  for (auto& one : processes_below(::getpid()))
    if (one.name == name && one.depth >= out.depth) out = one;
  return out;
}

/// Looks again and again, for at most 20 seconds.
template <class F>
bool comes_true(F&& what) {
  for (int i = 0; i < 1000; ++i) {
    if (what()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}
