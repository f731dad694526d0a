// The real binary on real TeX: what users see.
#include "tests/project/zip_builder.hpp"
#include "tests/tool/program.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using texbuild_test::program;
using texbuild_test::tool_world;
using texbuild_test::zip_builder;

constexpr const char* good =
    "\\documentclass{article}\n\\begin{document}\nSee "
    "page~\\pageref{end}.\\newpage\nEnd.\\label{end}\n\\end{document}\n";
constexpr const char* broken =
    "\\documentclass{article}\n\\begin{document}\nHello \\undefinedcommand world.\n\\end{document}\n";
constexpr const char* endless = "\\documentclass{article}\n\\begin{document}\n\\def\\x{\\x}\\x\n\\end{document}\n";

struct Tool : ::testing::Test {
  tool_world world;
  void TearDown() override {
    EXPECT_FALSE(tool_world::has_orphans()) << "a process was left";
    EXPECT_THAT(world.leftovers(), IsEmpty());
  }
};

TEST_F(Tool, BuildsAFolder) {
  world.write("paper/main.tex", good);
  const auto run = world.run({"build", "paper"});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_THAT(world.read("main.pdf"), StartsWith("%PDF-"));
  EXPECT_THAT(run.out, AllOf(StartsWith("main.pdf: 2 pages, 2 passes, "), HasSubstr(" s\n")));
  EXPECT_EQ(run.err, "pass 1: pdflatex\npass 2: pdflatex\n");
}

TEST_F(Tool, BuildsAZipIntoTheFileThatWasNamed) {
  zip_builder zip;
  zip.add("my paper/main.tex", "\\documentclass{article}\\begin{document}\\input{text}\\end{document}");
  zip.add("my paper/text.tex", "Text.");
  zip.save(world.work() / "paper.zip");
  world.write("out/keep", "");
  const auto run = world.run({"build", "paper.zip", "-o", "out/paper.pdf", "--synctex", "out/paper.synctex.gz", "--log",
                              "out/paper.log", "--quiet"});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_THAT(world.read("out/paper.pdf"), StartsWith("%PDF-"));
  EXPECT_THAT(world.read("out/paper.synctex.gz"), StartsWith("\x1f\x8b"));
  EXPECT_THAT(world.read("out/paper.log"), HasSubstr("This is pdfTeX"));
  EXPECT_EQ(run.out + run.err, "");
}

TEST_F(Tool, BuildsASingleFileWithItsFolder) {
  world.write("letters/one.tex", "\\documentclass{article}\\begin{document}\\input{name}\\end{document}");
  world.write("letters/two.tex", good);
  world.write("letters/name.tex", "Ada");
  const auto run = world.run({"build", "letters/one.tex"});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_TRUE(world.has("one.pdf"));
}

TEST_F(Tool, ShowsErrorsWithTheirSourceLineAndKeepsThePartialPdf) {
  world.write("paper/main.tex", broken);
  const auto run = world.run({"build", "paper", "-o", "x.pdf"});
  EXPECT_EQ(run.exit, 1);
  EXPECT_THAT(run.err, HasSubstr("paper/main.tex:3: Undefined control sequence"));
  EXPECT_THAT(run.err, HasSubstr("  3 | Hello \\undefinedcommand world.\n    |       ^~~~~~~~~~~~~~~~~\n"));
  EXPECT_THAT(run.err, HasSubstr("texbuild: failed with 1 error; x.pdf is partial"));
  EXPECT_THAT(world.read("x.pdf"), StartsWith("%PDF-"));
  EXPECT_EQ(run.out, "");
}

TEST_F(Tool, SumsWarningsUpAndListsThemWhenAsked) {
  world.write("main.tex", "\\documentclass{article}\\begin{document}\n\\ref{nowhere}\n\\end{document}\n");
  const auto brief = world.run({"build", "main.tex"});
  EXPECT_EQ(brief.exit, 0);
  EXPECT_THAT(brief.err, AllOf(HasSubstr("(--warnings lists them)"), Not(HasSubstr("nowhere"))));
  const auto full = world.run({"build", "main.tex", "--warnings"});
  EXPECT_THAT(full.err, AllOf(HasSubstr("main.tex:2: warning: "), HasSubstr("nowhere")));
}

