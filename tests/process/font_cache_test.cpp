#include "src/process/font_cache.hpp"

#include "tests/build/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using texbuild::command;
using texbuild::process::link_font_cache;
using texbuild::process::warm_font_cache;
using texbuild::process::warm_fonts;

struct FontCache : ::testing::Test {
  static std::shared_ptr<texbuild::process_runner> sandbox() {
    static const auto made = texbuild::make_sandbox().value();
    return made;
  }
  /// Made once for all tests of this file: it takes seconds.
  static const std::filesystem::path& cache() {
    static const temporary_folder folder;
    if (!warm_font_cache(folder.path())) warm_fonts(*sandbox(), folder.path(), {}, {}).value();
    return folder.path();
  }
  temporary_folder job;
  temporary_folder scratch;
  std::string said;

  bool run(std::vector<std::string> argv, bool with_cache) {
    command c;
    c.argv = std::move(argv);
    c.root = job.path();
    c.scratch = scratch.path();
    if (with_cache) {
      link_font_cache(*warm_font_cache(cache()), scratch.path());
      c.readable = {{*warm_font_cache(cache()), "/cache"}};
    }
    said.clear();
    return sandbox()->run(c, [&](std::string_view text) { said += text; }, {}).value().succeeded();
  }
};

constexpr const char* by_name =
    "\\documentclass{article}\\usepackage{fontspec}\\setmainfont{Latin Modern "
    "Roman}\\begin{document}Hi\\end{document}\n";

TEST_F(FontCache, SparesLuatexTheDatabaseOfFontNames) {
  write_file(job.path() / "main.tex", by_name);
  ASSERT_TRUE(run({"lualatex", "-interaction=nonstopmode", "main.tex"}, true)) << said;
  EXPECT_THAT(said, Not(HasSubstr("generating new one")));
  EXPECT_THAT(said, Not(HasSubstr("Failed to write")));
}

// A build's passes share its scratch folder: the second one is not to draw the first one's bitmaps again.
TEST_F(FontCache, OfABuildsOwnBitmapsIsFoundByItsNextPass) {
  write_file(job.path() / "main.tex",
             "\\documentclass{article}\\pdfmapfile{}\\begin{document}\\font\\odd=ecrm1000 scaled 1234 \\odd Drawn."
             "\\end{document}\n");
  ASSERT_TRUE(run({"pdflatex", "-interaction=nonstopmode", "main.tex"}, false)) << said;
  EXPECT_THAT(said, HasSubstr("mktexpk"));
  ASSERT_TRUE(run({"pdflatex", "-interaction=nonstopmode", "main.tex"}, false)) << said;
  EXPECT_THAT(said, Not(HasSubstr("mktexpk")));
}

TEST_F(FontCache, IsNotNeededForARightResult) {
  write_file(job.path() / "main.tex", by_name);
  ASSERT_TRUE(run({"lualatex", "-interaction=nonstopmode", "main.tex"}, false)) << said;
}

TEST_F(FontCache, TakesNewFontsIntoTheBuildsOwnFolder) {
  write_file(
      job.path() / "main.tex",
      "\\documentclass{article}\\usepackage{fontspec}\\setmainfont{lmmonoproplt10-regular.otf}\\begin{document}Hi"
      "\\end{document}\n");
  ASSERT_TRUE(run({"lualatex", "-interaction=nonstopmode", "main.tex"}, true)) << said;
  const auto own = scratch.path() / "texmf-var/luatex-cache/generic/fonts/otl/lmmonoproplt10-regular.luc";
  EXPECT_TRUE(std::filesystem::is_regular_file(std::filesystem::symlink_status(own)));
}

// Titles, footnotes and emphasis ask for other cuts of the font than the text does.
TEST_F(FontCache, HasEveryCutOfTheFontsThatADocumentUsesWhenItNamesNone) {
  write_file(
      job.path() / "main.tex",
      "\\documentclass{article}\\usepackage{fontspec}\\title{A}\\author{B}\\begin{document}\\maketitle Text"
      "\\footnote{Note \\emph{it}} \\textsl{sl} \\textsc{sc} \\textsf{sans \\textsl{sl} \\textbf{\\textsl{bold}}} "
      "\\texttt{\\textit{it} \\textbf{b}} {\\tiny tiny} {\\Huge\\textbf{big}}\\end{document}\n");
  ASSERT_TRUE(run({"lualatex", "-interaction=nonstopmode", "main.tex"}, true)) << said;
  std::string made;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.path() / "texmf-var/luatex-cache"))
    if (entry.path().extension() == ".luc" && entry.path().parent_path().filename() == "otl" && !entry.is_symlink())
      made += entry.path().filename().string() + " ";
  EXPECT_EQ(made, "");
}

TEST_F(FontCache, IsMadeOnceOnly) {
  const auto before = std::filesystem::last_write_time(*warm_font_cache(cache()));
  warm_fonts(*sandbox(), cache(), {}, {}).value();
  EXPECT_EQ(std::filesystem::last_write_time(*warm_font_cache(cache())), before);
}

TEST_F(FontCache, RemovesWhatAMakerThatWasKilledLeft) {
  temporary_folder shared;
  write_file(shared.path() / ".new-2147483647-0/cache/half", "x");
  write_file(shared.path() / (".new-" + std::to_string(::getpid()) + "-99/cache/half"), "x");
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(warm_fonts(*sandbox(), shared.path(), stopped.get_token(), {}).error().code(), texbuild::errc::canceled);
  EXPECT_FALSE(std::filesystem::exists(shared.path() / ".new-2147483647-0"));
  EXPECT_TRUE(std::filesystem::exists(shared.path() / (".new-" + std::to_string(::getpid()) + "-99")));
}

// With the outlines switched off, the bitmap has to be made.
TEST_F(FontCache, LetsMetafontMakeFontsAndFindsThemAgainInTheSharedCache) {
  write_file(job.path() / "main.tex", "\\font\\x=cmr10 at 23.7pt \\x Hello \\bye\n");
  temporary_folder shared;
  const auto typeset = [&](bool first) {
    command c;
    c.argv = {"pdftex", "-interaction=nonstopmode", "\\pdfmapfile{}\\input main"};
    c.root = job.path();
    c.scratch = scratch.path();
    (first ? c.writable : c.readable) = {{shared.path(), "/cache"}};
    if (first) c.variables = {{"TEXMFVAR", "/cache"}};
    said.clear();
    return sandbox()->run(c, [&](std::string_view text) { said += text; }, {}).value().succeeded();
  };
  ASSERT_TRUE(typeset(true)) << said;
  EXPECT_THAT(said, HasSubstr("mktexpk"));
  ASSERT_TRUE(typeset(false)) << said;
  EXPECT_THAT(said, Not(HasSubstr("mktexpk")));
}

}  // namespace
