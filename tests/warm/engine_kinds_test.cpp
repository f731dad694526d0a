// What warm engines take is exactly what the pass planner makes, so the commands are the planner's own.
#include "src/warm/engine_kinds.hpp"

#include "src/tex/pass_planner.hpp"
#include "src/warm/protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using texbuild::command;
using texbuild::tex_engine;
using texbuild::warm::engine_kind;
namespace tex = texbuild::tex;

constexpr std::int64_t now = 1'700'000'000;

tex::step first_step(tex_engine engine, const std::string& main, const std::string& job = "", bool shell = false) {
  tex::plan_options plan;
  plan.engine = engine;
  plan.main_file = main;
  plan.job_name = job;
  plan.shell_escape = shell;
  return tex::pass_planner(plan).next(nullptr);
}

/// All that the planner runs for a document that cites, and ships a page.
std::vector<tex::step> steps_of(tex_engine engine, const std::string& main) {
  tex::plan_options plan;
  plan.engine = engine;
  plan.main_file = main;
  tex::pass_planner planner(plan);
  std::vector<tex::step> out;
  tex::step_report report;
  report.succeeded = true;
  report.log.pages = 1;
  const auto bcf = planner.job_name() + ".bcf";
  report.after[bcf] = tex::digest(bcf, "<bcf:controlfile/>\n");
  const auto aux = planner.job_name() + ".aux";
  report.after[aux] = tex::digest(aux, "\\citation{a}\n\\bibstyle{plain}\n\\bibdata{refs}\n");
  for (auto step = planner.next(nullptr); step.kind != tex::step_kind::done; step = planner.next(&report))
    out.push_back(step);
  return out;
}

command with(std::vector<std::string> argv) {
  command what;
  what.argv = std::move(argv);
  return what;
}
auto recognise(const command& what) { return texbuild::warm::recognise(what, now, 7); }
bool takes(std::vector<std::string> argv) { return recognise(with(std::move(argv))).has_value(); }

constexpr tex_engine engines[] = {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex};

TEST(EngineKinds, TakesEveryStepOfAnOrdinaryBuild) {
  for (const auto engine : engines) {
    const auto steps = steps_of(engine, "main.tex");
    std::vector<tex::step_kind> kinds;
    for (const auto& step : steps) kinds.push_back(step.kind);
    EXPECT_THAT(kinds,
                ::testing::IsSupersetOf({tex::step_kind::engine, tex::step_kind::bibtex, tex::step_kind::biber}));
    EXPECT_EQ(kinds.back() == tex::step_kind::dvipdf, engine == tex_engine::xelatex);
    for (const auto& step : steps) {
      const auto job = recognise(with(step.arguments));
      ASSERT_TRUE(job) << ::testing::PrintToString(step.arguments);
      EXPECT_EQ(to_string(job->kind), step.arguments.front());
      EXPECT_EQ(job->name, "main");
      EXPECT_EQ(job->start_seconds, now);
      EXPECT_EQ(job->today_seconds, now);
    }
  }
}

TEST(EngineKinds, TakesPlainNames) {
  for (const char* name : {"a.tex", "Thesis-v2.tex", "a.b.tex", "a-b_c.tex", "9.tex"})
    EXPECT_TRUE(takes(first_step(tex_engine::pdflatex, name).arguments)) << name;
}

TEST(EngineKinds, RefusesNamesThatCouldBeTakenForSomethingElse) {
  for (const char* name :
       {"my thesis.tex", "-x.tex",   ".x.tex",  "_x.tex",  "a%b.tex", "a\\b.tex",     "a~b.tex",      "a^b.tex",
        "a\"b.tex",      "a$b.tex",  "a{b.tex", "a#b.tex", "a&b.tex", "\xc3\xa4.tex", "sub/main.tex", "main.ltx",
        "main",          "main.TEX", ".tex",    "a;b.tex", "a|b.tex", "a\nb.tex",     "../a.tex"})
    for (const auto engine : engines) EXPECT_FALSE(takes(first_step(engine, name).arguments)) << name;
  EXPECT_FALSE(takes(first_step(tex_engine::pdflatex, std::string(300, 'a') + ".tex").arguments));
  EXPECT_FALSE(takes(first_step(tex_engine::pdflatex, "main.tex", "other").arguments));
}

TEST(EngineKinds, RefusesOddNamesOfHelpersToo) {
  for (const char* name : {"", "-v", "--help", ".a", "/etc/passwd", "../a", "a b", "sub/chap1", "a\\b"}) {
    EXPECT_FALSE(takes({"bibtex", name})) << name;
    EXPECT_FALSE(takes({"biber", name})) << name;
    const std::string stem = name;
    EXPECT_FALSE(takes({"xdvipdfmx", "-q", "-E", "-o", stem + ".pdf", stem + ".xdv"})) << name;
  }
  EXPECT_FALSE(takes({"xdvipdfmx", "-q", "-E", "-o", "a.pdf", "b.xdv"}));
  EXPECT_FALSE(takes({"xdvipdfmx", "-q", "-E", "-o", "a.pdf", "a.dvi"}));
}