TEST_F(Tool, GivesProgramsOneJsonObject) {
  world.write("paper/main.tex", broken);
  const auto run = world.run({"build", "paper", "--json", "--quiet"});
  EXPECT_EQ(run.exit, 1);
  const auto o = boost::json::parse(run.out).as_object();
  EXPECT_EQ(o.at("status"), "failed");
  EXPECT_EQ(o.at("exit_code"), 1);
  EXPECT_EQ(o.at("pdf"), "main.pdf");
  EXPECT_EQ(o.at("partial"), true);
  EXPECT_GE(o.at("passes").to_number<int>(), 1);
  EXPECT_GT(o.at("duration_ms").to_number<int>(), 0);
  const auto& first = o.at("diagnostics").at(0).as_object();
  EXPECT_EQ(first.at("file"), "main.tex");
  EXPECT_EQ(first.at("line"), 3);
  EXPECT_THAT(std::string(first.at("message").as_string()), HasSubstr("Undefined control sequence"));
}

TEST_F(Tool, RefusesBadInputWithCodeTwoAndLeavesNothing) {
  world.write("not.zip", "this is no archive");
  zip_builder hostile;
  hostile.add("main.tex", good);
  hostile.add("../../evil.tex", "x");
  hostile.save(world.work() / "hostile.zip");
  world.write("empty/readme.txt", "");
  world.write("paper/main.tex", good);
  const std::vector<std::pair<std::vector<std::string>, const char*>> cases = {
      {{"build", "absent.zip"}, "there is no file or folder 'absent.zip'"},
      {{"build", "not.zip"}, "ZIP"},
      {{"build", "hostile.zip"}, "evil.tex"},
      {{"build", "empty"}, "main.tex"},
      {{"build"}, "nothing to build"},
      {{"build", "not.zip", "--enigne", "x"}, "did you mean '--engine'?"},
      {{"build", "paper", "-o", "nowhere/a.pdf"}, "there is no folder 'nowhere'"},
      {{"biuld", "x"}, "did you mean 'build'?"},
      {{"--verison"}, "did you mean '--version'?"},
      {{"doctor", "me"}, "takes no arguments"},
  };
  for (const auto& [arguments, words] : cases) {
    const auto run = world.run(arguments);
    EXPECT_EQ(run.exit, 2) << words;
    EXPECT_THAT(run.err, HasSubstr(words));
    EXPECT_EQ(run.out, "");
  }
  const auto json = world.run({"build", "hostile.zip", "--json"});
  EXPECT_EQ(json.exit, 2);
  EXPECT_EQ(boost::json::parse(json.out).at("status"), "error");
  for (const auto& entry : std::filesystem::directory_iterator(world.work()))
    EXPECT_NE(entry.path().extension(), ".pdf");
}

TEST_F(Tool, EndsWithCodeThreeWhereTheMachineCannotBuild) {
  world.write("main.tex", good);
  const auto run = world.run({"build", "main.tex"}, {{"TMPDIR", "/nowhere"}});
  EXPECT_EQ(run.exit, 3);
  EXPECT_THAT(run.err, AllOf(HasSubstr("TMPDIR"), HasSubstr("texbuild doctor says what is missing")));
  EXPECT_FALSE(world.has("main.pdf"));
  const auto doctor = world.run({"doctor"}, {{"TMPDIR", "/nowhere"}});
  EXPECT_EQ(doctor.exit, 3);
  EXPECT_THAT(doctor.out, AllOf(HasSubstr("\u2717 sandbox"), HasSubstr("set TMPDIR to a folder that can")));
  const auto json = world.run({"doctor", "--json"}, {{"TMPDIR", "/nowhere"}});
  EXPECT_EQ(boost::json::parse(json.out).at("complete"), false);
}

TEST_F(Tool, StopsAtTheTimeLimit) {
  world.write("main.tex", endless);
  const auto run = world.run({"build", "main.tex", "--timeout", "2"});
  EXPECT_EQ(run.exit, 1);
  EXPECT_THAT(run.err, HasSubstr("time limit (2 s)"));
}

TEST_F(Tool, LeavesNoProcessBehindWhenInterrupted) {
  world.write("main.tex", endless);
  for (const int signal : {SIGINT, SIGTERM}) {
    program run(world.home(), world.work(), {"build", "main.tex"});
    ASSERT_TRUE(run.wait_until([&] { return run.err().find("pass 1") != std::string::npos; })) << run.err();
    run.send(signal);
    EXPECT_EQ(run.wait().exit, 128 + signal);
    EXPECT_FALSE(tool_world::has_orphans());
  }
  EXPECT_FALSE(world.has("main.pdf"));
}

