// Real children behind the real walls. What is tested is what a program inside can do, not how it is kept from it.
#include "tests/build/temporary_folder.hpp"

#include <texbuild/process.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <future>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using texbuild::command;
using texbuild::limit_kind;
using texbuild::process_result;

/// Tells this run's processes from those of another run of the same tests on this machine.
const std::string run_id = std::to_string(10'000'000 + ::getpid());

/// Whether a process of this machine has `marker` on its command line.
bool is_running(const std::string& marker) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos || std::stoi(name) == ::getpid()) continue;
    if (read_file(entry.path() / "cmdline").find(marker) != std::string::npos) return true;
  }
  return false;
}

struct Sandbox : ::testing::Test {
  static std::shared_ptr<texbuild::process_runner> runner() {
    static const auto made = texbuild::make_sandbox().value();
    return made;
  }
  temporary_folder job;
  temporary_folder scratch;
  command what;
  std::string said;
  std::stop_source stop;

  Sandbox() {
    what.root = job.path();
    what.scratch = scratch.path();
    what.limits.wall = 20s;
  }
  process_result run(std::vector<std::string> argv) {
    what.argv = std::move(argv);
    said.clear();
    return runner()
        ->run(
            what, [this](std::string_view text) { said += text; }, stop.get_token())
        .value();
  }
  process_result shell(const std::string& script) { return run({"sh", "-c", script}); }
};

TEST_F(Sandbox, GivesTheExitStatusAndTheOutput) {
  const auto r = shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(r.exit_status, 3);
  EXPECT_EQ(r.signal, 0);
  EXPECT_FALSE(r.succeeded());
  EXPECT_EQ(said, "out\nerr\n");
  EXPECT_TRUE(shell("true").succeeded());
}

TEST_F(Sandbox, SaysThatAProgramIsNotInstalledBy127) { EXPECT_EQ(run({"no-such-program"}).exit_status, 127); }

TEST_F(Sandbox, GivesTheSignalThatKilledTheCommand) {
  const auto r = shell("kill -SEGV $$");
  EXPECT_EQ(r.signal, SIGSEGV);
  EXPECT_EQ(r.exit_status, -1);
}

TEST_F(Sandbox, ShowsTheJobAndKeepsWhatIsWrittenThere) {
  write_file(job.path() / "sub/in.txt", "hello");
  what.folder = "sub";
  EXPECT_TRUE(shell("pwd; cat in.txt; echo made > out.txt; echo more >> in.txt").succeeded());
  EXPECT_EQ(said, "/job/sub\nhello");
  EXPECT_EQ(read_file(job.path() / "sub/out.txt"), "made\n");
  EXPECT_EQ(read_file(job.path() / "sub/in.txt"), "hellomore\n");
}

TEST_F(Sandbox, KeepsTheScratchFolderBetweenCommandsOfAJob) {
  EXPECT_TRUE(shell("echo kept > /tmp/note").succeeded());
  EXPECT_TRUE(shell("cat /tmp/note $HOME/note").succeeded());
  EXPECT_EQ(said, "kept\nkept\n");
}

TEST_F(Sandbox, HidesEverythingElseOfTheHost) {
  temporary_folder other;
  write_file(other.path() / "secret", "hunter2");
  shell("ls / ; ls -a /home /root /proc /sys /var /etc /run 2>&1; cat /etc/passwd /etc/hostname " +
        (other.path() / "secret").string() + " 2>&1");
  EXPECT_THAT(said, Not(HasSubstr("hunter2")));
  EXPECT_THAT(said, Not(HasSubstr("root:")));
  for (const char* hidden : {"/home'", "/root'", "/proc'", "/sys'", "/run'", "/etc/passwd", "/etc/hostname", "/secret"})
    EXPECT_THAT(said, HasSubstr(std::string(hidden) + ": No such file or directory"));
}

