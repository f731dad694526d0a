// This process and all below it, warm engines and parked copies included: their processor time, their memory.
#pragma once

#include "bench/measure.hpp"

#include <cctype>
#include <cstdint>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

namespace bench {

/// Processes whose parent has ended stay in this tree.
inline void keep_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

struct tree_process {
  pid_t pid = 0;
  pid_t parent = 0;
  double cpu_ms = 0;  // with that of the children it has waited for; the kernel counts in steps of 10 ms
};

inline std::vector<tree_process> process_tree() {
  std::map<pid_t, tree_process> all;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const auto name = entry.path().filename().string();
    if (!std::isdigit(static_cast<unsigned char>(name.front()))) continue;
    const auto text = text_of(entry.path() / "stat");
    const auto behind = text.rfind(") ");  // the name before it may hold anything
    if (behind == std::string::npos) continue;
    std::istringstream in(text.substr(behind + 2));
    tree_process p;
    std::string skipped;
    in >> skipped >> p.parent;
    for (int i = 0; i < 9; ++i) in >> skipped;
    long ticks = 0;  // user, system, and both of children
    for (int i = 0; i < 4; ++i) {
      long n = 0;
      in >> n;
      ticks += n;
    }
    p.pid = static_cast<pid_t>(std::stol(name));
    p.cpu_ms = 1e3 * static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    all[p.pid] = p;
  }
  std::vector<tree_process> tree;
  for (const auto& [pid, p] : all) {
    auto up = all.find(pid);
    while (up != all.end() && up->first != ::getpid()) up = all.find(up->second.parent);
    if (up != all.end()) tree.push_back(p);
  }
  return tree;
}

inline double tree_cpu_ms() {
  double sum = 0;
  for (const auto& p : process_tree()) sum += p.cpu_ms;
  return sum;
}

/// A figure of /proc/PID/smaps_rollup in kB, such as "Pss", its share of all pages it has; 0 if it may not be seen.
inline std::uint64_t memory_kb(pid_t pid, const std::string& line) {
  const auto text = text_of("/proc/" + std::to_string(pid) + "/smaps_rollup");
  const auto at = text.find("\n" + line + ":");
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + line.size() + 2));
}

}  // namespace bench
