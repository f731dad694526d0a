// The public JSON value: built, read and refused.
#include <texbuild/json_text.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace {

using namespace texbuild;

TEST(JsonText, IsWrittenAsInJson) {
  EXPECT_EQ(json_text().text(), "null");
  EXPECT_EQ(json_text(true).text(), "true");
  EXPECT_EQ(json_text(-7).text(), "-7");
  EXPECT_EQ(json_text(std::uint64_t{18446744073709551615U}).text(), "18446744073709551615");
  EXPECT_EQ(json_text(1.5).text(), "1.5");
  EXPECT_EQ(json_text(std::numeric_limits<double>::quiet_NaN()).text(), "null");
  EXPECT_EQ(json_text("a\"\n\x01").text(), R"("a\"\n\u0001")");
  EXPECT_EQ(json_text(std::string("\xff")).text(), "\"\xef\xbf\xbd\"");
  const auto built = json_text::object({{"pages", 3}, {"names", json_text::array({"a", nullptr, false})}});
  EXPECT_EQ(built.text(), R"({"pages":3,"names":["a",null,false]})");
  EXPECT_EQ(json_text::object({{"a", 1}, {"a", 2}}).text(), R"({"a":2})");
  EXPECT_EQ(json_text::object({}).text(), "{}");
}

TEST(JsonText, KeepsWhatWasParsed) {
  EXPECT_EQ(json_text::parse(" 12345678901234567890123 \n").value().text(), "12345678901234567890123");
  EXPECT_EQ(json_text::parse(R"({ "b" : 1.0, "a" : [ ] })").value().text(), R"({ "b" : 1.0, "a" : [ ] })");
  EXPECT_FALSE(json_text::parse(""));
  EXPECT_FALSE(json_text::parse("{\"a\":1,\"a\":2}"));
}

TEST(JsonText, FindsByPointer) {
  const auto v =
      json_text::parse(R"({"data": {"pages" : 3 , "list":[ {"x":"]}"} ,2, "\u00e9"],"a/b":{"~":true},"":0}, "e":[]})")
          .value();
  EXPECT_EQ(v.find("/data/pages")->as_integer(), 3);
  EXPECT_EQ(v.find("/data/list/0/x")->as_text(), "]}");
  EXPECT_EQ(v.find("/data/list/2")->as_text(), "\xc3\xa9");
  EXPECT_EQ(v.find("/data/a~1b/~0")->as_bool(), true);
  EXPECT_EQ(v.find("/data/")->as_integer(), 0);
  EXPECT_EQ(v.find("")->text(), v.text());
  for (const char* missing : {"/x", "/data/list/3", "/data/list/00", "/data/list/-", "/data/pages/0", "data", "/e/0"})
    EXPECT_FALSE(v.find(missing)) << missing;
  EXPECT_EQ(v.find("/data/list")->elements().size(), 3U);
  EXPECT_EQ(v.find("/data")->members().size(), 4U);
  EXPECT_TRUE(v.find("/e")->elements().empty());
}

TEST(JsonText, ReadsOnlyWhatItIs) {
  EXPECT_EQ(json_text(5).as_integer(), 5);
  EXPECT_EQ(json_text::parse("1e3").value().as_integer(), 1000);
  EXPECT_EQ(json_text::parse("5.0").value().as_integer(), 5);
  EXPECT_FALSE(json_text::parse("5.5").value().as_integer());
  EXPECT_FALSE(json_text::parse("1e300").value().as_integer());
  EXPECT_FALSE(json_text("5").as_integer());
  EXPECT_FALSE(json_text(5).as_text());
  EXPECT_FALSE(json_text(1).as_bool());
  EXPECT_TRUE(json_text().is_null());
  EXPECT_DOUBLE_EQ(json_text(0.1).as_number().value(), 0.1);
}

}  // namespace
