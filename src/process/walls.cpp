#include "src/process/walls.hpp"

#include "src/process/child_setup.hpp"
#include "src/process/pipe.hpp"
#include "src/process/seccomp_filter.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace texbuild {
inline namespace v0 {
namespace process {
namespace {

namespace fs = std::filesystem;

error not_started(std::string why) { return error(errc::unavailable, "the sandbox cannot be started", std::move(why)); }

}  // namespace

result<walls> walls::make(const sandbox_options& options) {
  auto here = inspect_machine(options);
  if (!here) return here.error();
  auto filter = make_seccomp_filter();
  if (!filter) return filter.error();
  return walls(std::move(*here), std::move(*filter), options.user_when_root);
}

descriptor null_descriptor() {
  const descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  return descriptor(::fcntl(null.get(), F_DUPFD_CLOEXEC, 20));
}

/// Links themselves, not what they point to.
void walls::give_away(const fs::path& folder) const {
  struct stat info {};
  if (::geteuid() != 0) return;
  if (::lstat(folder.c_str(), &info) != 0 || info.st_uid == user_) return;  // it was given away before
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored))
    (void)::lchown(entry.path().c_str(), user_, user_);
  (void)::lchown(folder.c_str(), user_, user_);
}

result<pid_t> walls::start(const command& what, start_options options) const {
  own_folders own;
  child_setup setup;
  own.job = fs::absolute(what.root).string();
  own.scratch = fs::absolute(what.scratch).string();
  for (const auto& view : what.readable) own.readable.push_back(fs::absolute(view.host).string());
  for (const auto& view : what.writable) own.writable.push_back(fs::absolute(view.host).string());
  give_away(own.job);
  give_away(own.scratch);
  for (const auto& folder : own.writable) give_away(folder);
  command full = what;
  for (const auto& view : options.shared) {
    own.writable.push_back(fs::absolute(view.host).string());
    full.writable.push_back(view);
  }
  if (::geteuid() == 0) {
    setup.drop_root = true;
    setup.user = user_;
    std::vector<std::string*> all{&own.job, &own.scratch};
    for (auto& folder : own.readable) all.push_back(&folder);
    for (auto& folder : own.writable) all.push_back(&folder);
    setup.stage = stage_for(all);
    if (setup.stage.empty()) return error(errc::unavailable, "the sandbox finds no free place to mount on", "/mnt");
    setup.show_closed_root();
    for (auto* folder : all) {
      const auto place = setup.stage + "/" + std::to_string(setup.staged.size());
      setup.staged.emplace_back(*folder, place);
      *folder = place;
    }
  }
  auto seccomp = make_pipe();
  if (!seccomp) return not_started("no descriptors left");
  // A filter is far smaller than a pipe.
  if (::write(seccomp->write.get(), filter_.data(), filter_.size()) != static_cast<ssize_t>(filter_.size()))
    return not_started("the filter does not fit");
  seccomp->write.close();
  setup.limits = kernel_limits(what.limits);
  setup.descriptors = std::move(options.descriptors);
  setup.descriptors.emplace_back(seccomp->read.get(), seccomp_descriptor);
  const auto pid = setup.start(here_.bwrap, sandbox_arguments(here_, full, own, options.filtered));
  if (pid == -EPERM || pid == -ENOSPC || pid == -EINVAL)
    return error(errc::unavailable, no_namespaces, std::strerror(-pid));
  if (pid < 0) return not_started(std::strerror(-pid));
  return pid;
}

/// A folder of the system that none of the paths lies in.
std::string walls::stage_for(const std::vector<std::string*>& folders) const {
  const auto holds = [](const std::string& place, const std::string& path) {
    return path == place || path.starts_with(place + "/");
  };
  for (std::string place : {"/mnt", "/media", "/srv", "/opt"}) {
    struct stat info {};
    if (::stat(place.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) continue;
    const bool used =
        std::any_of(folders.begin(), folders.end(), [&](const auto* f) { return holds(place, *f); }) ||
        std::any_of(here_.visible.begin(), here_.visible.end(), [&](const auto& v) { return holds(place, v); });
    if (!used) return place;
  }
  return {};
}

}  // namespace process
}  // namespace v0
}  // namespace texbuild
