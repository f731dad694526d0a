// Parked engines that die, hosts that die: a build never fails because of it, and nothing is left behind.
#include "tests/warm/processes.hpp"
#include "tests/warm/warm_host.hpp"

#include <csignal>
#include <fcntl.h>
#include <future>
#include <random>
#include <sys/wait.h>

namespace {

using namespace std::chrono_literals;
using texbuild::tex_engine;

const std::string hello = "\\documentclass{article}\\begin{document}x\\end{document}\n";
const std::string loop = "\\newwrite\\w\\immediate\\openout\\w=up.txt\\immediate\\closeout\\w\\def\\a{\\a}\\a\n";

struct WarmFaults : ::testing::Test {
  warm_host host;

  ran_job run(tex_engine engine, const job_folder& place) {
    return run_in(host.engines(), warm_host::command_in(place, engine_argv(engine, "main.tex")));
  }
  bool builds(tex_engine engine) {
    const auto place = host.folder({{"main.tex", hello}});
    const auto ran = run(engine, place);
    return ran.result.succeeded() &&
           std::filesystem::exists(place.root / (engine == tex_engine::xelatex ? "main.xdv" : "main.pdf"));
  }
  /// Of the parked engines: the first process of each, or the engine itself.
  static int kill_parked(const std::string& engine, bool itself) {
    int killed = 0;
    auto all = processes_below(::getpid());
    for (const auto& one : all) {
      if (one.name != engine) continue;
      const auto environment = read_file("/proc/" + std::to_string(one.pid) + "/environ");
      if (environment.find("/texbuild/preload.so") == std::string::npos) continue;  // a plain one
      const auto parent = std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.pid == one.parent; });
      if (parent == all.end() || parent->name == engine) continue;  // a room or a job
      pid_t top = one.pid;
      while (!itself)
        if (const auto up = std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.pid == top; });
            up != all.end() && up->parent != ::getpid())
          top = up->parent;
        else
          break;
      killed += ::kill(top, SIGKILL) == 0 ? 1 : 0;
    }
    return killed;
  }
};

TEST_F(WarmFaults, AnEngineThatWasKilledIsReplacedAndSaidOnce) {
  host.prepare();
  EXPECT_EQ(host.engines().stats().parked, 6u);
  EXPECT_GT(host.engines().stats().memory_bytes, 50u << 20) << "three formats are in it";
  std::uint64_t anomalies = 0;
  for (const bool itself : {false, true}) {
    ASSERT_TRUE(builds(tex_engine::pdflatex));
    ASSERT_EQ(kill_parked("pdflatex", itself), 1);
    ASSERT_TRUE(comes_true([] {
      const auto all = processes_below(::getpid());
      return std::none_of(all.begin(), all.end(), [](const auto& one) { return one.name == "pdflatex"; });
    }));
    EXPECT_TRUE(builds(tex_engine::pdflatex));
    EXPECT_EQ(host.engines().stats().anomalies, ++anomalies);
    EXPECT_NE(host.engines().stats().last_problem, "");
    EXPECT_TRUE(builds(tex_engine::pdflatex));
    EXPECT_EQ(host.engines().stats().anomalies, anomalies);
    host.prepare();
    const auto warm = host.engines().stats().warm;
    EXPECT_TRUE(builds(tex_engine::pdflatex));
    EXPECT_EQ(host.engines().stats().warm, warm + 1);
  }
}

TEST_F(WarmFaults, HelpersThatWereKilledAreReplacedToo) {
  host.prepare();
  const auto place = host.folder({{"main.tex", hello}});
  ASSERT_TRUE(run(tex_engine::xelatex, place).result.succeeded());
  const std::vector<std::string> driver{"xdvipdfmx", "-q", "-E", "-o", "main.pdf", "main.xdv"};
  for (const auto& argv : {std::vector<std::string>{"biber", "main"}, driver}) {
    // biber finds no bibliography, and says so.
    const int status = argv.front() == "biber" ? 2 : 0;
    const auto end = [&] { return run_in(host.engines(), warm_host::command_in(place, argv)).result.exit_status; };
    EXPECT_EQ(end(), status);
    const auto before = host.engines().stats();
    ASSERT_EQ(kill_parked(argv.front(), true), 1);
    ASSERT_TRUE(comes_true([&] {
      const auto all = processes_below(::getpid());
      return std::none_of(all.begin(), all.end(), [&](const auto& one) { return one.name == argv.front(); });
    }));
    EXPECT_EQ(end(), status);
    EXPECT_EQ(host.engines().stats().anomalies, before.anomalies + 1);
    EXPECT_EQ(host.engines().stats().warm, before.warm);
    host.prepare();
    EXPECT_EQ(end(), status);
    EXPECT_EQ(host.engines().stats().warm, before.warm + 1);
  }
}

