// Jobs of biber and xdvipdfmx, held in the middle by a file that nobody writes: what they can see, what they are kept
// from, and that nothing of them is left.
#include "tests/warm/warm_job.hpp"

#include <regex>
#include <sys/stat.h>

namespace {

using namespace std::chrono_literals;
using texbuild::limit_kind;

struct HostileHelper : WarmJob, ::testing::WithParamInterface<const char*> {
  std::size_t before = processes_below(::getpid()).size();
  ~HostileHelper() override { EXPECT_EQ(processes_below(::getpid()).size(), before); }

  [[nodiscard]] static std::vector<std::string> argv() {
    if (GetParam() == std::string("biber")) return {"biber", "main"};
    return {"xdvipdfmx", "-q", "-E", "-o", "main.pdf", "main.xdv"};
  }
  /// A pipe where its input would be.
  void hold() const {
    const auto* input = GetParam() == std::string("biber") ? "main.bcf" : "main.xdv";
    ASSERT_EQ(::mkfifo((place.root / input).c_str(), 0666), 0);
    ASSERT_EQ(::chmod((place.root / input).c_str(), 0666), 0);
  }
  std::future<texbuild::process_result> start() {
    hold();
    return std::async(std::launch::async, [this] {
      auto what = warm_host::command_in(place, argv());
      what.limits = limits;
      const auto warm = host().engines().stats().warm;
      auto ran = run_in(host().engines(), what, stop.get_token());
      EXPECT_EQ(host().engines().stats().warm, warm + 1) << host().engines().stats().last_problem;
      said = ran.said;
      return ran.result;
    });
  }
  /// What a process holds open.
  static std::vector<std::string> held_by(pid_t pid) {
    std::vector<std::string> out;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone))
      out.push_back(std::filesystem::read_symlink(entry.path(), gone).string());
    return out;
  }
  /// The job itself, once it has begun and let go of its socket: neither the parked process nor the room's first one.
  static seen_process job() {
    seen_process found;
    EXPECT_TRUE(comes_true([&] {
      found = deepest(GetParam());
      int parked = found.depth;
      for (const auto& one : processes_below(::getpid()))
        if (one.name == GetParam()) parked = std::min(parked, one.depth);
      for (const auto& one : processes_below(::getpid()))
        if (one.name == GetParam() && one.depth > parked && !one.field("NSpid").ends_with("\t1")) found = one;
      const auto holds = held_by(found.pid);
      return found.depth > parked && !found.field("NSpid").ends_with("\t1") && !holds.empty() &&
             std::none_of(holds.begin(), holds.end(), [](const auto& one) { return one.starts_with("socket:"); });
    }));
    return found;
  }
};

TEST_P(HostileHelper, HoldsNoDescriptorButItsOwn) {
  auto running = start();
  const auto held = job();
  const std::regex own(R"((/dev/null|pipe:\[\d+\]|/job/.*|/tmp/.*|/usr/.*))");
  int pipes = 0;
  for (const auto& what : held_by(held.pid)) {
    EXPECT_TRUE(std::regex_match(what, own)) << what;
    EXPECT_FALSE(what.find("texbuild-job") != std::string::npos || what.find("deleted") != std::string::npos) << what;
    pipes += what.starts_with("pipe:") ? 1 : 0;
  }
  EXPECT_EQ(pipes, 2);  // its output
  stop.request_stop();
  EXPECT_TRUE(running.get().canceled);
}

TEST_P(HostileHelper, SitsBehindTheWallsOfASandbox) {
  auto running = start();
  const auto held = job();
  EXPECT_EQ(held.field("NoNewPrivs"), "1");
  EXPECT_EQ(held.field("Seccomp"), "2");
  for (const char* rights : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) EXPECT_EQ(held.field(rights), "0000000000000000");
  EXPECT_EQ(held.field("SigBlk"), "0000000000000000");
  seen_process self;
  self.pid = ::getpid();
  for (const char* kind : {"pid", "mnt", "ipc", "user", "net", "uts"})
    EXPECT_NE(held.space(kind), self.space(kind)) << kind;
  stop.request_stop();
  running.get();
}

TEST_P(HostileHelper, EndsByTime) {
  limits.wall = 300ms;
  const auto ran = start().get();
  EXPECT_EQ(ran.limit, limit_kind::wall_time);
  EXPECT_FALSE(ran.succeeded());
}

TEST_P(HostileHelper, EndsAtOnceWhenItIsCanceled) {
  auto running = start();
  job();
  stop.request_stop();
  const auto ran = running.get();
  EXPECT_TRUE(ran.canceled);
  EXPECT_EQ(ran.limit, limit_kind::none);
}

INSTANTIATE_TEST_SUITE_P(Both, HostileHelper, ::testing::Values("biber", "xdvipdfmx"),
                         [](const auto& p) { return std::string(p.param); });

}  // namespace
