#include "server/tool/watcher.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <sys/stat.h>

namespace texbuild_tool {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 20'000;  // a project may not have as many
constexpr int most_pauses = 40;             // for a file that never comes to rest

fs::path resolved(const fs::path& path) {
  std::error_code failed;
  auto out = fs::weakly_canonical(path, failed);
  return failed ? fs::absolute(path, failed) : out;
}

void add(watcher::marks& to, const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  file_mark mark;
  mark.bytes = static_cast<std::uint64_t>(status.st_size);
  mark.changed_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  mark.number = status.st_ino;
  to.emplace(file.string(), mark);
}

/// False when asked to stop.
bool rest(std::chrono::milliseconds pause, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, pause, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

watcher::watcher(fs::path target, const std::vector<fs::path>& ignored, std::chrono::milliseconds pause)
    : target_(resolved(target)), pause_(pause) {
  for (const auto& file : ignored) ignored_.push_back(resolved(file).string());
}

bool watcher::is_ignored(const fs::path& file) const {
  const auto name = file.filename().string();
  if (name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))) return true;
  const auto text = file.string();
  return std::any_of(ignored_.begin(), ignored_.end(),
                     [&](const auto& own) { return text == own || text.starts_with(own + ".part"); });
}

watcher::marks watcher::look() const {
  marks out;
  std::error_code failed;
  if (!fs::is_directory(target_, failed)) {
    add(out, target_);
    return out;
  }
  for (fs::recursive_directory_iterator at(target_, fs::directory_options::skip_permission_denied, failed), end;
       !failed && at != end && out.size() < most_files; at.increment(failed)) {
    std::error_code gone;
    if (at->is_directory(gone)) {
      if (at->path().filename().string().starts_with('.')) at.disable_recursion_pending();
    } else if (!is_ignored(at->path())) {
      add(out, at->path());
    }
  }
  return out;
}

bool watcher::wait_for_change(const marks& seen, const std::stop_token& stop) const {
  for (;;) {
    auto now = look();
    if (now != seen) {
      for (int i = 0; i < most_pauses; ++i) {
        if (!rest(pause_, stop)) return false;
        auto later = look();
        const bool settled = later == now;
        now = std::move(later);
        if (settled) break;
      }
      if (now != seen) return true;
      continue;  // such as the file that an editor makes to try the folder
    }
    if (!rest(pause_, stop)) return false;
  }
}

}  // namespace texbuild_tool
