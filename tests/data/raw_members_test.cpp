#include "src/data/raw_members.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace texbuild::data;

std::string again(std::string_view text) {
  object_writer out;
  for (const auto& m : raw_members(text)) out.add(m);
  return std::move(out).take();
}

TEST(RawMembers, KeepEveryValueAsItWasWritten) {
  const auto all = raw_members(
      "\r\n{ \"a\" : 0.70000000000000000001 ,\t\"b\":[1e400,{\"c\":\"}\\\",\"}], \"\" : \"x\\\\\" ,\"d\":{ } , "
      "\"e\":-0.0 }\n");
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].name, "\"a\"");
  EXPECT_EQ(all[0].value, "0.70000000000000000001");
  EXPECT_EQ(all[1].value, "[1e400,{\"c\":\"}\\\",\"}]");
  EXPECT_EQ(all[2].name, "\"\"");
  EXPECT_EQ(all[2].value, "\"x\\\\\"");
  EXPECT_EQ(all[3].value, "{ }");
  EXPECT_EQ(all[4].value, "-0.0");
}

TEST(RawMembers, MakeTheSameObjectAgain) {
  EXPECT_EQ(again("{}"), "{}");
  EXPECT_EQ(again(" { } "), "{}");
  EXPECT_EQ(again("{\"a\":1}"), "{\"a\":1}");
  EXPECT_EQ(again("{\"a\": {\"b\": [ ] }, \"c\": null}"), "{\"a\":{\"b\": [ ] },\"c\":null}");
}

TEST(RawMembers, AreFoundByTheirNamesHoweverThoseAreWritten) {
  const auto named = [](std::string_view raw, std::string_view name) {
    raw_member m;
    m.name = raw;
    return is_named(m, name);
  };
  EXPECT_TRUE(named("\"stream\"", "stream"));
  EXPECT_TRUE(named("\"\\u0073tr\\u0065am\"", "stream"));
  EXPECT_TRUE(named("\"max\\u005Ftokens\"", "max_tokens"));
  EXPECT_FALSE(named("\"stream\\u0000\"", "stream"));
  EXPECT_FALSE(named("\"streams\"", "stream"));
  EXPECT_FALSE(named("\"strea\"", "stream"));
  EXPECT_FALSE(named("\"str\\neam\"", "stream"));
  EXPECT_FALSE(named("\"Stream\"", "stream"));
}

TEST(RawMembers, StayInBoundsOfWhatIsNoObject) {
  for (const auto* text :
       {"", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":\"\\", "[", "{\"a\":[1,", "x", "{\"a\":1,"})
    (void)raw_members(text);
}

}  // namespace
