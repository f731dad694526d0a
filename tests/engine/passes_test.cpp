#include "tests/engine/real_engine.hpp"

namespace {

using ::testing::HasSubstr;

struct Passes : RealEngine {};

TEST_F(Passes, AreAsManyAsReferencesNeed) {
  add("main.tex", article("\\tableofcontents\\section{One}\\label{one}See page~\\pageref{one}."));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_EQ(outcome.info.passes, 2);
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("See page 1."));
}

TEST_F(Passes, AreOneMoreWhenTheContentsMoveThePages) {
  add("main.tex", article("\\tableofcontents\\newpage\\section{One}\\label{one}See page~\\pageref{one}.",
                          "\\AddToHook{begindocument}{\\IfFileExists{main.toc}{\\null\\newpage}{}}"));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_GE(outcome.info.passes, 3);
  EXPECT_FALSE(warns(outcome, "may have changed"));
}

// The label's page decides whether the label moves to the next page.
TEST_F(Passes, EndAfterSixWithAWarningWhenADocumentOscillates) {
  add("main.tex", article("\\makeatletter\\@ifundefined{r@x}{}{\\ifnum\\pageref{x}=1 \\null\\newpage\\fi}\n"
                          "here\\label{x}\\makeatother",
                          "\\usepackage{refcount}\\let\\oldpageref\\pageref\\def\\pageref#1{\\getpagerefnumber{#1}}"));
  const auto outcome = build();
  EXPECT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_EQ(outcome.info.passes, 6);
  EXPECT_TRUE(warns(outcome, "did not settle"));
  EXPECT_TRUE(warns(outcome, "main.aux"));
}

TEST_F(Passes, EndWithTheFirstThatFails) {
  add("main.tex", article("\\label{x}\\ref{x}\\input{not-there}"));
  const auto outcome = build();
  EXPECT_EQ(outcome.info.status, texbuild::build_status::failed);
  EXPECT_EQ(outcome.info.passes, 1);
  EXPECT_THAT(outcome.info.message, HasSubstr("not-there"));
}

TEST_F(Passes, TakeAStaleAuxForNoReasonToFail) {
  add("main.tex", article("\\section{One}\\label{one}See \\ref{one}."));
  add("main.aux", "\\relax\n\\oldcommandofaremovedpackage{1}\n");
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("See 1."));
}

}  // namespace