TEST_F(Sandbox, LetsNothingBeWrittenOutsideTheJob) {
  shell(
      "for f in / /usr/bin /usr/share/texlive /etc /dev /dev/shm /var/lib/texmf /job/..; do "
      "(echo x > $f/planted) 2>/dev/null && echo wrote $f; done; echo done");
  EXPECT_EQ(said, "done\n");
}

TEST_F(Sandbox, PassesNothingOfTheEnvironmentOn) {
  ::setenv("TEXBUILD_TEST_SECRET", "hunter2", 1);
  shell("env");
  ::unsetenv("TEXBUILD_TEST_SECRET");
  EXPECT_THAT(said, Not(HasSubstr("hunter2")));
  EXPECT_THAT(said, HasSubstr("openout_any=p"));
}

TEST_F(Sandbox, PassesNoDescriptorOn) {
  const int leaked = ::open("/etc/passwd", O_RDONLY);  // without O_CLOEXEC, as a careless host would
  ASSERT_GT(leaked, 2);
  run({"perl", "-e", "for my $n (3 .. 1023) { open(my $f, '<&', $n) and print \"fd $n\\n\" } print \"done\\n\""});
  ::close(leaked);
  EXPECT_EQ(said, "done\n");
}

TEST_F(Sandbox, ReachesNoNetwork) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto port = std::to_string(ntohs(address.sin_port));
  const auto r =
      run({"perl", "-e", "use IO::Socket::INET; exit(IO::Socket::INET->new('127.0.0.1:" + port + "') ? 0 : 7)"});
  ::close(listener);
  EXPECT_EQ(r.exit_status, 7);
}

TEST_F(Sandbox, RunsAsNobodyWithoutRights) {
  shell("id -u; mount -t tmpfs x /tmp 2>&1; unshare -U true 2>&1 || echo refused");
  EXPECT_THAT(said, HasSubstr("65534\n"));
  EXPECT_THAT(said, HasSubstr("refused\n"));
}

TEST_F(Sandbox, EndsARunawayAtTheTimeLimit) {
  what.limits.wall = 300ms;
  const auto r = shell("sleep 1000 & sleep 2000");
  EXPECT_EQ(r.limit, limit_kind::wall_time);
  EXPECT_FALSE(r.succeeded());
}

TEST_F(Sandbox, EndsALoopAtTheProcessorLimit) {
  what.limits.cpu = 300ms;
  EXPECT_EQ(shell("while :; do :; done").limit, limit_kind::cpu_time);
}

TEST_F(Sandbox, TellsTheProcessorLimitAlsoWhereTheKernelFindsItFirst) {
  what.limits.cpu = 300ms;
  what.argv = {"sh", "-c", "echo x; while :; do :; done"};
  bool slept = false;
  // Nobody looks at what the command uses while its output is taken.
  const auto slow = [&](std::string_view) {
    if (!std::exchange(slept, true)) std::this_thread::sleep_for(5s);
  };
  EXPECT_EQ(runner()->run(what, slow, {}).value().limit, limit_kind::cpu_time);
}

TEST_F(Sandbox, CountsTheProcessorTimeOfAllChildren) {
  what.limits.cpu = 400ms;
  EXPECT_EQ(shell("(while :; do :; done) & (while :; do :; done) & wait").limit, limit_kind::cpu_time);
}

TEST_F(Sandbox, EndsAMemoryHog) {
  what.limits.memory_bytes = 200u << 20;
  const auto r = run({"perl", "-e", "my @a; push @a, 'x' x 1e7 while 1"});
  EXPECT_EQ(r.limit, limit_kind::memory);
  EXPECT_GT(r.peak_memory_bytes, 200u << 20);
}

TEST_F(Sandbox, EndsAForkBomb) {
  what.limits.processes = 40;
  const auto r = run({"perl", "-e", "while (1) { fork } # bomb-" + run_id});
  EXPECT_EQ(r.limit, limit_kind::processes);
  EXPECT_FALSE(is_running("bomb-" + run_id));
}

