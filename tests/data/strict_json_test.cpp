#include "src/data/strict_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using texbuild::errc;
using texbuild::data::find_text;
using texbuild::data::parse_strict_json;

TEST(StrictJson, ReadsWhatIsJson) {
  const auto value = parse_strict_json(R"({"a":1,"b":[true,null,{"a":"x"}],"c":"\u00e9\ud83d\ude00"})").value();
  const auto& o = value.as_object();
  EXPECT_EQ(o.at("a").as_int64(), 1);
  EXPECT_EQ(*find_text(o, "c"), "é😀");
  EXPECT_EQ(find_text(o, "a"), nullptr);
  EXPECT_EQ(find_text(o, "z"), nullptr);
  EXPECT_TRUE(parse_strict_json(" [ ] "));
}

TEST(StrictJson, RefusesAMemberNameThatOccursTwiceAtAnyDepth) {
  for (const auto* text : {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":{}})", R"([{"x":{"a":1,"a":2}}])",
                           R"({"a":1,"\u0061":2})", R"({"":1,"":2})", R"({"a":{"b":1},"b":2,"a":3})"}) {
    const auto refused = parse_strict_json(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().detail(), "a member name occurs twice") << text;
  }
  EXPECT_TRUE(parse_strict_json(R"([{"a":{"a":{"a":1}}},{"a":2}])"));
}

TEST(StrictJson, RefusesWhatIsNotJson) {
  for (const std::string text : {"", " ", "{", "nul", "{} {}", "[1,]", "{'a':1}", "[01]", "[+1]", "[NaN]", "[Infinity]",
                                 "// c\n{}", "\xef\xbb\xbf{}", "\"\t\"", "[1] x"})
    EXPECT_EQ(parse_strict_json(text).error().code(), errc::invalid_input) << text;
  EXPECT_FALSE(parse_strict_json(std::string_view("{}\0", 3)));
}

TEST(StrictJson, RefusesBytesThatAreNotUtf8) {
  for (const std::string bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf5\x80\x80\x80"}) {
    EXPECT_FALSE(parse_strict_json("\"" + bad + "\"")) << bad;
    EXPECT_FALSE(parse_strict_json("{\"" + bad + "\":1}")) << bad;
  }
  EXPECT_FALSE(parse_strict_json(R"("\ud800")"));
}

TEST(StrictJson, RefusesDeepNestingWithoutRunningOutOfStack) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_strict_json(nested(16)));
  EXPECT_EQ(parse_strict_json(nested(17)).error().detail(), "the JSON is nested too deeply");
  EXPECT_FALSE(parse_strict_json(nested(1'000'000)));
  EXPECT_TRUE(parse_strict_json(nested(20), 20));
}

}  // namespace
