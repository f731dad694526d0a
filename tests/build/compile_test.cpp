#include "src/build/compile.hpp"

#include "tests/build/fake_tex.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace {

using ::testing::HasSubstr;
using texbuild::command;
using texbuild::output_sink;
using texbuild::process_result;
using texbuild::project;
using texbuild::result;
using texbuild::build::compile;
using texbuild::build::compile_job;
using texbuild::testing::scripted_processes;

struct Compile : ::testing::Test {
  temporary_folder source;
  temporary_folder workspace;
  std::string main_file = "main.tex";
  texbuild::process_limits limits;
  std::stop_source stop;
  std::vector<command> commands;
  std::optional<texbuild::build::earlier_build> earlier;

  result<texbuild::build::compile_result> run(scripted_processes::script script) {
    compile_job job(project::from_folder(source.path()).value());
    job.main_file = main_file;
    job.workspace = workspace.path();
    job.limits = limits;
    job.earlier = earlier;
    job.keep_state = true;
    scripted_processes processes(std::move(script));
    auto out = compile(job, processes, *texbuild::system_clock(), {}, stop.get_token());
    commands = processes.commands();
    return out;
  }
  void SetUp() override { write_file(source.path() / "main.tex", "\\documentclass{article}\n"); }
};

TEST_F(Compile, OfADocumentThatSettlesAtOnceIsOnePass) {
  const auto out = run([](const command& c, const output_sink& o, auto) { return good_run(c, o); }).value();
  EXPECT_TRUE(out.succeeded);
  EXPECT_EQ(out.passes, 1);
  EXPECT_EQ(out.pdf, "main.pdf");
  EXPECT_EQ(out.synctex, "main.synctex.gz");
  EXPECT_EQ(out.log, "main.log");
}

struct CompileGoingOn : Compile {
  CompileGoingOn() {
    earlier.emplace();
    earlier->files = {{"", "main.aux", "key", 0, referring.size()}};
    earlier->read = [](const auto&) -> result<std::string> { return referring; };
  }
  static bool goes_on(const command& c) { return std::filesystem::exists(c.root / "main.aux"); }
  static result<process_result> referring_run(const command& c, const output_sink& o) {
    auto ran = good_run(c, o);
    write_file(c.root / "main.aux", referring);
    return ran;
  }
  static inline const std::string referring = "\\relax \n\\newlabel{a}{{1}{1}}\n";
};

TEST_F(CompileGoingOn, TakesOnePassAndLeavesTheSameAgain) {
  const auto out = run([](const command& c, const output_sink& o, auto) {
                     EXPECT_TRUE(goes_on(c));
                     return referring_run(c, o);
                   }).value();
  EXPECT_TRUE(out.succeeded);
  EXPECT_EQ(out.passes, 1);
  EXPECT_EQ(out.earlier, texbuild::build::state_use::used);
  EXPECT_FALSE(out.state->nothing);
}

TEST_F(CompileGoingOn, BeginsAgainWithNothingWhereOnePassIsEnough) {
  std::vector<bool> went_on;
  const auto out = run([&](const command& c, const output_sink& o, auto) {
                     went_on.push_back(goes_on(c));
                     return good_run(c, o);  // an .aux with nothing in it
                   }).value();
  EXPECT_TRUE(out.succeeded);
  EXPECT_EQ(went_on, (std::vector<bool>{true, true, false}));
  EXPECT_EQ(out.earlier, texbuild::build::state_use::thrown_away);
  EXPECT_TRUE(out.state->nothing);
}

TEST_F(CompileGoingOn, BeginsAgainWithNothingWhenALimitIsHit) {
  std::vector<bool> went_on;
  const auto again = run([&](const command& c, const output_sink& o, auto) -> result<process_result> {
                       went_on.push_back(goes_on(c));
                       auto ran = referring_run(c, o);
                       if (went_on.size() == 1) ran->limit = texbuild::limit_kind::memory;
                       return ran;
                     }).value();
  EXPECT_TRUE(again.succeeded);
  EXPECT_EQ(again.earlier, texbuild::build::state_use::thrown_away);
  EXPECT_EQ(again.passes, 3);
  EXPECT_EQ(went_on, (std::vector<bool>{true, false, true}));
}

TEST_F(CompileGoingOn, BeginsAgainWithNothingWhenItDoesNotSettle) {
  int number = 0;
  bool anew = false;
  const auto out = run([&](const command& c, const output_sink& o, auto) {
                     anew = anew || !goes_on(c);
                     auto ran = good_run(c, o);
                     if (!anew) write_file(c.root / "main.aux", "\\newlabel{" + std::to_string(++number) + "}\n");
                     return ran;
                   }).value();
  EXPECT_TRUE(out.succeeded);
  EXPECT_TRUE(anew);
  EXPECT_EQ(number, 3);
  EXPECT_EQ(out.earlier, texbuild::build::state_use::thrown_away);
}