TEST_F(Sandbox, EndsADiskFlood) {
  what.limits.disk_bytes = 20u << 20;
  const auto r = shell("i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > f$i; done");
  EXPECT_EQ(r.limit, limit_kind::disk);
}

TEST_F(Sandbox, CountsTheScratchFolderAsDisk) {
  what.limits.disk_bytes = 20u << 20;
  EXPECT_EQ(shell("i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > /tmp/f$i; done").limit, limit_kind::disk);
}

TEST_F(Sandbox, EndsAFloodOfSmallFiles) {
  what.limits.disk_files = 500;
  EXPECT_EQ(run({"perl", "-e", "for (my $i = 0;; $i++) { open my $f, '>', \"f$i\" or sleep 1 }"}).limit,
            limit_kind::disk);
}

TEST_F(Sandbox, EndsAFileThatGrowsTooLarge) {
  what.limits.file_bytes = 1u << 20;
  EXPECT_EQ(run({"dd", "if=/dev/zero", "of=big", "bs=64k"}).limit, limit_kind::file_size);
  EXPECT_LE(std::filesystem::file_size(job.path() / "big"), 1u << 20);
}

TEST_F(Sandbox, EndsAFloodOfOutput) {
  what.limits.output_bytes = 1u << 20;
  EXPECT_EQ(run({"yes"}).limit, limit_kind::output);
  EXPECT_LE(said.size(), 1u << 20);
}

TEST_F(Sandbox, EndsAFloodThatLiesTooDeepToBeSeen) {
  what.limits.disk_bytes = 20u << 20;
  EXPECT_EQ(run({"perl", "-e", "for (1..500) { mkdir 'd'; chdir 'd' } sleep 100"}).limit, limit_kind::disk);
}

TEST_F(Sandbox, EndsAFloodIntoFilesThatHaveNoNameAnyMore) {
  what.limits.disk_bytes = 20u << 20;
  const auto r = run(
      {"perl", "-e", "for my $i (1 .. 100) { open $f[$i], '>', 'f'; unlink 'f'; print {$f[$i]} 'x' x 1e6 } sleep 100"});
  EXPECT_EQ(r.limit, limit_kind::disk);
}

TEST_F(Sandbox, GivesNoMemoryThatBelongsToNoProcess) {
  const auto r =
      run({"perl", "-MSocket", "-e",
           "print 'shm ' if defined shmget(0, 1e6, 01600); print 'msg ' if defined msgget(0, 01600);"
           "print 'sem ' if defined semget(0, 9, 01600); print 'memfd ' if syscall(319, my $n = 'x', 0) >= 0;"
           "print 'socket ' if socket(my $s, AF_UNIX, SOCK_STREAM, 0);"
           "print 'pair ' if socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0); print 'done'"});
  EXPECT_TRUE(r.succeeded());
  EXPECT_EQ(said, "done");
}

TEST_F(Sandbox, EndsWhenItIsCanceled) {
  auto running = std::async(std::launch::async, [&] { return shell("echo up; sleep 1000 # cancel-" + run_id); });
  std::this_thread::sleep_for(100ms);
  stop.request_stop();
  const auto r = running.get();
  EXPECT_TRUE(r.canceled);
  EXPECT_EQ(r.limit, limit_kind::none);
  EXPECT_FALSE(is_running("cancel-" + run_id));
}

TEST_F(Sandbox, EndsWhenItIsCanceledWhileTheWallsAreRaised) {
  const auto& marker = run_id;  // as seconds
  for (int i = 0; i < 60; ++i) {
    stop = std::stop_source();
    std::promise<void> begins;
    std::jthread canceler([&] {
      begins.get_future().wait();
      std::this_thread::sleep_for(std::chrono::microseconds(150) * i);
      stop.request_stop();
    });
    begins.set_value();
    EXPECT_FALSE(run({"sleep", marker}).succeeded());
    EXPECT_FALSE(is_running(marker)) << i;
  }
}

