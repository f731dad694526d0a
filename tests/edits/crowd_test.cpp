// Many builds at once, of all engines, while processes of theirs are killed at random moments: each build ends, none is
// half done and called a success, afterwards all builds are right again, and nothing is left running.
#include "tests/edits/same_outcome.hpp"
#include "tests/warm/processes.hpp"

#include <atomic>
#include <csignal>
#include <iostream>
#include <random>
#include <sys/wait.h>
#include <thread>

namespace {

using texbuild::tex_engine;

paper small_paper(tex_engine engine, const std::string& version) {
  paper out;
  out.engine = engine;
  out.files["main.tex"] =
      "\\documentclass{article}\n\\begin{document}\n\\section{One}\\label{s1}\nVersion " + version +
      (engine == tex_engine::lualatex ? "." : ", see \\ref{s1}.") +
      (engine == tex_engine::pdflatex ? "\\cite{key}\n\\bibliographystyle{plain}\\bibliography{refs}" : "") +
      "\n\\end{document}\n";
  if (engine == tex_engine::pdflatex)
    out.files["refs.bib"] = "@book{key, author = {A}, title = {" + version + "}, publisher = {P}, year = {1990}}\n";
  return out;
}

struct Crowd : SameOutcome {
  static constexpr tex_engine engines[] = {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex};
  static constexpr int versions = 2;
  using key = std::pair<tex_engine, int>;
  std::map<key, left_behind> right;

  static paper paper_of(const key& which) { return small_paper(which.first, std::to_string(which.second)); }
  void build_plainly() {
    const auto plain = open(with_nothing());
    for (const auto engine : engines)
      for (int version = 0; version < versions; ++version) {
        const key which{engine, version};
        right[which] = left_by(*plain, build_by(*plain, paper_of(which), "p"));
        ASSERT_TRUE(right[which].succeeded());
      }
  }
  static int rounds() {
    const char* text = std::getenv("TEXBUILD_EDITS");
    return text == nullptr ? 4 : std::atoi(text);
  }
};

TEST_F(Crowd, EndsWithEachBuildsOwnResultWhateverIsKilled) {
  build_plainly();
  auto options = defaults();
  options.workers = 4;
  auto fast = open(options);
  std::atomic<bool> over{false};
  std::atomic<int> killed{0};
  std::atomic<int> good{0};
  std::atomic<int> failed{0};
  std::thread killer([&] {
    std::mt19937 random(2026);
    while (!over) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 1000));
      const auto all = processes_below(::getpid());
      if (!all.empty() && ::kill(all[random() % all.size()].pid, SIGKILL) == 0) ++killed;
    }
  });
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t)
    all.emplace_back([&, t] {
      for (int i = 0; i < rounds(); ++i) {
        const key which{engines[(t + i) % 3], (t + i) % versions};
        // Two threads for each project.
        const auto mine =
            left_by(*fast, build_by(*fast, paper_of(which), "p" + std::to_string(t / 2), "u" + std::to_string(i % 2)));
        if (!mine.succeeded()) {
          EXPECT_EQ(mine.status, texbuild::build_status::failed);
          EXPECT_NE(mine.message, "");
          ++failed;
          continue;
        }
        ++good;
        // A build whose helper was killed may go on without; then it says so.
        const bool told = std::any_of(mine.diagnostics.begin(), mine.diagnostics.end(), [](const auto& d) {
          return d.message.find("bibtex failed on main") != std::string::npos;
        });
        const auto difference = difference_between(right.at(which), mine, which.first);
        EXPECT_TRUE(told || difference.empty()) << to_string(which.first) << ": " << difference;
      }
    });
  for (auto& one : all) one.join();
  over = true;
  killer.join();
  EXPECT_GT(killed, 0);
  EXPECT_GT(good, 0);
  std::cout << killed << " processes killed, " << good << " builds good, " << failed << " failed" << std::endl;
  for (const auto& [which, expected] : right)
    for (const char* project : {"p0", "p1"})
      for (const char* owner : {"u0", "u1"}) {
        const auto mine = left_by(*fast, build_by(*fast, paper_of(which), project, owner));
        EXPECT_EQ(difference_between(expected, mine, which.first), "") << to_string(which.first) << which.second;
      }
  fast.reset();
  for (const auto& one : processes_below(::getpid())) ADD_FAILURE() << one.name << " is left";
}

TEST_F(Crowd, LeavesNothingWhenItsHostIsKilled) {
  (void)font_caches();
  std::mt19937 random(2026);
  for (int round = 0; round < std::max(1, rounds() / 8); ++round) {
    const temporary_folder of_the_child;
    int told[2];
    ASSERT_EQ(::pipe2(told, O_CLOEXEC), 0);
    const auto child = ::fork();
    if (child == 0) {
      ::setenv("TMPDIR", of_the_child.path().c_str(), 1);
      const auto own = open(defaults());
      std::vector<std::thread> all;
      for (const auto engine : engines)
        all.emplace_back([&, engine] {
          for (int version = 0;; ++version) {
            (void)build_by(*own, small_paper(engine, std::to_string(version)), "p");
            (void)!::write(told[1], "x", 1);
          }
        });
      for (auto& one : all) one.join();
    }
    ::close(told[1]);
    char word = 0;
    for (int builds = 0; builds < 4; ++builds) ASSERT_EQ(::read(told[0], &word, 1), 1);
    ::close(told[0]);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 300));
    const auto below = processes_below(child);
    EXPECT_GT(below.size(), 5u);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (const auto& one : below)
      EXPECT_TRUE(comes_true([&] { return ::kill(one.pid, 0) != 0; })) << one.name << " is left";
  }
}

}  // namespace