TEST_F(CompileGoingOn, BeginsAgainWithNothingWhenTheEngineReadsWhatNothingAccountsFor) {
  earlier->files.push_back({"", "main.ind", "key", 0, referring.size()});
  std::vector<bool> had_index;
  const auto out = run([&](const command& c, const output_sink& o, auto) {
                     had_index.push_back(std::filesystem::exists(c.root / "main.ind"));
                     auto ran = referring_run(c, o);
                     std::string read = "PWD /job\nINPUT main.tex\nOUTPUT main.aux\n";
                     if (had_index.back()) read += "INPUT main.ind\n";
                     write_file(c.root / "main.fls", read);
                     return ran;
                   }).value();
  EXPECT_TRUE(out.succeeded);
  EXPECT_EQ(had_index, (std::vector<bool>{true, false, false}));
  EXPECT_EQ(out.earlier, texbuild::build::state_use::thrown_away);
}

TEST_F(CompileGoingOn, RemovesWhatNothingAccountsForAndNothingRead) {
  earlier->files.push_back({"", "main.lof", "key", 0, referring.size()});
  const auto out = run([&](const command& c, const output_sink& o, auto) {
                     auto ran = referring_run(c, o);
                     write_file(c.root / "main.fls", "PWD /job\nINPUT main.tex\nOUTPUT main.aux\n");
                     return ran;
                   }).value();
  EXPECT_EQ(out.earlier, texbuild::build::state_use::used);
  for (const auto& file : out.others) EXPECT_NE(file.name, "main.lof");
}

TEST_F(Compile, ThatFailsSaysTheFirstErrorWithItsPlace) {
  const auto out = run([](const command& c, const output_sink& o, auto) { return failed_run(c, o); }).value();
  EXPECT_FALSE(out.succeeded);
  EXPECT_THAT(out.message, HasSubstr("main.tex:3: "));
  EXPECT_THAT(out.message, HasSubstr("Undefined control sequence"));
}

TEST_F(Compile, SaysWhenTheEngineIsNotInstalled) {
  const auto out = run([](const command&, const output_sink& o, auto) -> result<process_result> {
                     o("bwrap: execvp pdflatex: No such file or directory\n");
                     process_result absent;
                     absent.exit_status = 127;
                     return absent;
                   }).value();
  EXPECT_FALSE(out.succeeded);
  EXPECT_EQ(out.message, "pdflatex is not installed on this machine");  // the tool's exit code depends on the words
}

TEST_F(Compile, TakesNoPdfOfTheProjectForItsOwn) {
  write_file(source.path() / "main.pdf", "%PDF-old");
  const auto out = run([](const command& c, const output_sink& o, auto) { return failed_run(c, o); }).value();
  EXPECT_EQ(out.pdf, "");
}

TEST_F(Compile, PutsBackABblThatBibtexDestroyed) {
  write_file(source.path() / "main.bbl", "shipped");
  std::string seen;
  const auto out = run([&](const command& c, const output_sink& o, auto) -> result<process_result> {
                     if (c.argv.front() == "bibtex") {
                       write_file(c.root / "main.bbl", "");
                       process_result failed;
                       failed.exit_status = 2;
                       return failed;
                     }
                     auto r = good_run(c, o);
                     write_file(c.root / "main.aux", "\\relax \n\\citation{a}\n\\bibdata{refs}\n\\bibstyle{plain}\n");
                     seen = read_file(c.root / "main.bbl");
                     return r;
                   }).value();
  EXPECT_TRUE(out.succeeded);
  EXPECT_EQ(seen, "shipped");
  EXPECT_EQ(read_file(out.root / "main.bbl"), "shipped");
  EXPECT_TRUE(std::any_of(commands.begin(), commands.end(), [](const auto& c) { return c.argv.front() == "bibtex"; }));
}

TEST_F(Compile, RunsInTheMainFilesFolderWithTheRootOnTheSearchPaths) {
  write_file(source.path() / "paper/main.tex", "\\documentclass{article}\n");
  main_file = "paper/main.tex";
  const auto out = run([](const command& c, const output_sink& o, auto) { return good_run(c, o); }).value();
  EXPECT_TRUE(out.succeeded);
  EXPECT_EQ(out.pdf, "paper/main.pdf");
  EXPECT_EQ(commands.front().folder, "paper");
  EXPECT_THAT(commands.front().variables, ::testing::Contains(::testing::Pair("TEXINPUTS", ".:/job:")));
}

