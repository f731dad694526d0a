// Copies of TeX that wait in a project's place: what they are to others, what becomes of them, who may keep them.
#include "tests/warm/processes.hpp"
#include "tests/warm/warm_host.hpp"

#include <csignal>
#include <set>

namespace {

using ::testing::HasSubstr;
using texbuild::tex_engine;

const files paper{{"main.tex",
                   "\\documentclass{article}\n\\newwrite\\notes\\immediate\\openout\\notes=notes.txt\n"
                   "\\begin{document}\nHello.\\immediate\\write\\notes{said}\n\\end{document}\n"}};

struct ParkedCopies : ::testing::Test {
  static warm_host& host() {
    static warm_host one;
    static const bool ready = (one.prepare(), true);
    (void)ready;
    return one;
  }
  static texbuild::process_result build(warm_host& in, const job_folder& at, tex_engine engine = tex_engine::pdflatex) {
    return run_in(in.engines(), warm_host::command_in(at, engine_argv(engine, "main.tex"))).result;
  }
  /// Builds a project once; gives the processes that it left.
  static std::vector<seen_process> park(warm_host& in, const std::string& name, const files& content = paper) {
    const auto before = processes_below(::getpid());
    std::set<pid_t> known;
    for (const auto& one : before) known.insert(one.pid);
    {
      const auto home = in.project(name, content);
      EXPECT_TRUE(build(in, *home).succeeded());
    }
    std::vector<seen_process> left;
    for (auto& one : processes_below(::getpid()))
      if (!known.contains(one.pid) && one.depth > 2) left.push_back(std::move(one));
    return left;
  }
  static std::vector<seen_process> stopped(const std::vector<seen_process>& all) {
    std::vector<seen_process> out;
    for (const auto& one : all)
      if (one.field("State").starts_with("T")) out.push_back(one);
    return out;
  }
};

TEST_F(ParkedCopies, WaitStoppedBehindTheWallsOfTheirProject) {
  const auto copies = stopped(park(host(), "walls a"));
  const auto others = stopped(park(host(), "walls b"));
  ASSERT_EQ(copies.size(), 1U);
  ASSERT_EQ(others.size(), 1U);
  const auto& copy = copies.front();
  EXPECT_EQ(copy.field("NoNewPrivs"), "1");
  EXPECT_EQ(copy.field("Seccomp"), "2");
  EXPECT_EQ(copy.field("CapEff"), "0000000000000000");
  for (const char* kind : {"user", "pid", "mnt", "ipc", "net"}) {
    SCOPED_TRACE(kind);
    EXPECT_FALSE(copy.space(kind).empty());
    std::error_code gone;
    EXPECT_NE(copy.space(kind), std::filesystem::read_symlink(std::string("/proc/self/ns/") + kind, gone).string());
    if (std::string_view(kind) != "net") {
      EXPECT_NE(copy.space(kind), others.front().space(kind));
    }
  }
}

TEST_F(ParkedCopies, HoldNoFileButTheirOwnAndThoseOfTexLive) {
  const auto copies = stopped(park(host(), "files"));
  ASSERT_EQ(copies.size(), 1U);
  int own = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(copies.front().pid) + "/fd")) {
    std::error_code gone;
    const auto to = std::filesystem::read_symlink(entry.path(), gone).string();
    SCOPED_TRACE(to);
    if (!to.starts_with('/')) continue;  // sockets to us
    // As it sees them itself: its project's folder is all that is called so.
    own += to.find("notes.txt") != std::string::npos;
    EXPECT_TRUE(to.starts_with("/job/") || to == "/dev/null" || to.starts_with("/usr/share/tex"));
  }
  EXPECT_EQ(own, 1);
}

TEST_F(ParkedCopies, LeaveNothingOfTheProjectOnTheDisk) {
  std::filesystem::path root;
  {
    const auto home = host().project("disk", paper);
    root = home->root;
    EXPECT_TRUE(build(host(), *home).succeeded());
    EXPECT_FALSE(std::filesystem::is_empty(root));
  }
  EXPECT_TRUE(std::filesystem::is_empty(root));
}

TEST_F(ParkedCopies, AreTheirOwnersAlone) {
  for (const std::string owner : {"one", "another"}) {
    SCOPED_TRACE(owner);
    const auto before = host().engines().stats();
    const auto home = host().project("shared name", paper, owner);
    EXPECT_TRUE(build(host(), *home).succeeded());
    EXPECT_EQ(host().engines().stats().resumed, before.resumed);
  }
}

