#include "src/warm/preload/park.hpp"

#include "src/warm/preload/confinement.hpp"
#include "src/warm/preload/open_files.hpp"
#include "src/warm/preload/real.hpp"
#include "src/warm/preload/seen_names.hpp"
#include "src/warm/preload/sources.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr int most_jobs = 64;
constexpr int most_passed = 2 + static_cast<int>(most_copies);  // descriptors beside one message
constexpr int first_copy_descriptor = 400;                      // above all that a program opens

struct running_job {
  pid_t pid = 0;
  int told = -1;  // who is told how it ends
};

running_job jobs[most_jobs];
int job_count = 0;
bool serving = true;   // the fork server itself; false in a room
int children = -1;     // signalfd: one of them ended
bool is_copy = false;  // left by a job
// Where orders come from. A copy has them at a number that its program, which is in the middle of it, has not used.
int orders = control_descriptor;
request order_now;
int copies[most_copies];  // sockets for copies that the job may leave
int copy_count = 0;
int next_copy = 0;
std::int64_t cpu_before_us = 0;  // of the copies that this job goes back to
int passed[most_passed];
int passed_count = 0;
bool (*job_suits)() = nullptr;

void watch_children() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  if (children >= 0) ::close(children);
  children = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  if (children < 0) ::_exit(1);
}

void close_passed() {
  for (int i = 0; i < passed_count; ++i) ::close(passed[i]);
  passed_count = 0;
}

/// The next request; false when whoever gives orders is gone.
bool receive() {
  iovec data{&order_now, sizeof order_now};
  alignas(cmsghdr) char side[CMSG_SPACE(sizeof passed)];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = side;
  message.msg_controllen = sizeof side;
  ssize_t got = 0;
  while ((got = ::recvmsg(orders, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got <= 0) return false;
  passed_count = 0;
  for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const auto bytes = part->cmsg_len - CMSG_LEN(0);
    passed_count = static_cast<int>(bytes / sizeof(int));
    std::memcpy(passed, CMSG_DATA(part), bytes);
  }
  return got == static_cast<ssize_t>(sizeof order_now);
}

template <class T>
void tell(int socket, const T& what, int descriptor = -1) {
  T copy = what;
  iovec data{&copy, sizeof copy};
  alignas(cmsghdr) char side[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = side;
    message.msg_controllen = sizeof side;
    auto* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof(int));
  }
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void forget_jobs() {
  for (int i = 0; i < job_count; ++i) ::close(jobs[i].told);
  job_count = 0;
}

void reap() {
  signalfd_siginfo seen;
  while (::read(children, &seen, sizeof seen) > 0) {
  }
  int status = 0;
  rusage used{};
  for (pid_t pid = 0; (pid = ::wait4(-1, &status, WNOHANG, &used)) > 0;) {
    for (int i = 0; i < job_count; ++i) {
      if (jobs[i].pid != pid) continue;
      ended news;
      news.status = status;
      news.cpu_us =
          (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
      news.peak_memory_kb = used.ru_maxrss;
      tell(jobs[i].told, news);
      ::close(jobs[i].told);
      jobs[i] = jobs[--job_count];
      break;
    }
  }
}

/// In the clone: the first process of a room. It has seen no byte of any user, and its room has one user only.
void become_room() {
  serving = false;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup3(passed[0], control_descriptor, O_CLOEXEC);
  close_passed();
  forget_jobs();
  watch_children();
  opened news;
  news.failed = confine(order_now, news.step);
  tell(control_descriptor, news);
  if (news.failed != 0) ::_exit(1);
}

void open_room() {
  if (passed_count != 1) {
    close_passed();
    return;
  }
  int pidfd = -1;
  const int pid = clone_room(pidfd);
  if (pid == 0) {
    become_room();
    return;
  }
  opened news;
  news.failed = pid < 0 ? errno : 0;
  tell(control_descriptor, news, pid < 0 ? -1 : pidfd);
  if (pid > 0) ::close(pidfd);
  close_passed();
}

/// Before the job has begun: the host then uses the plain program.
[[noreturn]] void give_up(int told, const char* what, int failed) {
  ended news;
  news.begun = 0;
  tell(told, news);
  dprintf(1, "texbuild: the warm engine cannot begin: %s: %s\n", what, std::strerror(failed));
  ::_exit(1);
}

/// Out of the way: a program's own descriptors get the numbers that they always have.
void take_copies() {
  copy_count = next_copy = 0;
  for (int i = 2; i < passed_count; ++i) {
    const int away = ::fcntl(passed[i], F_DUPFD_CLOEXEC, first_copy_descriptor);
    ::close(passed[i]);
    passed[i] = -1;
    if (away >= 0) copies[copy_count++] = away;
  }
  passed_count = passed_count < 2 ? passed_count : 2;
}

/// The kernel does not let signals end the first process of a namespace, and a limit's signal is how a job ends.
void become_job() {
  take_copies();
  ::dup2(passed[0], 1);
  ::dup2(passed[0], 2);
  const int told = passed[1];
  passed[1] = -1;
  close_passed();
  forget_jobs();
  ::close(orders);
  ::close(children);
  children = -1;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  order_now.folder[most_name - 1] = order_now.name[most_name - 1] = '\0';
  if (::chdir("/job") != 0) give_up(told, "/job", errno);
  if (order_now.folder[0] != '\0' && ::chdir(order_now.folder) != 0) give_up(told, "its folder", errno);
  if (job_suits != nullptr && !job_suits()) {
    ended news;
    news.begun = not_suited;
    tell(told, news);
    ::_exit(0);
  }
  if (const int failed = reopen_files(is_copy ? nullptr : order_now.folder)) give_up(told, "a file", failed);
  if (const int failed = set_limits(order_now)) give_up(told, "limits", failed);
  ::close(told);
  char* word = order_now.text;
  for (std::uint32_t i = 0; i < order_now.variables; ++i) {
    char* equals = std::strchr(word, '=');
    char* next = word + std::strlen(word) + 1;
    if (equals != nullptr) {
      *equals = '\0';
      ::setenv(word, equals + 1, 1);
    }
    word = next;
  }
  const auto before = static_cast<std::uint32_t>(word - order_now.text);
  order_now.text_bytes = order_now.text_bytes > before ? order_now.text_bytes - before : 0;
  std::memmove(order_now.text, word, order_now.text_bytes);
  order_now.text[order_now.text_bytes] = '\0';  // it may be a file's name
}

/// True in the job.
bool run_job() {
  if (serving || passed_count < 2 || job_count == most_jobs || order_now.text_bytes >= most_text) {
    close_passed();
    return false;
  }
  order_now.text[most_text - 1] = '\0';
  const auto pid = ::fork();
  if (pid == 0) {
    become_job();
    return true;
  }
  if (pid > 0) {
    jobs[job_count++] = running_job{pid, passed[1]};
    passed[1] = -1;
  } else {
    ended news;
    news.begun = 0;
    tell(passed[1], news);
  }
  close_passed();
  return false;
}

}  // namespace

std::int64_t cpu_us() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return used.tv_sec * 1'000'000L + used.tv_nsec / 1000;
}

