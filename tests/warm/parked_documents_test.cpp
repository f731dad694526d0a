// Documents whose passes begin in copies that earlier ones left at \begin{document}: what they leave is what a plain
// sandbox leaves, in the build that parks them and in those after it.
#include "tests/warm/same_files.hpp"

namespace {

using texbuild::tex_engine;

document from_folder(const std::string& name) {
  document out;
  const auto folder = std::filesystem::path(TEXBUILD_SOURCE_DIR) / "bench/documents" / name;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    out.content[entry.path().filename().string()] = read_file(entry.path());
  return out;
}

struct ParkedDocument : SameFiles {
  /// Builds it twice where the project is at home.
  void expect_same_at_home(const document& what, tex_engine engine, std::uint64_t least_resumed) {
    const auto plain = trace(*plain_sandbox(), host().folder(what.content), what, engine);
    const auto name = testing::UnitTest::GetInstance()->current_test_info()->name();
    const auto before = host().engines().stats();
    for (int build = 0; build < 2 && !HasFailure(); ++build) {
      SCOPED_TRACE("build " + std::to_string(build));
      const auto home = host().project(name, what.content);
      expect_same_steps(plain, trace(host().engines(), *home, what, engine), engine);
    }
    const auto after = host().engines().stats();
    EXPECT_EQ(after.anomalies, before.anomalies) << after.last_problem;
    EXPECT_GE(after.resumed - before.resumed, least_resumed);
    EXPECT_EQ(after.projects, before.projects + 1);
  }
};

TEST_F(ParkedDocument, OfAHello) { expect_same_at_home(from_folder("a_hello"), tex_engine::pdflatex, 1); }
TEST_F(ParkedDocument, OfAnArticleWithBibliography) {
  expect_same_at_home(from_folder("b_article"), tex_engine::pdflatex, 3);
}
TEST_F(ParkedDocument, OfATalk) { expect_same_at_home(from_folder("c_beamer"), tex_engine::pdflatex, 3); }
TEST_F(ParkedDocument, OfPlots) { expect_same_at_home(from_folder("d_pgfplots"), tex_engine::pdflatex, 1); }
TEST_F(ParkedDocument, OfXeTexWithFonts) { expect_same_at_home(from_folder("e_xefont"), tex_engine::xelatex, 1); }
TEST_F(ParkedDocument, OfLuaTexWithFonts) { expect_same_at_home(from_folder("f_luafont"), tex_engine::lualatex, 1); }
TEST_F(ParkedDocument, OfABiblatexDocument) { expect_same_at_home(from_folder("g_biber"), tex_engine::pdflatex, 3); }

}  // namespace
