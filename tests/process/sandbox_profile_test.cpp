#include "src/process/sandbox_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace {

using ::testing::Contains;
using texbuild::command;
using texbuild::process::machine;
using texbuild::process::own_folders;
using texbuild::process::sandbox_arguments;

struct SandboxProfile : ::testing::Test {
  machine here{"/usr/bin/bwrap", {"/usr/bin"}, {}, "/usr/bin"};
  own_folders own{"/data/job", "/data/tmp", {}, {}};
  command what;
  std::vector<std::string> arguments() { return sandbox_arguments(here, what, own, true); }
};

TEST_F(SandboxProfile, TakesEveryNamespaceAndEveryRight) {
  const auto a = arguments();
  for (const char* wall : {"--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
                           "--new-session", "--die-with-parent", "--clearenv", "--seccomp"})
    EXPECT_THAT(a, Contains(wall));
  EXPECT_THAT(a, ::testing::Not(Contains("--proc")));
}

TEST_F(SandboxProfile, BindsOnlyTheJobAndItsScratchWritable) {
  const auto a = arguments();
  EXPECT_EQ(std::count(a.begin(), a.end(), "--bind"), 2);
}

TEST_F(SandboxProfile, PutsTheCommandLastAndUntouched) {
  what.argv = {"pdflatex", "--unshare-user", "$(id)", "a b"};
  const auto a = arguments();
  ASSERT_GE(a.size(), 5u);
  EXPECT_EQ(std::vector<std::string>(a.end() - 4, a.end()), what.argv);
  EXPECT_EQ(*(a.end() - 5), "--");
}

}  // namespace
