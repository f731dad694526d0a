// Limits hold in warm jobs as they hold in plain ones, and nothing runs on afterwards.
#include "tests/warm/warm_job.hpp"

namespace {

using namespace std::chrono_literals;
using texbuild::limit_kind;
using texbuild::tex_engine;

struct WarmLimits : WarmJob {
  std::size_t before = processes_below(::getpid()).size();
  ~WarmLimits() override { EXPECT_EQ(processes_below(::getpid()).size(), before); }
};

TEST_F(WarmLimits, EndARunawayByTime) {
  limits.wall = 300ms;
  for (const auto engine : {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex}) {
    const auto ran = run(engine, "\\def\\a{\\a}\\a\n");
    EXPECT_EQ(ran.limit, limit_kind::wall_time);
    EXPECT_FALSE(ran.succeeded());
    EXPECT_EQ(ran.exit_status, -1);
  }
}

TEST_F(WarmLimits, EndALoopByProcessorTime) {
  limits.cpu = 300ms;
  EXPECT_EQ(run(tex_engine::pdflatex, "\\def\\a{\\a}\\a\n").limit, limit_kind::cpu_time);
}

TEST_F(WarmLimits, EndAMemoryHog) {
  limits.memory_bytes = 600U << 20;
  const auto ran = lua("local t = {} for i = 1, 1e9 do t[i] = string.rep('x', 1000) .. i end");
  EXPECT_EQ(ran.limit, limit_kind::memory);
  EXPECT_GT(ran.peak_memory_bytes, 600U << 20);
}

TEST_F(WarmLimits, EndAFlockOfProcesses) {
  limits.processes = 8;
  const auto ran =
      lua("p = {} for i = 1, 200 do p[i] = io.popen('kpsewhich --interactive', 'w') end while true do end");
  EXPECT_EQ(ran.limit, limit_kind::processes);
}

TEST_F(WarmLimits, EndAFileThatGrowsTooLarge) {
  limits.file_bytes = 1U << 20;
  EXPECT_EQ(lua("local f = io.open('big', 'w') while true do f:write(string.rep('x', 65536)) end").limit,
            limit_kind::file_size);
  EXPECT_LE(std::filesystem::file_size(place.root / "big"), 1U << 20);
}

TEST_F(WarmLimits, EndALogThatGrowsTooLarge) {
  limits.file_bytes = 1U << 20;
  EXPECT_EQ(
      run(tex_engine::pdflatex, "\\batchmode\\def\\a{\\wlog{xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}\\a}\\a\n")
          .limit,
      limit_kind::file_size);
  EXPECT_LE(std::filesystem::file_size(place.root / "main.log"), 1U << 20);
}

TEST_F(WarmLimits, EndADiskFlood) {
  limits.disk_bytes = 20U << 20;
  EXPECT_EQ(lua("for i = 1, 1e9 do local f = io.open('f' .. i, 'w') f:write(string.rep('x', 1e6)) f:close() end").limit,
            limit_kind::disk);
  place = host().folder();
  EXPECT_EQ(
      lua("for i = 1, 1e9 do local f = io.open('/tmp/f' .. i, 'w') f:write(string.rep('x', 1e6)) f:close() end").limit,
      limit_kind::disk);
}

TEST_F(WarmLimits, EndAFloodOfSmallFiles) {
  limits.disk_files = 500;
  EXPECT_EQ(lua("for i = 1, 1e9 do local f = io.open('f' .. i, 'w') if f then f:close() end end").limit,
            limit_kind::disk);
}

TEST_F(WarmLimits, EndAFloodIntoFilesWithoutAName) {
  limits.disk_bytes = 20U << 20;
  EXPECT_EQ(lua("f = {} for i = 1, 100 do f[i] = io.open('f', 'w') os.remove('f') f[i]:write(string.rep('x', 1e6)) "
                "f[i]:flush() end while true do end")
                .limit,
            limit_kind::disk);
}

TEST_F(WarmLimits, EndAFloodOfOutput) {
  limits.output_bytes = 1U << 20;
  EXPECT_EQ(
      run(tex_engine::pdflatex, "\\def\\a{\\typeout{xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}\\a}\\a\n")
          .limit,
      limit_kind::output);
  EXPECT_LE(said.size(), 1U << 20);
}

TEST_F(WarmLimits, LeaveACanceledJobAtOnce) {
  auto running = endless("");
  stop.request_stop();
  const auto ran = running.get();
  EXPECT_TRUE(ran.canceled);
  EXPECT_EQ(ran.limit, limit_kind::none);
}

TEST_F(WarmLimits, DoNotBeginWhatWasCanceledBefore) {
  stop.request_stop();
  EXPECT_TRUE(run(tex_engine::pdflatex, "\\def\\a{\\a}\\a\n").canceled);
}

TEST_F(WarmLimits, GiveTheExitStatusOfTheEngine) {
  EXPECT_EQ(run(tex_engine::pdflatex, "\\undefined\\csname @@end\\endcsname\n").exit_status, 1);
  EXPECT_EQ(run(tex_engine::pdflatex, "\\csname @@end\\endcsname\n").exit_status, 0);
  EXPECT_EQ(lua("os.exit(3)").exit_status, 3);
  EXPECT_EQ(lua("os.exit(77)").exit_status, 77);
}

TEST_F(WarmLimits, TakeNoExitStatusOfADocumentForAJobThatDidNotBegin) {
  for (const int status : {1, 127, 254, 255})
    EXPECT_EQ(lua("os.exit(" + std::to_string(status) + ")").exit_status, status);
}

}  // namespace
