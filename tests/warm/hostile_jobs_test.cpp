// What a job in a warm engine can see, and what it can leave for the next one: no more than in a sandbox of its own.
#include "tests/warm/warm_job.hpp"

#include <regex>

namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using texbuild::tex_engine;

struct HostileJob : WarmJob {};

// Everything that can be listed without TeX Live and the system, and what can be written of it.
constexpr const char* look_around = R"(
local out = io.open('seen', 'w')
local function walk(folder, depth)
  local ok, iterate, state = pcall(lfs.dir, folder)
  if not ok then out:write(folder, ' closed\n') return end
  for name in iterate, state do
    if name ~= '.' and name ~= '..' then
      local path = (folder == '/' and '' or folder) .. '/' .. name
      local kind = lfs.symlinkattributes(path, 'mode')
      out:write(path, ' ', tostring(kind), '\n')
      if kind == 'directory' and depth < 8 and path ~= '/usr' and path ~= '/cache' then walk(path, depth + 1) end
    end
  end
  if folder ~= '/job' and folder ~= '/tmp' then
    local f = io.open(folder .. '/planted', 'w')
    if f then out:write(folder, ' WRITABLE\n') f:write('planted') f:close() end
  end
end
walk('/', 0)
for _, folder in ipairs{'/jobs', '/none', '/texbuild', '/proc', '/proc/1', '/proc/self/fd', '/dev/fd', '/dev/shm', '/sys',
    '/cache', '/usr/share/texlive', '/var/lib/texmf', '/etc/texmf', '/jobs/0/job', '/jobs/1/job', '/jobs/../job/..'} do
  local f = io.open(folder .. '/planted', 'w')
  if f then out:write(folder, ' WRITABLE\n') f:close() end
end
out:close()
)";

TEST_F(HostileJob, SeesNoOtherJobAndWritesNowhereElse) {
  const auto other = host().folder({{"secret-of-another", "hunter2"}});
  write_file(other.scratch / "secret-in-scratch", "hunter2");
  lua(look_around);
  const auto seen = left("seen");
  EXPECT_THAT(seen, HasSubstr("/job/main.tex file\n"));
  EXPECT_THAT(seen, HasSubstr("/jobs directory\n"));
  EXPECT_THAT(seen, Not(HasSubstr("\n/jobs/")));
  EXPECT_THAT(seen, Not(HasSubstr("\n/none/")));
  EXPECT_THAT(seen, Not(HasSubstr("secret")));
  EXPECT_THAT(seen, Not(HasSubstr("\n/proc")));
  EXPECT_THAT(seen, Not(HasSubstr("\n/sys")));
  EXPECT_THAT(seen, Not(HasSubstr("/texbuild-job")));  // the parked engine's own folder
  std::string writable;
  std::istringstream lines(seen);
  for (std::string line; std::getline(lines, line);) {
    if (!line.ends_with(" WRITABLE") || line.starts_with("/job/") || line.starts_with("/tmp/")) continue;
    if (line != "/jobs/../job/.. WRITABLE") writable += line + "\n";
  }
  EXPECT_EQ(writable, "");
}

TEST_F(HostileJob, LeavesNothingForTheNextJobOfTheSameEngine) {
  lua(std::string(look_around) + R"(
planted = 'planted'
os.setenv('PLANTED', 'planted')
string.planted = 'planted'
package.loaded.planted = 'planted'
for _, folder in ipairs{'/job', '/tmp', '/tmp/texmf-var', '/tmp/texmf-var/luatex-cache'} do
  local f = io.open(folder .. '/planted', 'w') if f then f:write('planted') f:close() end
end
lfs.mkdir('/tmp/planted-folder')
math.randomseed(1)
tex.count[100] = 4711
token.set_macro('planted', 'planted', 'global')
os.rename('/job/script.lua', '/tmp/planted-script')
)");
  EXPECT_EQ(left("planted"), "planted");
  place = host().folder();
  lua(std::string(look_around) + R"(
local f = io.open('state', 'w')
f:write(tostring(planted), tostring(os.getenv('PLANTED')), tostring(string.planted), tostring(package.loaded.planted),
  tostring(token.get_macro('planted')), ' ', tex.count[100])
f:close()
)");
  EXPECT_THAT(left("seen"), Not(HasSubstr("planted")));
  EXPECT_THAT(left("state"), Not(HasSubstr("planted")));
  EXPECT_THAT(left("state"), Not(HasSubstr("4711")));
}

