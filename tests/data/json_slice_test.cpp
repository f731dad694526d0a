#include "src/data/json_slice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace texbuild::data;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string again(std::string_view text) {
  object_writer out;
  for (const auto& [name, value] : members(text)) out.add(name, value);
  return std::move(out).take();
}

TEST(JsonSlice, KeepsEveryValueAsItWasWritten) {
  const auto all = members(
      "\r\n{ \"a\" : 0.70000000000000000001 ,\t\"b\":[1e400,{\"c\":\"}\\\",\"}], \"\" : \"x\\\\\" ,\"d\":{ } , "
      "\"e\":-0.0 }\n");
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].first, "a");
  EXPECT_EQ(all[0].second, "0.70000000000000000001");
  EXPECT_EQ(all[1].second, "[1e400,{\"c\":\"}\\\",\"}]");
  EXPECT_EQ(all[2].first, "");
  EXPECT_EQ(all[2].second, "\"x\\\\\"");
  EXPECT_EQ(all[3].second, "{ }");
  EXPECT_EQ(all[4].second, "-0.0");
}

TEST(JsonSlice, MakesTheSameObjectAgain) {
  EXPECT_EQ(again("{}"), "{}");
  EXPECT_EQ(again(" { } "), "{}");
  EXPECT_EQ(again("{\"a\":1}"), "{\"a\":1}");
  EXPECT_EQ(again("{\"a\": {\"b\": [ ] }, \"c\": null}"), "{\"a\":{\"b\": [ ] },\"c\":null}");
}

TEST(JsonSlice, FindsAMemberHoweverItsNameIsWritten) {
  EXPECT_EQ(member("{\"\\u0073tr\\u0065am\":true}", "stream"), "true");
  EXPECT_EQ(member("{\"max\\u005Ftokens\":1}", "max_tokens"), "1");
  EXPECT_EQ(member("{\"stream\\u0000\":1,\"Stream\":2,\"strea\":3}", "stream"), std::nullopt);
  EXPECT_EQ(member("[1]", "a"), std::nullopt);
}

TEST(JsonSlice, TakesAListApart) {
  EXPECT_THAT(elements(" [ 1, \"a,]\" , [2,3],{\"b\":4} ] "), ElementsAre("1", "\"a,]\"", "[2,3]", "{\"b\":4}"));
  EXPECT_THAT(elements("[]"), IsEmpty());
  EXPECT_THAT(elements("{}"), IsEmpty());
}

TEST(JsonSlice, TellsOneGoodValueFromEverythingElse) {
  for (const char* good : {"null", " [1, 2.5e-3] ", "{\"a\":{\"b\":[]}}", "\"\\ud83d\\ude00\"", "-0"})
    EXPECT_TRUE(check_json(good)) << good;
  for (const char* bad : {"", "nul", "[1,]", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "01", "1.", "\"\\ud83d\"",
                          "\"\n\"", "\"\xC3\"", "[1] 2", "{a:1}", "\"\\x\""})
    EXPECT_FALSE(check_json(bad)) << bad;
  EXPECT_TRUE(check_json("[[[]]]", 3));
  EXPECT_FALSE(check_json("[[[[]]]]", 3));
}

}  // namespace
