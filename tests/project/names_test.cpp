#include "src/project/names.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

namespace projects = texbuild::projects;

TEST(Names, KnowsUtf8FromWhatOnlyLooksLikeIt) {
  EXPECT_TRUE(projects::is_utf8("aé€😀"));
  for (const auto* bad : {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"}) {
    EXPECT_FALSE(projects::is_utf8(bad));
  }
}

TEST(Names, DecodesTheCodePageOfThePc) {
  EXPECT_EQ(projects::from_code_page_437("\x80\x81\x84\xe1\xfe"), "Çüäß■");
  EXPECT_EQ(projects::from_code_page_437("\xff"), "\u00a0");
}

TEST(Names, ShowsNothingThatCouldLieInAMessage) {
  EXPECT_EQ(projects::shown("a\nb\x1b[31m\xff"), "a?b?[31m?");
  EXPECT_EQ(projects::shown("x\u202etxt"), "x?txt");
  EXPECT_LE(projects::shown(std::string(5000, 'a')).size(), 123U);
  EXPECT_TRUE(projects::is_utf8(projects::shown(std::string(119, 'a') + "€€€")));
}

TEST(Names, LeavesMacFilesOutAndNothingElse) {
  for (const auto* junk : {"__MACOSX/a", "__MACOSX", "a/.DS_Store", "a/._b.tex", ".DS_Store"}) {
    EXPECT_TRUE(projects::is_macos_junk(junk)) << junk;
  }
  for (const auto* mine : {"a/__MACOSX", "_x", ".x", "a.DS_Store", "..._"}) {
    EXPECT_FALSE(projects::is_macos_junk(mine)) << mine;
  }
}

}  // namespace
