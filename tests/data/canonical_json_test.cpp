// One text for each value: the examples of RFC 8785 and what senders get wrong.
#include "src/data/canonical_json.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>

namespace {

using namespace texbuild;
using data::canonical_json;

TEST(CanonicalJson, PrintsNumbersAsTheTableOfTheRfcDoes) {
  // RFC 8785, appendix B: the bits of a double and its text.
  const std::pair<std::uint64_t, const char*> table[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0xffefffffffffffff, "-1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0x41b3de4355555555, "333333333.3333333"},
      {0x41b3de4355555556, "333333333.3333334"},
      {0x41b3de4355555557, "333333333.33333343"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& [bits, text] : table) EXPECT_EQ(data::number_text(std::bit_cast<double>(bits)), text);
  EXPECT_EQ(data::number_text(std::numeric_limits<double>::infinity()), "null");
}

TEST(CanonicalJson, SortsAndEscapesAsTheExampleOfTheRfc) {
  const auto made = canonical_json(R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false] })");
  EXPECT_EQ(made.value(),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(CanonicalJson, SortsNamesByUtf16AndNotByBytes) {
  const auto made = canonical_json(
      R"({"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
          "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"})");
  EXPECT_EQ(made.value(),
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin Small Letter O "
            "With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac"
            "\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

TEST(CanonicalJson, KeepsItsOwnResult) {
  for (const std::string text : {"{}", "[]", "[{}]", R"({"a":{"b":[1,2,{"c":null}]},"aa":"\u001f"})", "-1.5", "\"\""}) {
    const auto once = canonical_json(text).value();
    EXPECT_EQ(canonical_json(once).value(), once);
  }
  EXPECT_EQ(canonical_json(" { } ").value(), "{}");
  EXPECT_EQ(canonical_json("[ 1 , [ ] , { \"\" : 1e0 } ]").value(), R"([1,[],{"":1}])");
}

TEST(CanonicalJson, RoundsWholeNumbersAsDoublesDo) {
  EXPECT_EQ(canonical_json("[9007199254740993,12345678901234567890,-0,-0.0,1e-400,0.0e5]").value(),
            "[9007199254740992,12345678901234567000,0,0,0,0]");
}

TEST(CanonicalJson, RefusesWhatHasNoSingleMeaning) {
  for (const std::string text : {"",
                                 " ",
                                 "{",
                                 "[1,]",
                                 "{\"a\":1,}",
                                 "{\"a\":1,\"a\":2}",
                                 "{\"a\":1,\"\\u0061\":2}",
                                 "01",
                                 "+1",
                                 ".5",
                                 "1.",
                                 "1e",
                                 "nul",
                                 "NaN",
                                 "'a'",
                                 "\"\\ud800\"",
                                 "\"\\udc00\\ud800\"",
                                 "\"\\x\"",
                                 "\"\t\"",
                                 "\"\xff\"",
                                 "\"a",
                                 "1 2",
                                 "[1]]",
                                 "{1:2}",
                                 "{\"a\" 1}",
                                 "1e999",
                                 "-1e999",
                                 "\xef\xbb\xbf{}"})
    EXPECT_FALSE(canonical_json(text)) << text;
  EXPECT_TRUE(canonical_json(std::string(100, '[') + std::string(100, ']')));
  EXPECT_FALSE(canonical_json(std::string(101, '[') + std::string(101, ']')));
  EXPECT_FALSE(canonical_json(std::string(1'000'000, '[')));
}

}  // namespace