TEST_F(ParkedCopies, AreNotUsedByTwoBuildsAtOnce) {
  const auto home = host().project("busy", paper);
  EXPECT_EQ(host().engines().lend("owner of busy", "busy"), nullptr);
  EXPECT_NE(host().engines().lend("somebody else", "busy"), nullptr);
}

TEST_F(ParkedCopies, ThatAreKilledAreDoneWithout) {
  const auto copies = stopped(park(host(), "killed"));
  ASSERT_EQ(copies.size(), 1U);
  ASSERT_EQ(::kill(copies.front().pid, SIGKILL), 0);
  ASSERT_TRUE(comes_true([&] { return ::kill(copies.front().pid, 0) != 0; }));
  const auto before = host().engines().stats();
  {
    const auto home = host().project("killed", paper);
    EXPECT_TRUE(build(host(), *home).succeeded());
    EXPECT_EQ(read_file(home->root / "notes.txt"), "said\n");
  }
  EXPECT_EQ(host().engines().stats().resumed, before.resumed);
}

TEST_F(ParkedCopies, GoOnWithTheFilesThatTheyWereWriting) {
  park(host(), "writing");
  const auto before = host().engines().stats().resumed;
  {
    const auto home = host().project("writing", paper);
    EXPECT_TRUE(build(host(), *home).succeeded());
    EXPECT_EQ(read_file(home->root / "notes.txt"), "said\n");
    EXPECT_THAT(read_file(home->root / "main.log"), HasSubstr("Output written on main.pdf"));
  }
  EXPECT_EQ(host().engines().stats().resumed, before + 1);
}

TEST_F(ParkedCopies, ThatAHostileDocumentMadeAreItsOwnTrouble) {
  // It stops itself where a copy would, reads what it may hold, and writes rubbish into every descriptor.
  const files hostile{
      {"main.tex",
       "\\documentclass{article}\n\\directlua{for n = 3, 1023 do local f = io.open('/dev/fd/' .. n, 'w') if f then "
       "f:write(string.rep('x', 5000)) f:close() end end}\n\\begin{document}\nHello.\n\\end{document}\n"}};
  {
    const auto home = host().project("hostile", hostile);
    (void)build(host(), *home, tex_engine::lualatex);
  }
  const auto before = host().engines().stats();
  const auto home = host().project("innocent", paper);
  EXPECT_TRUE(build(host(), *home).succeeded());
  EXPECT_EQ(host().engines().stats().anomalies, before.anomalies);
}

TEST_F(ParkedCopies, EndWithTheEngines) {
  const auto before = processes_below(::getpid()).size();
  warm_host own;
  own.prepare();
  EXPECT_FALSE(park(own, "ended").empty());
  own.end();
  EXPECT_EQ(processes_below(::getpid()).size(), before);
}

TEST_F(ParkedCopies, ArePutToAnEndWhenTheyTakeMoreThanTheyMay) {
  texbuild::warm_options small;
  small.parked_bytes = 1;
  warm_host own(small);
  own.prepare();
  park(own, "too much");
  const auto stats = own.engines().stats();
  EXPECT_EQ(stats.projects, 0U);
  EXPECT_EQ(stats.project_bytes, 0U);
  EXPECT_EQ(stats.evicted, 1U);
}

TEST_F(ParkedCopies, OfOneOwnerAreBounded) {
  texbuild::warm_options few;
  few.parked_projects_of_one = 2;
  warm_host own(few);
  own.prepare();
  for (const std::string project : {"a", "b", "c"}) {
    const auto home = own.project(project, paper, "somebody");
    EXPECT_TRUE(build(own, *home).succeeded());
  }
  EXPECT_EQ(own.engines().stats().projects, 2U);
  EXPECT_EQ(own.engines().stats().evicted, 1U);
  {
    const auto home = own.project("c", paper, "somebody");
    EXPECT_TRUE(build(own, *home).succeeded());
  }
  EXPECT_EQ(own.engines().stats().resumed, 1U) << "the oldest one went";
}

TEST_F(ParkedCopies, AreNoneWhereNothingMayBeParked) {
  texbuild::warm_options none;
  none.parked_bytes = 0;
  warm_host own(none);
  EXPECT_EQ(own.engines().lend("somebody", "x"), nullptr);
}

}  // namespace