TEST(EngineKinds, RefusesShellEscape) {
  for (const auto engine : engines) {
    EXPECT_TRUE(takes(first_step(engine, "main.tex").arguments));
    EXPECT_FALSE(takes(first_step(engine, "main.tex", "", true).arguments));
  }
}

TEST(EngineKinds, RefusesEveryOtherCommandLine) {
  for (const auto engine : engines) {
    const auto usual = first_step(engine, "main.tex").arguments;
    for (std::size_t i = 0; i < usual.size(); ++i) {
      auto less = usual;
      less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_FALSE(takes(less)) << ::testing::PrintToString(less);
      auto other = usual;
      other[i] += "x";
      EXPECT_FALSE(takes(other)) << ::testing::PrintToString(other);
      auto more = usual;
      more.insert(more.begin() + static_cast<std::ptrdiff_t>(i), "-8bit");
      EXPECT_FALSE(takes(more)) << ::testing::PrintToString(more);
      if (i + 1 < usual.size()) {
        auto swapped = usual;
        std::swap(swapped[i], swapped[i + 1]);
        EXPECT_FALSE(takes(swapped)) << ::testing::PrintToString(swapped);
      }
    }
    auto more = usual;
    more.emplace_back("\\write18{id}");
    EXPECT_FALSE(takes(more));
  }
  EXPECT_FALSE(takes({}));
  EXPECT_FALSE(takes({""}));
  EXPECT_FALSE(takes({"sh", "-c", "true"}));
  EXPECT_FALSE(takes({"bibtex"}));
  EXPECT_FALSE(takes({"bibtex", "main", "main"}));
  EXPECT_FALSE(takes({"bibtex", "-terse", "main"}));
  EXPECT_FALSE(takes({"/usr/bin/bibtex", "main"}));
  EXPECT_FALSE(takes({"bibtex8", "main"}));
  EXPECT_FALSE(takes({"biber"}));
  EXPECT_FALSE(takes({"biber", "main", "main"}));
  EXPECT_FALSE(takes({"biber", "--tool", "main.bib"}));
  EXPECT_FALSE(takes({"biber", "-g", "/etc/passwd", "main"}));
  EXPECT_FALSE(takes({"/usr/bin/biber", "main"}));
  EXPECT_FALSE(takes({"perl", "/usr/bin/biber", "main"}));
  EXPECT_FALSE(takes({"xdvipdfmx", "main.xdv"}));
  EXPECT_FALSE(takes({"xdvipdfmx", "-q", "-E", "-D", "id", "-o", "main.pdf", "main.xdv"}));
  EXPECT_FALSE(takes({"xdvipdfmx", "-q", "-o", "main.pdf", "main.xdv"}));
  EXPECT_FALSE(takes({"xdvipdfmx", "-q", "-E", "-o", "main.pdf"}));
  EXPECT_TRUE(takes({"xdvipdfmx", "-q", "-E", "-o", "main.pdf", "main.xdv"}));
  EXPECT_FALSE(takes({"makeindex", "main"}));
}

TEST(EngineKinds, RefusesWritableFolders) {
  auto what = with(first_step(tex_engine::lualatex, "main.tex").arguments);
  what.readable = {{"/somewhere", "/cache"}};
  EXPECT_TRUE(recognise(what));
  what.writable = {{"/somewhere", "/cache"}};
  EXPECT_FALSE(recognise(what));
}

