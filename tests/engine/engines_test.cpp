#include "tests/engine/real_engine.hpp"

namespace {

using ::testing::HasSubstr;
using texbuild::tex_engine;

struct Engines : RealEngine {};

TEST_F(Engines, PdflatexLeavesPdfSynctexAndLogInOnePass) {
  add("main.tex", article("Hello \\textbf{world}."));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_EQ(outcome.info.passes, 1);
  EXPECT_EQ(outcome.info.progress, 100);
  ASSERT_TRUE(outcome.pdf && outcome.synctex);
  EXPECT_EQ(outcome.pdf->name(), "main.pdf");
  EXPECT_EQ(outcome.synctex->name(), "main.synctex.gz");
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Hello world."));
  EXPECT_THAT(log_of(outcome), HasSubstr("This is pdfTeX"));
}

TEST_F(Engines, XelatexSetsUnicode) {
  add("main.tex", article("Größe, \xce\xb1\xce\xb2\xce\xb3.", "\\usepackage{fontspec}"));
  request.engine = tex_engine::xelatex;
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Größe"));
  EXPECT_THAT(log_of(outcome), HasSubstr("This is XeTeX"));
  EXPECT_TRUE(outcome.synctex);
}

TEST_F(Engines, LualatexRunsLua) {
  warm_engine();
  add("main.tex", article("\\directlua{tex.print(6 * 7)}", "\\usepackage{fontspec}"));
  request.engine = tex_engine::lualatex;
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("42"));
  EXPECT_THAT(log_of(outcome), HasSubstr("LuaHBTeX"));
}

TEST_F(Engines, AutomaticFollowsTheMagicComment) {
  add("main.tex", "% !TEX program = xelatex\n" + article("\\ifdefined\\XeTeXversion yes\\fi"));
  request.engine = tex_engine::automatic;
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_EQ(outcome.info.engine, tex_engine::xelatex);
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("yes"));
}

TEST_F(Engines, AutomaticTakesOneThatCanDoWhatThePreambleNeeds) {
  add("main.tex", article("Größe", "\\usepackage{fontspec}"));
  request.engine = tex_engine::automatic;
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_EQ(outcome.info.engine, tex_engine::xelatex);
}

TEST_F(Engines, AutomaticTakesPdflatexForAnythingElse) {
  add("main.tex", article("plain"));
  request.engine = tex_engine::automatic;
  EXPECT_EQ(build().info.engine, tex_engine::pdflatex);
}

TEST_F(Engines, AFailedRunNamesFileLineAndReasonAndKeepsItsPages) {
  add("main.tex", article("First page.\\newpage\n\\undefinedmacro\nSecond page."));
  const auto outcome = build();
  EXPECT_EQ(outcome.info.status, texbuild::build_status::failed);
  EXPECT_THAT(outcome.info.message, HasSubstr("main.tex:5: "));
  EXPECT_THAT(outcome.info.message, HasSubstr("Undefined control sequence"));
  ASSERT_TRUE(outcome.pdf) << "a partial PDF is kept";
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Second page."));
}

TEST_F(Engines, ADocumentWithoutPagesFailsAndSaysSo) {
  add("main.tex", article(""));
  const auto outcome = build();
  EXPECT_EQ(outcome.info.status, texbuild::build_status::failed);
  EXPECT_THAT(outcome.info.message, HasSubstr("no pages"));
}

}  // namespace
