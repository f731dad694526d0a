#include "src/process/process_tree.hpp"

#include "src/process/hostile_folder.hpp"

#include <array>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace process {
namespace {

std::string read_small(const std::string& file) {
  std::string text(8192, '\0');
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const auto got = ::read(fd, text.data(), text.size());
  ::close(fd);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

/// The words of a line as numbers; other words count as 0.
std::vector<std::uint64_t> numbers(std::string_view text) {
  std::vector<std::uint64_t> out;
  while (!text.empty()) {
    const auto space = text.find_first_of(" \n");
    const auto word = text.substr(0, space);
    std::uint64_t value = 0;
    if (!word.empty()) {
      std::from_chars(word.data(), word.data() + word.size(), value);
      out.push_back(value);
    }
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  return out;
}

struct close_entries {
  void operator()(DIR* d) const noexcept { ::closedir(d); }
};

constexpr int deepest_tree = 100;  // folders in each other; file_tree looks as deep

void walk(int at, const char* name, std::uint64_t most, int depth, disk_usage& sum) {
  const int fd = open_folder_at(at, name);
  if (fd < 0) return;
  const std::unique_ptr<DIR, close_entries> folder(::fdopendir(fd));
  if (!folder) {
    ::close(fd);
    return;
  }
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view child = entry->d_name;
    if (child == "." || child == "..") continue;
    struct stat info {};
    if (::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    sum.bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
    if (++sum.files > most || sum.too_deep) return;
    if (!S_ISDIR(info.st_mode)) continue;
    sum.too_deep = depth >= deepest_tree;
    if (!sum.too_deep) walk(fd, entry->d_name, most, depth + 1, sum);
  }
}

/// Calls `visit` with the number of the process and of each below it, at most `most` and one.
template <class F>
void each_process(pid_t root, std::uint32_t most, F&& visit) {
  std::uint32_t seen = 0;
  std::vector<std::uint64_t> todo{static_cast<std::uint64_t>(root)};
  while (!todo.empty() && seen <= most) {
    const auto pid = std::to_string(todo.back());
    todo.pop_back();
    if (!visit(pid)) continue;
    ++seen;
    // Threads start children too.
    const std::unique_ptr<DIR, close_entries> tasks(::opendir(("/proc/" + pid + "/task").c_str()));
    while (const dirent* task = tasks ? ::readdir(tasks.get()) : nullptr) {
      if (task->d_name[0] == '.') continue;
      const auto children = numbers(read_small("/proc/" + pid + "/task/" + task->d_name + "/children"));
      todo.insert(todo.end(), children.begin(), children.end());
    }
  }
}

}  // namespace

tree_usage sample_tree(pid_t root, std::uint32_t most) {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  static const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  tree_usage sum;
  std::uint64_t used = 0;
  each_process(root, most, [&](const std::string& pid) {
    const auto stat = read_small("/proc/" + pid + "/stat");
    const auto name_end = stat.rfind(')');  // the name may hold anything
    if (name_end == std::string::npos) return false;
    // After the name: state, ppid, … utime stime cutime cstime are words 11 to 14.
    const auto words = std::string_view(stat).substr(name_end + 2);
    const auto fields = numbers(words);
    if (fields.size() > 14) used += fields[11] + fields[12] + fields[13] + fields[14];
    if (words.starts_with('T')) return true;
    ++sum.processes;
    const auto memory = numbers(read_small("/proc/" + pid + "/statm"));
    if (memory.size() > 1) sum.memory_bytes += memory[1] * page;
    return true;
  });
  sum.cpu = std::chrono::milliseconds(used * 1000 / ticks);
  return sum;
}

std::uint64_t private_memory(pid_t root, std::uint32_t most, bool stopped_only) {
  std::uint64_t kilobytes = 0;
  each_process(root, most, [&](const std::string& pid) {
    if (stopped_only) {
      const auto stat = read_small("/proc/" + pid + "/stat");
      const auto name_end = stat.rfind(')');
      if (name_end == std::string::npos || stat.compare(name_end, 3, ") T") != 0) return true;
    }
    const auto text = read_small("/proc/" + pid + "/smaps_rollup");
    for (const std::string_view word : {"\nPrivate_Clean:", "\nPrivate_Dirty:"}) {
      const auto at = text.find(word);
      if (at == std::string::npos) continue;
      const auto digits = text.find_first_of("0123456789", at);
      std::uint64_t value = 0;
      if (digits != std::string::npos) std::from_chars(text.data() + digits, text.data() + text.size(), value);
      kilobytes += value;
    }
    return true;
  });
  return kilobytes << 10;
}

disk_usage sample_nameless_files(pid_t root, std::uint32_t most) {
  disk_usage sum;
  std::set<std::pair<dev_t, ino_t>> counted;  // one file may be open many times
  each_process(root, most, [&](const std::string& pid) {
    const auto place = "/proc/" + pid + "/fd";
    const std::unique_ptr<DIR, close_entries> open_files(::opendir(place.c_str()));
    if (!open_files) return false;
    while (const dirent* entry = ::readdir(open_files.get())) {
      struct stat info {};
      if (::fstatat(::dirfd(open_files.get()), entry->d_name, &info, 0) != 0) continue;
      if (!S_ISREG(info.st_mode) || info.st_nlink != 0 || !counted.emplace(info.st_dev, info.st_ino).second) continue;
      sum.bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
      ++sum.files;
    }
    return true;
  });
  return sum;
}

disk_usage sample_folder(const std::filesystem::path& folder, std::uint64_t most_files) {
  disk_usage sum;
  walk(AT_FDCWD, folder.c_str(), most_files, 0, sum);
  return sum;
}

}  // namespace process
}  // namespace v0
}  // namespace texbuild