TEST_F(Tool, RunsShellCommandsOnlyWhenTold) {
  world.write("main.tex",
              "\\documentclass{article}\\begin{document}\n\\immediate\\write18{echo Made > made.tex}\n"
              "\\IfFileExists{made.tex}{\\input{made}}{\\undefinedcommand}\n\\end{document}\n");
  EXPECT_EQ(world.run({"build", "main.tex"}).exit, 1);
  const auto told = world.run({"build", "main.tex", "--shell-escape"});
  EXPECT_EQ(told.exit, 0) << told.err;
  EXPECT_FALSE(world.has("made.tex"));
}

TEST_F(Tool, RunsTwiceAtOnce) {
  world.write("main.tex", good);
  program one(world.home(), world.work(), {"build", "main.tex", "-o", "one.pdf"});
  program two(world.home(), world.work(), {"build", "main.tex", "-o", "two.pdf"});
  EXPECT_EQ(one.wait().exit, 0) << one.err();
  EXPECT_EQ(two.wait().exit, 0) << two.err();
}

TEST_F(Tool, BuildsNothingAgainThatDidNotChangeAndAnEditInOnePass) {
  world.write("paper/main.tex", good);
  ASSERT_EQ(world.run({"build", "paper"}).exit, 0);
  const auto pdf = world.read("main.pdf");
  const auto again = world.run({"build", "paper", "-o", "again.pdf"});
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_THAT(again.out, StartsWith("again.pdf: 2 pages, nothing changed"));
  EXPECT_EQ(again.err, "");
  EXPECT_EQ(world.read("again.pdf"), pdf);

  world.write("paper/main.tex", std::string("% edited\n") + good);
  const auto edited = world.run({"build", "paper"});
  EXPECT_THAT(edited.out, StartsWith("main.pdf: 2 pages, 1 pass, "));
  world.write("paper/main.tex", broken);
  EXPECT_EQ(world.run({"build", "paper"}).exit, 1);
  world.write("paper/main.tex", std::string("% mended\n") + good);
  EXPECT_THAT(world.run({"build", "paper"}).out, StartsWith("main.pdf: 2 pages, 1 pass, "));
  EXPECT_THAT(world.run({"build", "paper", "--clean"}).out, StartsWith("main.pdf: 2 pages, 2 passes, "));
}

TEST_F(Tool, MakesTheFontCacheOnceForAllBuilds) {
  const auto first = world.run({"warm"});
  ASSERT_EQ(first.exit, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("making the font cache: lualatex"));
  EXPECT_THAT(first.out, HasSubstr("is made: " + (world.home() / ".cache/texbuild/cache").string()));
  const auto second = world.run({"warm"});
  EXPECT_EQ(second.exit, 0);
  EXPECT_THAT(second.out, HasSubstr("was there"));
  EXPECT_EQ(second.err, "");

  world.write("main.tex",
              "% !TEX program = lualatex\n\\documentclass{article}\\usepackage{fontspec}\n"
              "\\begin{document}x\\end{document}\n");
  const auto run = world.run({"build", "main.tex", "--json"});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(boost::json::parse(run.out).at("engine"), "lualatex");
  EXPECT_THAT(run.err, Not(HasSubstr("font cache")));
}

TEST_F(Tool, SaysWhatIsInstalled) {
  const auto doctor = world.run({"doctor"});
  EXPECT_EQ(doctor.exit, 0) << doctor.out << doctor.err;
  EXPECT_THAT(doctor.out, AllOf(HasSubstr("\u2713 sandbox"), HasSubstr("\u2713 pdflatex"), HasSubstr("pdfTeX")));
  const auto ascii = world.run({"doctor"}, {{"LC_ALL", "C"}});
  EXPECT_THAT(ascii.out, AllOf(HasSubstr("ok      pdflatex"), Not(HasSubstr("\u2713"))));
  const auto json = boost::json::parse(world.run({"doctor", "--json"}).out).as_object();
  EXPECT_EQ(json.at("complete"), true);
}

TEST_F(Tool, HelpsWhoAsks) {
  EXPECT_THAT(world.run({"--version"}).out, StartsWith("texbuild 0."));
  const auto help = world.run({"--help"});
  EXPECT_EQ(help.exit, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("doctor"), HasSubstr("warm"), HasSubstr("Exit codes")));
  for (const char* command : {"build", "doctor", "warm"}) {
    const auto more = world.run({command, "--help"});
    EXPECT_EQ(more.exit, 0);
    EXPECT_THAT(more.out, AllOf(HasSubstr("Usage: texbuild " + std::string(command)), HasSubstr("xit codes")));
    EXPECT_EQ(world.run({"help", command}).out, more.out);
  }
  EXPECT_EQ(world.run({}).exit, 2);
}

}  // namespace
