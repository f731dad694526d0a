#include "src/process/child_setup.hpp"

#include "src/process/pipe.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace process {

namespace {
constexpr unsigned close_on_exec = 4;  // CLOSE_RANGE_CLOEXEC, Linux 5.11

int write_file(const char* name, const std::string& text) noexcept {
  const int fd = ::open(name, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int failed = written ? 0 : errno;
  ::close(fd);
  return failed;
}
}  // namespace

pid_t child_setup::start(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<char*, 1> no_environment{nullptr};
  user_map_ = std::to_string(::geteuid()) + " " + std::to_string(::geteuid()) + " 1";
  group_map_ = std::to_string(::getegid()) + " " + std::to_string(::getegid()) + " 1";
  auto told = make_pipe();  // why exec did not happen
  if (!told) return -EMFILE;
  const descriptor low(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  // Above the descriptors of the child, one of which would take its place there.
  const descriptor parent(low ? ::fcntl(low.get(), F_DUPFD_CLOEXEC, 20) : -1);
  if (!parent) return -errno;
  parent_ = parent.get();

  const unsigned long flags = CLONE_NEWPID | SIGCHLD | (drop_root ? 0UL : CLONE_NEWUSER);
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
  if (pid == 0) {
    int failed = run();
    if (failed == 0) {
      ::execve(program.c_str(), argv.data(), no_environment.data());
      failed = errno;
    }
    (void)!::write(told->write.get(), &failed, sizeof failed);
    ::_exit(127);  // not exit: destructors would wait for threads that only the parent has
  }
  if (pid < 0) return -errno;
  told->write.close();
  int failed = 0;
  ssize_t got = 0;
  while ((got = ::read(told->read.get(), &failed, sizeof failed)) < 0 && errno == EINTR) {
  }
  if (got == 0) return pid;  // exec closed the pipe
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return failed > 0 ? -failed : -EIO;
}

int child_setup::run() const noexcept {
  if (!drop_root) {
    if (const int failed = keep_own_user()) return failed;
  }
  if (const int failed = see_own_processes()) return failed;
  // All ends with exec, but for what the child is given.
  if (::syscall(SYS_close_range, 3U, ~0U, close_on_exec) != 0) return errno;
  for (const auto& [from, to] : descriptors)
    if (::dup2(from, to) < 0) return errno;
  for (const auto& [resource, limit] : limits)
    if (::setrlimit(resource, &limit) != 0) return errno;
  if (drop_root) {
    if (const int failed = become_user()) return failed;
  }
  // Bubblewrap asks for the same, but only once it runs: a parent killed before that would leave it behind. Last, since
  // becoming another user takes it back.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
  pollfd gone{parent_, POLLIN, 0};
  return ::poll(&gone, 1, 0) == 0 ? 0 : ESRCH;
}

// Only root may make a PID namespace without a user namespace around it. The user is the same inside.
int child_setup::keep_own_user() const noexcept {
  if (const int failed = write_file("/proc/self/uid_map", user_map_)) return failed;
  if (const int failed = write_file("/proc/self/setgroups", "deny")) return failed;
  return write_file("/proc/self/gid_map", group_map_);
}

// Bubblewrap looks itself and its child up in /proc by the numbers that it knows, those of the new namespace.
int child_setup::see_own_processes() const noexcept {
  if (::unshare(CLONE_NEWNS) != 0) return errno;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  return ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0 ? 0 : errno;
}

int child_setup::become_user() const noexcept {
  // The folders may lie below one that only root can enter.
  if (::mount("texbuild", stage.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") != 0) return errno;
  for (const auto& [from, to] : staged) {
    if (::mkdir(to.c_str(), 0755) != 0) return errno;
    if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) != 0) return errno;
  }
  if (!root_.empty()) {
    if (const int failed = enter_own_root()) return failed;
  }
  // System calls, not libc's functions: those would signal threads that exist in the parent only.
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) return errno;
  if (::syscall(SYS_setresgid, user, user, user) != 0) return errno;
  if (::syscall(SYS_setresuid, user, user, user) != 0) return errno;
  return 0;
}

int child_setup::enter_own_root() const noexcept {
  if (::mkdir(root_.c_str(), 0755) != 0) return errno;
  if (::mount("texbuild", root_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k") != 0) return errno;
  for (const auto& [from, to] : root_folders_) {
    if (::mkdir(to.c_str(), 0755) != 0) return errno;
    if (::mount(from.c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) return errno;
  }
  for (const auto& [target, link] : root_links_)
    if (::symlink(target.c_str(), link.c_str()) != 0) return errno;
  // Not chroot: inside of one the kernel makes no user namespaces.
  if (::chdir(root_.c_str()) != 0) return errno;
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return errno;
  if (::umount2(".", MNT_DETACH) != 0) return errno;
  return ::chdir("/") == 0 ? 0 : errno;
}

void child_setup::show_closed_root() {
  struct stat info {};
  if (::stat("/", &info) != 0 || (info.st_mode & S_IXOTH) != 0) return;
  root_ = stage + "/root";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/", ignored)) {
    const auto to = root_ + entry.path().string();
    if (entry.is_symlink(ignored)) {
      root_links_.emplace_back(std::filesystem::read_symlink(entry.path(), ignored).string(), to);
    } else if (entry.is_directory(ignored)) {
      root_folders_.emplace_back(entry.path().string(), to);
    }
  }
}

std::vector<std::pair<__rlimit_resource_t, rlimit>> kernel_limits(const process_limits& limits) {
  std::vector<std::pair<__rlimit_resource_t, rlimit>> out;
  const auto set = [&](__rlimit_resource_t what, rlim_t most) {
    rlimit now{};
    ::getrlimit(what, &now);
    if (now.rlim_max != RLIM_INFINITY) most = std::min(most, now.rlim_max);
    out.push_back({what, rlimit{most, most}});
  };
  set(RLIMIT_CORE, 0);
  set(RLIMIT_NOFILE, 1024);
  if (limits.cpu.count() > 0) {
    set(RLIMIT_CPU, static_cast<rlim_t>(limits.cpu.count() / 1000 + 3));
    // At the hard limit the kernel kills and does not say why; the signal a second earlier does.
    auto& cpu = out.back().second;
    if (cpu.rlim_cur > 1) --cpu.rlim_cur;
  }
  if (limits.file_bytes > 0) set(RLIMIT_FSIZE, limits.file_bytes);
  // A backstop against one process that takes all at once; the watched limit is on what is resident.
  if (limits.memory_bytes > 0) set(RLIMIT_AS, limits.memory_bytes + (4ULL << 30));
  return out;
}

}  // namespace process
}  // namespace v0
}  // namespace texbuild