TEST_F(HostileJob, HoldsNoDescriptorButItsOwn) {
  auto running = endless("");
  const auto job = deepest("lualatex");
  const std::regex own(R"((/dev/null|pipe:\[\d+\]|/job/.*|/tmp/.*|/usr/.*|/var/lib/texmf/.*|/cache/.*))");
  int pipes = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(job.pid) + "/fd")) {
    const auto what = std::filesystem::read_symlink(entry.path()).string();
    EXPECT_TRUE(std::regex_match(what, own)) << entry.path() << " is " << what;
    EXPECT_FALSE(what.find("texbuild-job") != std::string::npos || what.find("deleted") != std::string::npos) << what;
    pipes += what.starts_with("pipe:") ? 1 : 0;
  }
  EXPECT_EQ(pipes, 2);  // its output
  stop.request_stop();
  EXPECT_TRUE(running.get().canceled);
}

TEST_F(HostileJob, SitsBehindTheWallsOfASandbox) {
  auto running = endless("");
  const auto job = deepest("lualatex");
  EXPECT_EQ(job.field("NoNewPrivs"), "1");
  EXPECT_EQ(job.field("Seccomp"), "2");
  for (const char* rights : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) EXPECT_EQ(job.field(rights), "0000000000000000");
  EXPECT_EQ(job.field("SigBlk"), "0000000000000000");

  // A second job of the same engine, beside it.
  const auto mine = place;
  auto second_place = host().folder();
  place = second_place;
  auto second = endless("");
  std::vector<seen_process> jobs;
  seen_process parked;
  for (auto& one : processes_below(::getpid())) {
    if (one.name != "lualatex") continue;
    if (parked.pid == 0 || one.depth < parked.depth) parked = one;
    if (one.depth == job.depth && one.field("NSpid").ends_with("\t1") == false) jobs.push_back(one);
  }
  ASSERT_EQ(jobs.size(), 2u);
  for (const char* kind : {"pid", "mnt", "ipc", "user"}) {
    EXPECT_NE(jobs[0].space(kind), jobs[1].space(kind)) << kind;
    EXPECT_NE(jobs[0].space(kind), parked.space(kind)) << kind;
  }
  seen_process self;
  self.pid = ::getpid();
  for (const char* kind : {"pid", "mnt", "ipc", "user", "net", "uts"})
    EXPECT_NE(jobs[0].space(kind), self.space(kind)) << kind;
  // They cannot name each other, nor the parked engine: the numbers of the namespace are the room's and the job's.
  stop.request_stop();
  running.get();
  second.get();
}

TEST_F(HostileJob, OpensNoSocket) {
  lua(R"(
local f = io.open('net', 'w')
local ok, socket = pcall(require, 'socket')
f:write(ok and socket and tostring((socket.tcp and socket.tcp()) and (socket.tcp():connect('127.0.0.1', 1))) or 'none')
f:close()
)");
  EXPECT_THAT(left("net"), Not(HasSubstr("1\n")));
  EXPECT_THAT(left("net"), ::testing::AnyOf("none", "nil"));
}

TEST_F(HostileJob, StartsOnlyWhatTheRestrictedShellAllows) {
  lua(R"(
local f = io.open('ran', 'w')
f:write(tostring(os.execute('touch /job/made')), ' ', tostring(io.popen('id')), ' ', tostring(os.exec and os.exec('id')))
f:close()
)");
  EXPECT_FALSE(std::filesystem::exists(place.root / "made"));
  EXPECT_THAT(left("ran"), Not(HasSubstr("file (0x")));
}

TEST_F(HostileJob, DrawsOtherRandomNumbersThanTheJobBefore) {
  const auto drawn = [&](tex_engine engine, const std::string& what) {
    place = host().folder();
    run(engine, "\\immediate\\openout15=drawn.txt \\immediate\\write15{" + what + "}\\csname @@end\\endcsname\n");
    EXPECT_NE(left("drawn.txt"), "");
    return left("drawn.txt");
  };
  const std::vector<std::pair<tex_engine, std::string>> all = {
      {tex_engine::pdflatex, "\\pdfuniformdeviate100000000"},
      {tex_engine::xelatex, "\\uniformdeviate100000000"},
      {tex_engine::lualatex, "\\directlua{tex.print(math.random(100000000))}"},
      {tex_engine::lualatex, "\\directlua{tex.print(tex.uniformdeviate(100000000))}"}};
  for (const auto& [engine, what] : all) EXPECT_NE(drawn(engine, what), drawn(engine, what)) << what;
}

TEST_F(HostileJob, IsLeftWithNothingRunning) {
  const auto before = processes_below(::getpid()).size();
  lua("for i = 1, 5 do p = io.popen('kpsewhich --interactive', 'w') end");
  run(tex_engine::pdflatex, "\\documentclass{article}\\begin{document}x\\end{document}\n");
  EXPECT_EQ(processes_below(::getpid()).size(), before);
}

}  // namespace
