#include "server/tool/source_excerpt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::HasSubstr;
using texbuild::diagnostic;
using texbuild::severity;
using texbuild_tool::source_excerpt;

diagnostic at(int line, std::string context = {}) {
  return {severity::error, "main.tex", line, "Undefined control sequence \\foo", std::move(context)};
}

TEST(SourceExcerpt, ShowsTheLineAndWhereTexStopped) {
  EXPECT_EQ(source_excerpt("one\ntwo\nHello \\foo world.\n", at(3, "l.3 Hello \\foo\n               world."), 80),
            "  3 | Hello \\foo world.\n"
            "    |       ^~~~\n");
}

TEST(SourceExcerpt, ShowsTheLineAloneWhenThePlaceIsNotKnown) {
  EXPECT_EQ(source_excerpt("one\ntwo\n", at(2), 80), "  2 | two\n");
  EXPECT_EQ(source_excerpt("one\ntwo\n", at(2, "l.2 something else"), 80), "  2 | two\n");
}

TEST(SourceExcerpt, IsEmptyWithoutSuchALine) {
  EXPECT_EQ(source_excerpt("one\n", at(7), 80), "");
  EXPECT_EQ(source_excerpt("one\n", at(0), 80), "");
  EXPECT_EQ(source_excerpt("one\n   \n", at(2), 80), "");
}

TEST(SourceExcerpt, MarksBelowLettersOfSeveralBytes) {
  EXPECT_EQ(source_excerpt("Erd\u0151s \\foo\r\n", at(1, "l.1 Erd\u0151s \\foo"), 80),
            "  1 | Erd\u0151s \\foo\n"
            "    |       ^~~~\n");
}

TEST(SourceExcerpt, FindsThePlaceWhenTexShortenedTheLine) {
  EXPECT_THAT(source_excerpt("a long beginning, then \\foo and more", at(1, "l.1 ...ning, then \\foo\n and more"), 80),
              HasSubstr("    |                        ^~~~\n"));
}

TEST(SourceExcerpt, ShowsThePartAroundTheMarkOfALongLine) {
  const auto line = std::string(500, 'x') + " \\foo " + std::string(500, 'y');
  const auto shown = source_excerpt(line, at(1, "l.1 ...xxx \\foo\n yyy"), 60);
  EXPECT_THAT(shown, HasSubstr("x \\foo y"));
  EXPECT_LT(shown.size(), 130U);
  EXPECT_EQ(shown.find("\\foo") - shown.find('|'), shown.rfind('^') - shown.rfind('|'));
}

TEST(SourceExcerpt, ShowsNoControlCharacters) {
  EXPECT_EQ(source_excerpt("\x1b[2J\\foo", at(1), 80), "  1 | ?[2J\\foo\n");
}

TEST(SourceExcerpt, MarksACharacterThatIsNoCommand) {
  EXPECT_EQ(source_excerpt("a_b", at(1, "l.1 a_\n     b"), 80), "  1 | a_b\n    |  ^\n");
}

}  // namespace
