#include "tests/engine/real_engine.hpp"

#include <map>

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

struct Fonts : RealEngine {
  /// Files of the shared cache and when they were written.
  static std::map<std::string, fs::file_time_type> cache() {
    std::map<std::string, fs::file_time_type> all;
    for (const auto& entry : fs::recursive_directory_iterator(TEXBUILD_TEST_CACHE))
      if (entry.is_regular_file()) all[entry.path().string()] = entry.last_write_time();
    return all;
  }
};

// A size that no outline of the installation has: Metafont draws it, with no network.
TEST_F(Fonts, AreDrawnWhenThereAreNoOutlines) {
  add("main.tex",
      article("\\pdfmapfile{}\\pdfobjcompresslevel=0\\font\\odd=ecrm1000 scaled 1234 \\odd Drawn by Metafont."));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(outcome.pdf->bytes().read_all().value(), HasSubstr("Type3"));
}

TEST_F(Fonts, OfTheT1EncodingAreThere) {
  add("main.tex", article("Gr\\\"o\\ss e \\textbf{bold} \\textit{italic} {\\Huge huge}", "\\usepackage[T1]{fontenc}"));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("huge"));
}

TEST_F(Fonts, OfLuatexComeFromASharedCacheThatNoBuildWrites) {
  warm_engine();
  add("main.tex", article("Hello \\textbf{bold}", "\\usepackage{fontspec}\\setmainfont{Latin Modern Roman}"));
  request.engine = texbuild::tex_engine::lualatex;
  const auto before = cache();
  ASSERT_FALSE(before.empty());
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(log_of(outcome), Not(HasSubstr("generating new one")));
  EXPECT_THAT(log_of(outcome), Not(HasSubstr("Font names database not found")));
  EXPECT_EQ(cache(), before);
}

TEST_F(Fonts, OfXetexAreFoundByNameAndByFile) {
  add("main.tex",
      article("one {\\fontspec{lmsans10-bold.otf} two}", "\\usepackage{fontspec}\\setmainfont{Latin Modern Roman}"));
  request.engine = texbuild::tex_engine::xelatex;
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("one two"));
}

}  // namespace