const request& park(bool (*suits)()) {
  job_suits = suits;
  std::fflush(stdout);
  watch_children();
  const int keep[] = {orders, children};
  if (!is_copy && !survey_open_files(keep, 2)) ::_exit(1);
  if (serving) tell(orders, opened{});
  for (;;) {
    pollfd events[2] = {{orders, POLLIN, 0}, {children, POLLIN, 0}};
    if (::poll(events, 2, -1) < 0) continue;
    if (events[1].revents != 0) reap();
    if (events[0].revents == 0) continue;
    if (!receive()) ::_exit(0);
    switch (order_now.what) {
      case order::open_room:
        serving ? open_room() : close_passed();
        break;
      case order::run:
        if (run_job()) return order_now;
        break;
      case order::still:
        if (!serving && !is_copy) ::kill(-1, SIGSTOP);
        tell(orders, opened{});
        break;
      case order::go:
        if (!serving && !is_copy && order_now.process > 1) ::kill(order_now.process, SIGCONT);
        tell(orders, opened{});
        break;
      case order::end:
        if (!serving && !is_copy && order_now.process > 1) ::kill(order_now.process, SIGKILL);
        break;
    }
  }
}

bool leave_copy(std::int64_t at) {
  if (next_copy >= copy_count) return false;
  const int socket = copies[next_copy++];
  std::fflush(stdout);
  const auto spent_us = cpu_before_us + cpu_us();
  const auto pid = survey_open_files(copies, copy_count) ? ::fork() : -1;
  if (pid == 0) {
    is_copy = true;
    cpu_before_us = spent_us;
    ::setsid();
    ::dup2(0, 1);  // /dev/null
    ::dup2(0, 2);
    orders = socket;
    for (int i = 0; i < copy_count; ++i)
      if (copies[i] != socket) ::close(copies[i]);
    if (!hold_closed_files()) ::_exit(1);
    ::raise(SIGSTOP);
    park(nullptr);
    return true;
  }
  // It has to be stopped before this job ends: one that stopped itself later would not hear that it may go on.
  int status = 0;
  while (pid > 0 && ::waitpid(pid, &status, WUNTRACED) < 0 && errno == EINTR) {
  }
  const bool waits = pid > 0 && WIFSTOPPED(status);
  sights seen;
  seen.process = pid;
  seen.at = at;
  seen.cpu_us = spent_us;
  if (waits && !send_sights(socket, seen, bytes_read)) ::kill(pid, SIGKILL);
  ::close(socket);
  copies[next_copy - 1] = -1;
  return false;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