// Freshly made roots of containers are often closed to all but root. Only a server that runs as root becomes another
// user, and only root can make such a root to try it.
TEST_F(Sandbox, StartsBelowARootFolderThatOnlyRootMayEnter) {
  if (::geteuid() != 0) return;
  temporary_folder root;
  const auto script = "exec 2>&1; PATH=$PATH:/usr/sbin:/sbin; set -e; trap 'echo failed: $BASH_COMMAND' ERR; r=" +
                      root.path().string() +
                      "; mount -t tmpfs -o mode=0700 root $r; for d in /*; do n=$r$d;"
                      " if [ -L $d ]; then ln -s $(readlink $d) $n;"
                      " elif [ -d $d ]; then mkdir $n; mount --rbind $d $n; fi; done;"
                      " cd $r; mkdir -p old; pivot_root . old; umount -l /old; exec /proc/self/fd/9"
                      " --gtest_filter=Sandbox.GivesTheExitStatusAndTheOutput:Sandbox.ShowsTheJob*";
  const auto child = ::fork();
  if (child == 0) {
    const int self = ::open("/proc/self/exe", O_RDONLY);
    ::dup2(self, 9);
    ::execlp("unshare", "unshare", "--mount", "--propagation", "private", "bash", "-c", script.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(Sandbox, DoesNotStartWhatWasCanceledBefore) {
  stop.request_stop();
  EXPECT_TRUE(shell("sleep 1000").canceled);
}

TEST_F(Sandbox, LeavesNoDaemonBehindAndDoesNotWaitForIt) {
  const auto marker = "daemon-" + run_id;
  const auto r = shell("(setsid sh -c 'sleep 1000 # " + marker + "' &) ; echo started");
  EXPECT_TRUE(r.succeeded());
  EXPECT_EQ(said, "started\n");
  EXPECT_LT(r.wall, 10s);
  EXPECT_FALSE(is_running(marker));
}

TEST_F(Sandbox, RunsManyCommandsAtOnceFromManyThreads) {
  std::vector<std::future<int>> all;
  for (int i = 0; i < 16; ++i)
    all.push_back(std::async(std::launch::async, [&, i] {
      temporary_folder own;
      command c;
      c.root = own.path();
      c.argv = {"sh", "-c", "exit " + std::to_string(i)};
      return runner()->run(c, {}, {}).value().exit_status;
    }));
  for (int i = 0; i < 16; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)].get(), i);
}

TEST_F(Sandbox, WorksBelowAFolderThatOnlyItsOwnerCanEnter) {
  std::filesystem::permissions(job.path(), std::filesystem::perms::owner_all);
  std::filesystem::create_directory(job.path() / "inner");
  write_file(job.path() / "inner/a", "deep");
  what.root = job.path() / "inner";
  EXPECT_TRUE(shell("cat a").succeeded());
  EXPECT_EQ(said, "deep");
}

TEST_F(Sandbox, ShowsReadableFoldersReadOnly) {
  temporary_folder cache;
  write_file(cache.path() / "font", "glyphs");
  std::filesystem::permissions(cache.path(), std::filesystem::perms(0755));
  what.readable = {{cache.path(), "/cache"}};
  shell("cat /cache/font; echo x > /cache/font || echo refused");
  EXPECT_THAT(said, HasSubstr("glyphs"));
  EXPECT_THAT(said, HasSubstr("refused\n"));
}

TEST_F(Sandbox, LeavesTheHostsSigchldHandlerAlone) {
  static std::atomic<int> caught{0};
  struct sigaction mine {};
  struct sigaction before {};
  mine.sa_handler = [](int) { ++caught; };
  ASSERT_EQ(::sigaction(SIGCHLD, &mine, &before), 0);
  EXPECT_EQ(shell("exit 5").exit_status, 5);
  struct sigaction now {};
  ASSERT_EQ(::sigaction(SIGCHLD, &before, &now), 0);
  EXPECT_EQ(now.sa_handler, mine.sa_handler);
}

}  // namespace
