#include "tests/tool/program.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace texbuild_test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

void send_to(int descriptor, const fs::path& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || ::dup2(fd, descriptor) < 0) ::_exit(125);
}

}  // namespace

program::program(const fs::path& home, const fs::path& folder, std::vector<std::string> arguments,
                 const std::map<std::string, std::string>& variables) {
  static int count = 0;
  files_ = home / ("run" + std::to_string(++count));
  fs::create_directories(files_);
  std::map<std::string, std::string> all{{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                         {"HOME", home.string()},
                                         {"TMPDIR", (home / "tmp").string()},
                                         {"LC_ALL", "C.UTF-8"}};
  for (const auto& [name, value] : variables) all.insert_or_assign(name, value);
  std::vector<std::string> texts;
  for (const auto& [name, value] : all) texts.push_back(name + "=" + value);
  arguments.insert(arguments.begin(), TEXBUILD_TOOL);
  std::vector<char*> argv;
  std::vector<char*> envp;
  for (auto& a : arguments) argv.push_back(a.data());
  for (auto& t : texts) envp.push_back(t.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    send_to(STDOUT_FILENO, files_ / "out");
    send_to(STDERR_FILENO, files_ / "err");
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    ::execve(TEXBUILD_TOOL, argv.data(), envp.data());
    ::_exit(127);
  }
}

program::~program() {
  if (reaped_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string program::out() const { return read_file(files_ / "out"); }
std::string program::err() const { return read_file(files_ / "err"); }
void program::send(int signal) const { ::kill(pid_, signal); }

program_result program::wait() {
  while (!reaped_) reaped_ = ::waitpid(pid_, &status_, 0) == pid_ || errno != EINTR;
  return {WIFEXITED(status_) ? WEXITSTATUS(status_) : -1, out(), err()};
}

bool program::wait_until(const std::function<bool()>& come) {
  for (int i = 0; i < 6000; ++i) {
    if (come()) return true;
    if (::waitpid(pid_, &status_, WNOHANG) == pid_) {
      reaped_ = true;
      return come();
    }
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

tool_world::tool_world() {
  fs::create_directories(work());
  fs::create_directories(home() / "tmp");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

program_result tool_world::run(std::vector<std::string> arguments,
                               const std::map<std::string, std::string>& variables) const {
  return program(home(), work(), std::move(arguments), variables).wait();
}

std::vector<std::string> tool_world::leftovers() const {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(home() / "tmp")) out.push_back(entry.path().filename().string());
  return out;
}

bool tool_world::has_orphans() {
  pid_t found = 0;
  while ((found = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
  }
  return found == 0;  // a child that has not ended
}

}  // namespace texbuild_test
