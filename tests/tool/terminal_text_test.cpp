#include "server/tool/terminal_text.hpp"

#include "tests/tool/variables.hpp"

#include <gtest/gtest.h>

namespace {

using namespace texbuild_tool;

TEST(TerminalText, TakesEscapeSequencesOutOfStrangersText) {
  EXPECT_EQ(printable("a\x1b]0;owned\x07z"), "a?]0;owned?z");
  EXPECT_EQ(printable("one\r\ntwo"), "one??two");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "?31m");  // the one-character form of ESC [
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a?b");  // writes from right to left
}

TEST(TerminalText, KeepsLettersOfAllScripts) {
  EXPECT_EQ(printable("Erdős, 数学, 🙂"), "Erdős, 数学, 🙂");
  EXPECT_EQ(printable("a\tb"), "a b");
}

TEST(TerminalText, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("caf\xE9!"), "caf?!");
  EXPECT_EQ(printable("\xED\xA0\x80"), "???");  // half of a surrogate pair
}

TEST(TerminalText, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("äöüäöü", 6), "äöüäöü");
  EXPECT_EQ(shortened("äöüäöü", 5), "äö...");
}

TEST(TerminalText, BelievesTheFirstLocaleVariableThatIsSet) {
  EXPECT_TRUE(is_utf8_locale(variables({{"LANG", "de_DE.UTF-8"}})));
  EXPECT_TRUE(is_utf8_locale(variables({{"LC_ALL", "C.utf8"}, {"LANG", "C"}})));
  EXPECT_FALSE(is_utf8_locale(variables({{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}})));
  EXPECT_FALSE(is_utf8_locale(variables({})));
}

TEST(TerminalText, Counts) {
  EXPECT_EQ(counted(1, "page"), "1 page");
  EXPECT_EQ(counted(2, "page"), "2 pages");
  EXPECT_EQ(counted(3, "pass"), "3 passes");
}

}  // namespace
