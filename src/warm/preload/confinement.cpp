#include "src/warm/preload/confinement.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

sock_filter filter[4096];
unsigned short filter_length = 0;

int bind(const char* from, const char* to) { return ::mount(from, to, nullptr, MS_BIND, nullptr) == 0 ? 0 : errno; }

int bind_job(const char* name, const char* to) {
  // The host names folders that it made; a name that leads elsewhere would be its mistake.
  if (name[0] == '\0' || name[0] == '/' || std::strstr(name, "..") != nullptr) return EINVAL;
  char path[most_name + 1];
  std::snprintf(path, sizeof path, "/%s", name);
  return bind(path, to);
}

int drop_rights() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return errno;
  if (::syscall(SYS_capset, &header, none) != 0) return errno;
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
}

int close_calls() {
  sock_fprog program{filter_length, filter};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : errno;
}

}  // namespace

bool load_filter(int from) {
  std::size_t have = 0;
  for (;;) {
    const auto got = ::read(from, reinterpret_cast<char*>(filter) + have, sizeof filter - have);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  ::close(from);
  filter_length = static_cast<unsigned short>(have / sizeof(sock_filter));
  return have > 0 && have % sizeof(sock_filter) == 0 && have < sizeof filter;
}

int clone_room(int& pidfd) {
  const unsigned long flags =
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_PIDFD | static_cast<unsigned long>(SIGCHLD);
  return static_cast<int>(::syscall(SYS_clone, flags, nullptr, &pidfd, nullptr, nullptr));
}

int confine(const request& room, int& step) {
  step = 1;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  step = 2;
  if (const int failed = bind_job(room.job, "/job")) return failed;
  step = 3;
  if (const int failed = bind_job(room.scratch, "/tmp")) return failed;
  step = 4;
  if (const int failed = bind("/none", "/jobs")) return failed;
  if (const int failed = bind("/none", "/projects")) return failed;
  step = 5;
  if (::chdir("/job") != 0) return errno;
  step = 6;
  if (const int failed = drop_rights()) return failed;
  step = 7;
  return close_calls();
}

int set_limits(const request& job) {
  const auto set = [](__rlimit_resource_t what, rlim_t most) {
    rlimit now{};
    if (::getrlimit(what, &now) != 0) return errno;
    if (most == 0 || (now.rlim_max != RLIM_INFINITY && now.rlim_max < most)) return 0;
    // At the hard limit of processor time the kernel kills and does not say why; the signal a second earlier does.
    const rlimit limit{what == RLIMIT_CPU && most > 1 ? most - 1 : most, most};
    return ::setrlimit(what, &limit) == 0 ? 0 : errno;
  };
  if (const int failed = set(RLIMIT_CPU, job.most_cpu_seconds)) return failed;
  if (const int failed = set(RLIMIT_FSIZE, job.most_file_bytes)) return failed;
  if (const int failed = set(RLIMIT_AS, job.most_memory_bytes)) return failed;
  return set(RLIMIT_NPROC, job.most_processes);
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
