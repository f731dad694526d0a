// Programs of our own as children.
#include <texbuild/process.hpp>

#include <gmock/gmock.h>

#include <csignal>
#include <thread>
#include <unistd.h>

namespace {

using namespace texbuild;
using ::testing::HasSubstr;
using ::testing::StartsWith;

command shell(const std::string& script) {
  command c;
  c.argv = {"/bin/sh", "-c", script};
  c.variables = {{"PATH", "/usr/bin:/bin"}, {"WORD", "hello"}};
  return c;
}

TEST(ProgramRunner, TellsOutputAndExitStatus) {
  std::string said;
  const auto ran =
      make_program_runner()->run(shell("echo $WORD; echo oops >&2; exit 7"), [&](auto text) { said += text; }, {});
  EXPECT_EQ(ran.value().exit_status, 7);
  EXPECT_FALSE(ran->succeeded());
  EXPECT_EQ(said, "hello\noops\n");
}

TEST(ProgramRunner, GivesTheEnvironmentOfTheCommandAndNoOther) {
  ::setenv("TEXBUILD_TEST_SECRET", "x", 1);
  std::string said;
  ASSERT_TRUE(make_program_runner()->run(shell("/usr/bin/env"), [&](auto text) { said += text; }, {}));
  ::unsetenv("TEXBUILD_TEST_SECRET");
  EXPECT_THAT(said, HasSubstr("WORD=hello"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr("TEXBUILD_TEST_SECRET")));
}

TEST(ProgramRunner, LetsAProgramEndWhenItIsToldToStop) {
  std::stop_source stop;
  std::string said;
  const auto ran = make_program_runner()->run(
      shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done"),
      [&](auto text) {
        said += text;
        if (said == "ready\n") stop.request_stop();
      },
      stop.get_token());
  EXPECT_TRUE(ran.value().canceled);
  EXPECT_EQ(said, "ready\nbye\n");
}

TEST(ProgramRunner, KillsAProgramThatDoesNot) {
  std::stop_source stop;
  const auto ran = make_program_runner()->run(
      shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"), [&](auto) { stop.request_stop(); },
      stop.get_token());
  EXPECT_EQ(ran.value().signal, SIGKILL);
}

TEST(ProgramRunner, EndsAProgramThatNeverStopsTalking) {
  std::stop_source stop;
  const auto ran = make_program_runner()->run(
      shell("while :; do echo more; done"), [&](auto) { stop.request_stop(); }, stop.get_token());
  EXPECT_TRUE(ran.value().canceled);
}

TEST(ProgramRunner, DoesNotWaitForWhatAProgramLeftBehind) {
  const auto ran = make_program_runner()->run(shell("sleep 30 & exit 0"), {}, {});
  EXPECT_EQ(ran.value().exit_status, 0);
  EXPECT_LT(ran->wall, std::chrono::seconds(20));
}

TEST(ProgramRunner, SaysThatThereIsNoSuchProgram) {
  command c;
  c.argv = {"/no/such/program"};
  const auto ran = make_program_runner()->run(c, {}, {});
  EXPECT_EQ(ran.error().code(), errc::unavailable);
  EXPECT_THAT(ran.error().cause(), StartsWith("/no/such/program"));
}

TEST(ProgramRunner, LeavesNoDescriptorOfOursToAProgram) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // open, and not close-on-exec
  std::string said;
  ASSERT_TRUE(make_program_runner()->run(shell("ls /proc/self/fd"), [&](auto text) { said += text; }, {}));
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_EQ(said, "0\n1\n2\n3\n");  // 3: the folder that ls reads
}

}  // namespace