TEST(EngineKinds, TakesTheVariablesOfAMainFileInAFolderAndOfFixedDatesOnly) {
  auto what = with(first_step(tex_engine::pdflatex, "main.tex").arguments);
  for (const char* name : {"TEXINPUTS", "BIBINPUTS", "BSTINPUTS", "INDEXSTYLE", "LUAINPUTS", "TEXPICTS"})
    what.variables.emplace_back(name, ".:/job:");
  ASSERT_TRUE(recognise(what));
  EXPECT_TRUE(recognise(what)->variables.empty());  // it has them
  what.variables.emplace_back("SOURCE_DATE_EPOCH", "1000000000");
  EXPECT_EQ(recognise(what)->start_seconds, 1'000'000'000);
  EXPECT_EQ(recognise(what)->today_seconds, now);
  what.variables.emplace_back("FORCE_SOURCE_DATE", "1");
  EXPECT_EQ(recognise(what)->today_seconds, 1'000'000'000);
  EXPECT_EQ(recognise(what)->variables.size(), 2u);

  const std::vector<std::pair<std::string, std::string>> others = {
      {"TEXINPUTS", ".:/etc:"},
      {"TEXINPUTS", ""},
      {"TEXMFHOME", "/job"},
      {"LD_PRELOAD", "/job/x.so"},
      {"openout_any", "a"},
      {"PATH", "/job"},
      {"TEXMFCNF", "/job"},
      {"shell_escape", "t"},
      {"SOURCE_DATE_EPOCH", "x"},
      {"SOURCE_DATE_EPOCH", ""},
      {"SOURCE_DATE_EPOCH", "1 "},
      {"max_print_line", "1000"},
      {"TEXBUILD_PARK", "nowhere"},
      {"", ""},
      {"PERL5OPT", "-I/texbuild -Mtexbuild_wait"},
      {"TEXBUILD_PARK", "script"},
      {"PERL5OPT", "-d"},
      {"PERL5LIB", "/job"},
      {"TEXFONTMAPS", "/job"},
  };
  for (const auto& variable : others) {
    auto odd = with(what.argv);
    odd.variables = {variable};
    EXPECT_FALSE(recognise(odd)) << variable.first << "=" << variable.second;
    for (const auto& argv :
         {std::vector<std::string>{"biber", "main"}, {"xdvipdfmx", "-q", "-E", "-o", "main.pdf", "main.xdv"}}) {
      odd.argv = argv;
      EXPECT_FALSE(recognise(odd)) << argv.front() << ": " << variable.first << "=" << variable.second;
    }
  }
}

// Years beyond a time's range, or that PDF cannot write.
TEST(EngineKinds, TakesNoDateThatNoOneHas) {
  auto what = with(first_step(tex_engine::pdflatex, "main.tex").arguments);
  for (const char* date :
       {"99999999999999999999", "9223372036854775807", "-9223372036854775808", "-1", "253402300800"}) {
    what.variables = {{"SOURCE_DATE_EPOCH", date}, {"FORCE_SOURCE_DATE", "1"}};
    EXPECT_FALSE(recognise(what)) << date;
  }
}

TEST(EngineKinds, TellsTheEngineWhatItReadsAndNothingElseOfTheCommand) {
  const auto job = recognise(with(first_step(tex_engine::pdflatex, "a.b-c.tex").arguments));
  ASSERT_TRUE(job);
  EXPECT_THAT(job->text, HasSubstr("a.b-c.te%\n"));
  EXPECT_THAT(job->text, HasSubstr("\\year=2023 \\month=11 \\day=14 \\time=1333 "));
  EXPECT_THAT(job->text, HasSubstr("\\pdfsetrandomseed 7\\relax"));
  EXPECT_EQ(recognise(with({"bibtex", "a"}))->text, "");
  EXPECT_EQ(recognise(with({"xdvipdfmx", "-q", "-E", "-o", "a.pdf", "a.xdv"}))->text, "");
  EXPECT_EQ(recognise(with({"biber", "a.b-c"}))->text, "a.b-c\n");
}

// Perl has its environment for itself.
TEST(EngineKinds, TellsBiberItsVariablesToo) {
  auto what = with({"biber", "main"});
  what.variables = {{"TEXINPUTS", ".:/job:"}, {"SOURCE_DATE_EPOCH", "1000000000"}, {"FORCE_SOURCE_DATE", "1"}};
  ASSERT_TRUE(recognise(what));
  EXPECT_EQ(recognise(what)->text, "main\nTEXINPUTS=.:/job:\nSOURCE_DATE_EPOCH=1000000000\nFORCE_SOURCE_DATE=1\n");
}

// The name of any job fits where the placeholder was.
TEST(EngineKinds, StartsXdvipdfmxWithNamesAsLongAsAny) {
  const std::string longest(100, 'a');
  ASSERT_TRUE(takes({"xdvipdfmx", "-q", "-E", "-o", longest + ".pdf", longest + ".xdv"}));
  EXPECT_FALSE(takes({"xdvipdfmx", "-q", "-E", "-o", longest + "a.pdf", longest + "a.xdv"}));
  const auto started = texbuild::warm::recipe_of(engine_kind::xdvipdfmx).argv;
  EXPECT_GE(started.back().size(), longest.size() + 4);
  EXPECT_LT(started.back().size(), texbuild::warm::most_name);
}

TEST(EngineKinds, StartsNoEngineWithMoreRightsThanACommandHas) {
  for (std::size_t i = 0; i < texbuild::warm::engine_kinds; ++i) {
    const auto kind = static_cast<engine_kind>(i);
    const auto recipe = texbuild::warm::recipe_of(kind);
    for (const auto& word : recipe.argv) EXPECT_THAT(word, Not(HasSubstr("shell-escape")));
    if (recipe.argv.empty()) continue;
    EXPECT_EQ(recipe.argv.front(), to_string(kind));
  }
}

// The flags of the parked engine and of the command differ in the mode of interaction and in the names of the job.
TEST(EngineKinds, StartsEnginesWithTheFlagsOfTheirCommands) {
  for (const auto engine : engines) {
    const auto asked = first_step(engine, "main.tex").arguments;
    const auto recipe = texbuild::warm::recipe_of(recognise(with(asked))->kind);
    for (const auto& word : asked) {
      if (word == "-interaction=nonstopmode" || word == "-jobname=main" || word == "main.tex") continue;
      EXPECT_THAT(recipe.argv, ::testing::Contains(word));
    }
    EXPECT_EQ(recipe.argv.size(), asked.size() - 2);
  }
}

}  // namespace
