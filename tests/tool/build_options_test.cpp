#include "server/tool/build_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace {

using ::testing::HasSubstr;
using texbuild::tex_engine;
using namespace texbuild_tool;

texbuild::result<build_options> parse(std::vector<std::string> words) { return parse_build_options(words); }
std::string problem(std::vector<std::string> words) {
  const auto parsed = parse(std::move(words));
  return parsed ? "none" : parsed.error().detail();
}

TEST(BuildOptions, HaveDefaultsForAllButTheInput) {
  const auto o = parse({"paper.zip"}).value();
  EXPECT_EQ(o.input, "paper.zip");
  EXPECT_EQ(o.engine, tex_engine::automatic);
  EXPECT_EQ(o.timeout, std::chrono::seconds(300));
  EXPECT_FALSE(o.main_file || o.shell_escape || o.watch || o.json);
  EXPECT_TRUE(o.pdf.empty());
}

TEST(BuildOptions, TakeAllThatIsSaid) {
  const auto o = parse({"-o",         "a.pdf",  "--engine=lualatex",
                        "in",         "--main", "x/y.tex",
                        "--timeout",  "7",      "--synctex",
                        "s",          "--log",  "l",
                        "--data-dir", "d",      "--clean",
                        "--project",  "p",      "--shell-escape",
                        "--watch",    "--json", "-v",
                        "--warnings"})
                     .value();
  EXPECT_EQ(o.pdf, "a.pdf");
  EXPECT_EQ(o.engine, tex_engine::lualatex);
  EXPECT_EQ(o.main_file, "x/y.tex");
  EXPECT_EQ(o.timeout, std::chrono::seconds(7));
  EXPECT_EQ(o.synctex, "s");
  EXPECT_EQ(o.log, "l");
  EXPECT_EQ(o.data_folder, "d");
  EXPECT_EQ(o.project, "p");
  EXPECT_TRUE(o.clean && o.shell_escape && o.watch && o.json && o.verbose && o.warnings);
}

TEST(BuildOptions, SuggestTheOptionThatWasMeant) {
  EXPECT_EQ(problem({"x.zip", "--enigne", "xelatex"}), "unknown option '--enigne'; did you mean '--engine'?");
  EXPECT_THAT(problem({"x.zip", "--frobnicate"}), HasSubstr("unknown option '--frobnicate'"));
}

TEST(BuildOptions, RefuseWhatMakesNoSense) {
  EXPECT_THAT(problem({}), HasSubstr("nothing to build"));
  EXPECT_THAT(problem({"a.zip", "b.zip"}), HasSubstr("too many arguments"));
  EXPECT_THAT(problem({"a.zip", "--engine", "tex"}), HasSubstr("choose pdflatex, xelatex, lualatex or auto"));
  EXPECT_THAT(problem({"a.zip", "--timeout", "0"}), HasSubstr("1 to 86400"));
  EXPECT_THAT(problem({"a.zip", "--timeout", "soon"}), HasSubstr("timeout"));
  EXPECT_THAT(problem({"a.zip", "-q", "-v"}), HasSubstr("exclude each other"));
  EXPECT_THAT(problem({"a.zip", "-o"}), HasSubstr("output"));
}

TEST(BuildOptions, AreAllInTheHelp) {
  EXPECT_TRUE(parse({"--help"}).value().help);
  for (const char* word :
       {"--output", "--engine", "--main", "--synctex", "--log", "--timeout", "--shell-escape", "--clean", "--project",
        "--watch", "--warnings", "--json", "--quiet", "--verbose", "--data-dir", "Examples", "130"})
    EXPECT_THAT(build_help(), HasSubstr(word));
}

}  // namespace
