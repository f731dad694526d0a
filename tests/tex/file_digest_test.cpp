#include "src/tex/pass_planner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace texbuild::tex {
namespace {

using ::testing::ElementsAre;

TEST(FileDigest, AnAuxThatSaysNothingIsTrivial) {
  EXPECT_EQ(digest("main.aux", "\\relax \n\\gdef \\@abspage@last{3}\n").content, 0U);
  EXPECT_EQ(digest("main.aux", "").content, 0U);
  EXPECT_NE(digest("main.aux", "\\relax\n\\newlabel{a}{{1}{1}}\n").content, 0U);
}

TEST(FileDigest, ThePageCountAloneIsNoChangeButSeenInTheWhole) {
  const auto one = digest("main.aux", "\\newlabel{a}{{1}{1}}\n\\gdef \\@abspage@last{1}\n");
  const auto two = digest("main.aux", "\\newlabel{a}{{1}{1}}\n\\gdef \\@abspage@last{2}\n");
  EXPECT_EQ(one.content, two.content);
  EXPECT_NE(one.whole, two.whole);
}

TEST(FileDigest, LinesAreNotMixedUp) {
  EXPECT_NE(digest("a.toc", "ab\nc\n").content, digest("a.toc", "a\nbc\n").content);
  EXPECT_EQ(digest("a.toc", "ab\r\n").content, digest("a.toc", "ab\n").content);
}

TEST(FileDigest, CitationsAreForBibtexAlone) {
  const auto one = digest("main.aux", "\\citation{a}\n\\bibstyle{plain}\n\\bibdata{x,y.bib}\n\\newlabel{l}{1}\n");
  const auto two = digest("main.aux", "\\newlabel{l}{1}\n\\citation{b}\n\\bibstyle{plain}\n\\bibdata{x,y.bib}\n");
  EXPECT_EQ(one.content, two.content);
  EXPECT_NE(one.bibliography, two.bibliography);
  EXPECT_TRUE(one.cites);
  EXPECT_TRUE(one.wants_bibtex);
  EXPECT_THAT(one.databases, ElementsAre("x.bib", "y.bib"));
}

TEST(FileDigest, ReadsChildrenAndGlossaries) {
  const auto aux = digest("main.aux",
                          "\\@input{one.aux}\n\\@input{\"my two.aux\"}\n\\@istfilename{main.ist}\n"
                          "\\@newglossary{main}{glg}{gls}{glo}\n\\@newglossary{acronym}{alg}{acr}{acn}\n\\@input{\n");
  EXPECT_THAT(aux.children, ElementsAre("one.aux", "my two.aux", ""));
  EXPECT_EQ(aux.glossary_style, "main.ist");
  EXPECT_FALSE(aux.glossaries_by_letter);
  EXPECT_THAT(aux.glossaries,
              ElementsAre(glossary{"main", "glg", "gls", "glo"}, glossary{"acronym", "alg", "acr", "acn"}));
}

TEST(FileDigest, ReadsHowGlossariesAreSorted) {
  const auto aux = digest("my paper.aux",
                          "\\@istfilename{\"my paper\".xdy}\n\\@glsorder{letter}\n\\@newglossary{main}{glg}{gls}{glo}\n"
                          "\\@xdylanguage{main}{german}\n\\@gls@codepage{main}{duden-utf8}\n");
  EXPECT_EQ(aux.glossary_style, "my paper.xdy");
  EXPECT_TRUE(aux.glossaries_by_letter);
  EXPECT_THAT(aux.glossaries, ElementsAre(glossary{"main", "glg", "gls", "glo", "german", "duden-utf8"}));
}

TEST(FileDigest, ReadsTheDatabasesOfBiber) {
  const auto bcf =
      digest("main.bcf", "<x>\n <bcf:datasource type=\"file\" datatype=\"bibtex\">refs.bib</bcf:datasource>\n");
  EXPECT_THAT(bcf.databases, ElementsAre("refs.bib"));
  EXPECT_NE(bcf.content, 0U);
}

TEST(FileDigest, OnlyWhatAPassMayReadBackIsWatched) {
  for (const auto* name : {"main.aux", "main.toc", "main.bbl", "main.idx", "sub/x.aux", "refs.bib", "main.nav", "x"}) {
    EXPECT_TRUE(is_watched(name)) << name;
  }
  for (const auto* name : {"main.log", "main.pdf", "main.synctex.gz", "main.synctex(busy)", "main.fls", "main.blg",
                           "main.xdv", "main.run.xml", "logo.png", "my.sty"}) {
    EXPECT_FALSE(is_watched(name)) << name;
  }
}

}  // namespace
}  // namespace texbuild::tex