TEST_F(WarmFaults, AJobWhoseEngineIsKilledEnds) {
  host.prepare();
  for (const bool itself : {false, true}) {
    const auto place = host.folder({{"main.tex", loop}});
    auto running = std::async(std::launch::async, [&] { return run(tex_engine::pdflatex, place); });
    ASSERT_TRUE(comes_true([&] { return std::filesystem::exists(place.root / "up.txt"); }));
    EXPECT_EQ(kill_parked("pdflatex", itself), 1);
    const auto ended = running.get();
    EXPECT_FALSE(ended.result.succeeded());
    EXPECT_LT(ended.result.wall, 60s);
    EXPECT_TRUE(builds(tex_engine::pdflatex));
    host.prepare();
    EXPECT_TRUE(builds(tex_engine::pdflatex));
  }
}

TEST_F(WarmFaults, ManyJobsAtOnceEndWithTheirOwnResultsWhateverIsKilled) {
  host.prepare();
  std::atomic<bool> over{false};
  std::atomic<int> wrong{0};
  std::atomic<int> killed{0};
  std::thread killer([&] {
    std::minstd_rand random(42);
    const char* names[] = {"pdflatex", "xelatex", "lualatex"};
    while (!over) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 700));
      killed += kill_parked(names[random() % 3], random() % 2 == 0);
    }
  });
  std::vector<std::thread> all;
  for (int t = 0; t < 6; ++t)
    all.emplace_back([&, t] {
      for (int i = 0; i < 6; ++i) {
        const auto engine = std::array{tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex}.at(
            static_cast<std::size_t>(t + i) % 3);
        const auto place = host.folder({{"main.tex", hello}});
        const auto ran = run(engine, place);
        // A job that was killed with its engine is a failure of its own; none may be half done and called a success.
        const bool done = read_file(place.root / "main.log").find("Output written on main.") != std::string::npos;
        const bool right = ran.result.succeeded() ? done : ran.result.signal == SIGKILL;
        EXPECT_TRUE(right) << to_string(engine) << " exit " << ran.result.exit_status << " signal " << ran.result.signal
                           << " log ends " << done << ": " << ran.said.substr(0, 2000);
        wrong += right ? 0 : 1;
      }
    });
  for (auto& one : all) one.join();
  over = true;
  killer.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(killed, 0);
  host.prepare();
  for (const auto engine : {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex})
    EXPECT_TRUE(builds(engine));
}

TEST_F(WarmFaults, NothingIsLeftWhenTheEnginesEnd) {
  const auto before = processes_below(::getpid()).size();
  host.prepare();
  EXPECT_TRUE(builds(tex_engine::pdflatex));
  EXPECT_GT(processes_below(::getpid()).size(), before + 5);
  host.end();
  EXPECT_EQ(processes_below(::getpid()).size(), before);
}

TEST_F(WarmFaults, NothingIsLeftWhenTheHostIsKilled) {
  int told[2];
  ASSERT_EQ(::pipe2(told, O_CLOEXEC), 0);
  (void)font_caches();
  const auto child = ::fork();
  if (child == 0) {
    warm_host own;  // the other one's threads stayed behind
    own.prepare();
    (void)!::write(told[1], "ready", 5);
    for (;;) ::pause();
  }
  ::close(told[1]);
  char word[6] = {};
  ASSERT_EQ(::read(told[0], word, 5), 5);
  ::close(told[0]);
  const auto all = processes_below(child);
  EXPECT_GT(all.size(), 5u);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (const auto& one : all) EXPECT_TRUE(comes_true([&] { return ::kill(one.pid, 0) != 0; })) << one.name << one.pid;
}

TEST_F(WarmFaults, OneEngineServesManyJobs) {
  host.prepare();
  const auto started = host.engines().stats().started;
  EXPECT_EQ(started, 6u);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(builds(tex_engine::pdflatex));
  EXPECT_EQ(host.engines().stats().started, started);
}

}  // namespace
