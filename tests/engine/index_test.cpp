#include "tests/engine/real_engine.hpp"

namespace {

using ::testing::HasSubstr;

struct Index : RealEngine {};

TEST_F(Index, IsMade) {
  add("main.tex", article("Text\\index{zebra}\\index{apple}.\\printindex", "\\usepackage{makeidx}\\makeindex"));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Index apple, 1 zebra, 1"));
}

TEST_F(Index, TakesTheStyleThatItsPackageAsksFor) {
  add("main.tex", article("Text\\index{zebra}.\\printindex",
                          "\\usepackage[noautomatic]{imakeidx}\\makeindex[options=-s dots.ist]"));
  add("dots.ist", "delim_0 \" ..... \"\n");
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("zebra ..... 1"));
}

TEST_F(Index, MayBeOneOfSeveral) {
  add("main.tex", article("Text\\index{zebra}\\index[names]{Knuth}.\\printindex\\printindex[names]",
                          "\\usepackage[noautomatic]{imakeidx}\\makeindex\\makeindex[name=names,title=Names]"));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("zebra, 1"));
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Names Knuth, 1"));
}

TEST_F(Index, OfAGlossaryIsMade) {
  add("main.tex", article("A \\gls{tex} and \\gls{api}, the \\gls{api}.\\printglossaries",
                          "\\usepackage[acronym]{glossaries}\\makeglossaries"
                          "\\newglossaryentry{tex}{name=typesetter,description={sets type}}"
                          "\\newacronym{api}{API}{application programming interface}"));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("sets type"));
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Acronyms API application programming interface"));
}

TEST_F(Index, OfANomenclatureIsMade) {
  add("main.tex", article("Text\\nomenclature{$c$}{speed of light}.\\printnomenclature",
                          "\\usepackage{nomencl}\\makenomenclature"));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("speed of light"));
}

}  // namespace
