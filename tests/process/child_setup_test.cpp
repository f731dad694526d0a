#include "src/process/child_setup.hpp"

#include "src/process/pipe.hpp"
#include "src/process/sandbox_profile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using texbuild::process_limits;
using texbuild::process::kernel_limits;

const rlimit* find(const std::vector<std::pair<__rlimit_resource_t, rlimit>>& all, __rlimit_resource_t what) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& l) { return l.first == what; });
  return found == all.end() ? nullptr : &found->second;
}

TEST(KernelLimits, BackUpWhatIsWatched) {
  process_limits limits;
  limits.file_bytes = 1000;
  limits.cpu = std::chrono::seconds(10);
  const auto all = kernel_limits(limits);
  EXPECT_EQ(find(all, RLIMIT_FSIZE)->rlim_cur, 1000u);
  EXPECT_GE(find(all, RLIMIT_CPU)->rlim_cur, 10u);
  EXPECT_EQ(find(all, RLIMIT_CORE)->rlim_cur, 0u);
  EXPECT_GT(find(all, RLIMIT_AS)->rlim_cur, limits.memory_bytes);
}

TEST(KernelLimits, LeaveOutWhatHasNoLimit) {
  process_limits none;
  none.file_bytes = 0;
  none.memory_bytes = 0;
  none.cpu = std::chrono::milliseconds(0);
  const auto all = kernel_limits(none);
  EXPECT_EQ(find(all, RLIMIT_FSIZE), nullptr);
  EXPECT_EQ(find(all, RLIMIT_AS), nullptr);
  EXPECT_EQ(find(all, RLIMIT_CPU), nullptr);
}

struct ChildSetup : ::testing::Test {
  ChildSetup() {
    if (::geteuid() == 0) {  // as the sandbox does
      setup.drop_root = true;
      setup.user = 65534;
      setup.stage = "/mnt";
      setup.show_closed_root();
    }
    pipe = texbuild::process::make_pipe();
    setup.descriptors = {{pipe->write.get(), 1}};
  }
  /// What was written, up to `stop`, or until every process that could write is gone; "hangs" after 20 seconds.
  std::string read_until(char stop) {
    std::string text;
    char c = 0;
    for (pollfd ready{pipe->read.get(), POLLIN, 0}; ::poll(&ready, 1, 20'000) == 1;) {
      if (::read(pipe->read.get(), &c, 1) != 1) return text;
      if (c == stop) return text;
      text += c;
    }
    return "hangs";
  }
  texbuild::process::child_setup setup;
  std::optional<texbuild::process::pipe_ends> pipe;
};

TEST_F(ChildSetup, StartsAProgramThatIsTheFirstOfItsProcesses) {
  const auto pid = setup.start("/bin/sh", {"-c", "echo $$; exit 7"});
  ASSERT_GT(pid, 1);
  pipe->write.close();
  EXPECT_EQ(read_until('\n'), "1");
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

// Bubblewrap looks itself up there; on a machine whose own process of that number is gone it would not start.
TEST_F(ChildSetup, ShowsAProgramItselfInProcByTheNumberThatItKnows) {
  const auto pid = setup.start("/bin/sh", {"-c", "read -r number rest </proc/self/stat; echo $number"});
  ASSERT_GT(pid, 1);
  pipe->write.close();
  EXPECT_EQ(read_until('\n'), "1");
  ::waitpid(pid, nullptr, 0);
}

// The descriptors that are free when it starts depend on what its parent was given: none may matter.
TEST_F(ChildSetup, StartsWhicheverDescriptorIsTheLowestFreeOne) {
  for (const int free : {0, 1, 2, 3, 9, texbuild::process::seccomp_descriptor, 11}) {
    const auto parent = ::fork();
    if (parent == 0) {
      const auto filter = texbuild::process::make_pipe();
      if (!filter || ::write(filter->write.get(), "x", 1) != 1) ::_exit(2);
      setup.descriptors.emplace_back(filter->read.get(), texbuild::process::seccomp_descriptor);
      for (int fd = 0; fd < 20; ++fd) ::dup2(pipe->read.get(), fd);
      ::close(free);
      const auto pid = setup.start("/bin/sh", {"-c", "exit 7"});
      int status = 0;
      ::waitpid(pid, &status, 0);
      ::_exit(pid > 1 && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    int status = 0;
    ::waitpid(parent, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << free;
  }
}

TEST_F(ChildSetup, TellsWhyAProgramDidNotStart) {
  EXPECT_EQ(setup.start("/nowhere/bwrap", {}), -ENOENT);
  EXPECT_EQ(setup.start("/", {}), -EACCES);
  setup.descriptors = {{9999, 1}};
  EXPECT_EQ(setup.start("/bin/true", {}), -EBADF);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

TEST_F(ChildSetup, TakesAllThatTheProgramStartedWithItWhenItsParentIsKilled) {
  const auto parent = ::fork();
  if (parent == 0) {
    // The grandchild asks for nothing that would end it; it ignores what can be ignored.
    (void)setup.start("/bin/sh", {"-c", "(trap '' HUP TERM; echo up; sleep 1000) & sleep 1000"});
    ::pause();
    ::_exit(1);
  }
  pipe->write.close();
  ASSERT_EQ(read_until('\n'), "up");
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_EQ(read_until('\0'), "");
}

TEST_F(ChildSetup, TakesAllThatTheProgramStartedWithItWhenItIsKilled) {
  const auto pid = setup.start("/bin/sh", {"-c", "(trap '' HUP TERM; echo up; sleep 1000) & sleep 1000"});
  ASSERT_GT(pid, 1);
  pipe->write.close();
  ASSERT_EQ(read_until('\n'), "up");
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(read_until('\0'), "");
}

}  // namespace
