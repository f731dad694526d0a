#include "src/process/child_setup.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
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

// What the child setup made of a child that we fork: its exit status, or the signal that ended it.
int status_of(const texbuild::process::child_setup& setup) {
  const auto child = ::fork();
  if (child == 0) ::_exit(setup.run());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(ChildSetup, StartsNothingForAParentThatIsGone) {
  texbuild::process::child_setup setup;
  EXPECT_EQ(status_of(setup), 0);
  setup.parent = ::getpid() + 1;
  EXPECT_EQ(status_of(setup), ESRCH);
}

}  // namespace
