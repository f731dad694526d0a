#include "server/text.hpp"

#include <gtest/gtest.h>

namespace {

using namespace texbuild::server;

TEST(PercentDecode, UndoesEscapes) {
  EXPECT_EQ(percent_decode("a%20b%C3%A9+c", false), "a b\xC3\xA9+c");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
}

TEST(PercentDecode, RefusesBadEscapesAndNul) {
  for (const char* text : {"%", "%2", "%zz", "%00", "a%"}) EXPECT_FALSE(percent_decode(text, false)) << text;
}

TEST(Query, IsReadIntoNamesAndValues) {
  const auto q = parse_query("a=1&b=x%26y&c&&a=2").value();
  EXPECT_EQ(q.size(), 3U);
  EXPECT_EQ(q.at("a"), "1");
  EXPECT_EQ(q.at("b"), "x&y");
  EXPECT_EQ(q.at("c"), "");
  EXPECT_FALSE(parse_query("a=%"));
}

TEST(PercentEncode, KeepsWhatIsUnreserved) { EXPECT_EQ(percent_encode("aZ9-._~ \xC3\xA9/"), "aZ9-._~%20%C3%A9%2F"); }

TEST(Numbers, AreDecimalAndWhole) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615U);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616"})
    EXPECT_FALSE(parse_number(text)) << text;
}

TEST(Booleans, AreWords) {
  EXPECT_EQ(parse_boolean("True"), true);
  EXPECT_EQ(parse_boolean("0"), false);
  EXPECT_FALSE(parse_boolean("maybe"));
}

TEST(Split, LeavesOutEmptyParts) { EXPECT_EQ(split(" a, ,b,", ','), (std::vector<std::string>{"a", "b"})); }

}  // namespace