TEST_F(Compile, GoesToTheRootWhenAFileIsOnlyThere) {
  write_file(source.path() / "paper/main.tex", "\\documentclass{article}\n");
  write_file(source.path() / "plots/a.tex", "x");
  main_file = "paper/main.tex";
  const auto out = run([](const command& c, const output_sink& o, auto) -> result<process_result> {
                     if (c.folder.empty()) return good_run(c, o);
                     write_file(c.root / "paper/main.log",
                                "(./main.tex\n./main.tex:3: LaTeX Error: File `./plots/a.tex' not found.\n\nl.3 \n)\n");
                     process_result r;
                     r.exit_status = 1;
                     return r;
                   }).value();
  EXPECT_TRUE(out.succeeded) << out.message;
  EXPECT_EQ(out.pdf, "main.pdf");
}

TEST_F(Compile, NamesTheLimitThatWasHit) {
  limits.memory_bytes = 300u << 20;
  const auto out = run([](const command& c, const output_sink& o, auto) -> result<process_result> {
                     auto r = good_run(c, o);
                     r->limit = texbuild::limit_kind::memory;
                     r->signal = 9;
                     r->exit_status = -1;
                     return r;
                   }).value();
  EXPECT_FALSE(out.succeeded);
  EXPECT_THAT(out.message, HasSubstr("memory"));
  EXPECT_THAT(out.message, HasSubstr("300 MB"));
}

TEST_F(Compile, OfADocumentThatNeverSettlesEndsWithAWarningThatSaysSo) {
  int pass = 0;
  const auto out = run([&](const command& c, const output_sink& o, auto) {
                     auto r = good_run(c, o);
                     write_file(c.root / "main.aux", "\\relax \n\\newlabel{a}{{" + std::to_string(++pass) + "}{1}}\n");
                     return r;
                   }).value();
  EXPECT_TRUE(out.succeeded);
  EXPECT_EQ(out.passes, 6);
  EXPECT_TRUE(std::any_of(out.diagnostics.begin(), out.diagnostics.end(), [](const auto& d) {
    return d.level == texbuild::severity::warning && d.message.find("did not settle") != std::string::npos;
  }));
}

TEST_F(Compile, SpendsOneWallClockOverAllItsCommands) {
  limits.wall = std::chrono::milliseconds(1000);
  int pass = 0;
  (void)run([&](const command& c, const output_sink& o, auto) {
    auto r = good_run(c, o);
    write_file(c.root / "main.aux", "\\relax \n\\newlabel{a}{{" + std::to_string(++pass) + "}{1}}\n");
    return r;
  });
  ASSERT_GT(commands.size(), 1u);
  EXPECT_LE(commands.back().limits.wall, commands.front().limits.wall);
  EXPECT_LE(commands.front().limits.wall, std::chrono::milliseconds(1000));
}

TEST_F(Compile, KeepsOtherOutputsButNotTheSources) {
  write_file(source.path() / "refs.bib", "@book{a}");
  const auto out = run([](const command& c, const output_sink& o, auto) { return good_run(c, o); }).value();
  ASSERT_EQ(out.others.size(), 1u);
  EXPECT_EQ(out.others[0].name, "main.aux");
}

TEST_F(Compile, OffersNoOutputWhoseNameCouldNotBeAskedFor) {
  const auto out = run([](const command& c, const output_sink& o, auto) {
                     for (const char* name : {"new\nline", "escape\x1b[2J", "broken\xff", "upper\xc2\x9b", "fine.txt"})
                       write_file(c.root / name, "x");
                     return good_run(c, o);
                   }).value();
  ASSERT_EQ(out.others.size(), 2u);
  EXPECT_EQ(out.others[0].name, "fine.txt");
  EXPECT_EQ(out.others[1].name, "main.aux");
}

TEST_F(Compile, PassesOutputOnAsPlainText) {
  texbuild::build::compile_watcher watcher;
  std::vector<std::string> lines;
  watcher.output = [&](std::string_view line) { lines.emplace_back(line); };
  compile_job job(project::from_folder(source.path()).value());
  job.main_file = main_file;
  job.workspace = workspace.path();
  scripted_processes processes([](const command& c, const output_sink& o, auto) {
    o("  indented\n\x1b]0;title\x07\xff\n");
    return good_run(c, o);
  });
  ASSERT_TRUE(compile(job, processes, *texbuild::system_clock(), watcher, {}));
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines[0], "  indented");
  EXPECT_EQ(lines[1], "]0;title\xef\xbf\xbd");
}

}  // namespace
