// Programs of our own as children: not confined, but never left behind.
#include "src/process/pipe.hpp"

#include <texbuild/process.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace process {
namespace {

constexpr std::chrono::milliseconds look_pause{200};  // for the stop token
constexpr std::chrono::seconds patience{5};

/// In the child: only system calls, for the parent has threads. An errno.
int become(const char* program, char* const* argv, char* const* variables, int output, pid_t parent) noexcept {
  // The kernel means the thread that forked: here that is the one which waits for the child.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
  if (::getppid() != parent) return ECHILD;
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) return errno;
  constexpr unsigned close_on_exec = 4;  // CLOSE_RANGE_CLOEXEC, Linux 5.11
  if (::syscall(SYS_close_range, 3U, ~0U, close_on_exec) != 0) return errno;
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGTERM, SIGINT, SIGPIPE, SIGCHLD}) ::signal(number, SIG_DFL);
  ::execve(program, argv, variables);
  return errno;
}

constexpr int still_running = -1;
constexpr int nobody_knows = -2;

class program_runner final : public process_runner {
 public:
  result<process_result> run(const command& what, const output_sink& output, std::stop_token stop) override {
    if (what.argv.empty()) return error(errc::invalid_input, "there is no program");
    std::vector<std::string> settings;
    settings.reserve(what.variables.size());
    for (const auto& [name, value] : what.variables) settings.emplace_back(name).append("=").append(value);
    std::vector<char*> argv;
    argv.reserve(what.argv.size() + 1);
    std::vector<char*> variables;
    variables.reserve(settings.size() + 1);
    for (const auto& argument : what.argv) argv.push_back(const_cast<char*>(argument.c_str()));
    for (const auto& setting : settings) variables.push_back(const_cast<char*>(setting.c_str()));
    argv.push_back(nullptr);
    variables.push_back(nullptr);
    auto said = make_pipe();
    auto told = make_pipe();  // why exec did not happen
    if (!said || !told) return error(errc::unavailable, "a program cannot be started", std::strerror(errno));

    const auto began = std::chrono::steady_clock::now();
    const pid_t self = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
      const int failed = become(argv.front(), argv.data(), variables.data(), said->write.get(), self);
      (void)!::write(told->write.get(), &failed, sizeof failed);
      ::_exit(127);
    }
    if (child < 0) return error(errc::unavailable, "a program cannot be started", std::strerror(errno));
    said->write.close();
    told->write.close();
    int failed = 0;
    ssize_t got = 0;
    while ((got = ::read(told->read.get(), &failed, sizeof failed)) < 0 && errno == EINTR) {
    }
    if (got > 0) {
      (void)wait_for(child, 0);
      return error(errc::unavailable, "a program cannot be started", what.argv.front() + ": " + std::strerror(failed));
    }
    return follow(child, said->read.get(), output, stop, began);
  }

 private:
  static int wait_for(pid_t child, int options) {
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(child, &status, options)) < 0 && errno == EINTR) {
    }
    if (ended < 0) return nobody_knows;
    return ended == child ? status : still_running;
  }

  /// Reads until the child has ended; what it started itself may hold the pipe open for longer, and is not waited for.
  static process_result follow(pid_t child, int from, const output_sink& output, const std::stop_token& stop,
                               std::chrono::steady_clock::time_point began) {
    process_result out;
    std::array<char, 4096> piece{};
    bool open = true;
    auto kill_at = std::chrono::steady_clock::time_point::max();
    for (;;) {
      pollfd ready{open ? from : -1, POLLIN, 0};
      ::poll(&ready, 1, static_cast<int>(look_pause.count()));
      if ((ready.revents & (POLLIN | POLLHUP)) != 0) {
        const auto count = ::read(from, piece.data(), piece.size());
        if (count > 0 && output) output({piece.data(), static_cast<std::size_t>(count)});
        open = count > 0 || (count < 0 && errno == EINTR);
      }
      const bool more = open && (ready.revents & POLLIN) != 0;
      const int status = more && !stop.stop_requested() ? still_running : wait_for(child, WNOHANG);
      if (status == nobody_knows) break;  // the host ignores SIGCHLD, so that the kernel told nobody
      if (status >= 0) {
        out.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        out.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        break;
      }
      const auto now = std::chrono::steady_clock::now();
      if (stop.stop_requested() && !out.canceled) {
        out.canceled = true;
        kill_at = now + patience;
        ::kill(child, SIGTERM);
      }
      if (now >= kill_at) ::kill(child, SIGKILL);
    }
    out.wall = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    return out;
  }
};

}  // namespace
}  // namespace process

std::shared_ptr<process_runner> make_program_runner() { return std::make_shared<process::program_runner>(); }

}  // namespace v0
}  // namespace texbuild
