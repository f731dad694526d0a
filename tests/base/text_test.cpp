#include <texbuild/text.hpp>

#include <gtest/gtest.h>

namespace {

using namespace texbuild;

TEST(Rfc3339, HasWholeSecondsInUtc) {
  EXPECT_EQ(rfc3339(std::chrono::system_clock::from_time_t(1'705'314'600) + std::chrono::milliseconds(999)),
            "2024-01-15T10:30:00Z");
  EXPECT_EQ(rfc3339(std::chrono::system_clock::from_time_t(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(std::chrono::system_clock::from_time_t(-1)), "1969-12-31T23:59:59Z");
  EXPECT_EQ(rfc3339(std::chrono::system_clock::from_time_t(951'782'400)), "2000-02-29T00:00:00Z");
}

TEST(ValidUtf8, KeepsWhatIsUtf8AndReplacesTheRest) {
  EXPECT_EQ(valid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(valid_utf8("a\xE9z"), "a" + mark + "z");
  EXPECT_EQ(valid_utf8("\xC0\x80"), mark + mark);
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), mark + mark + mark);
  EXPECT_EQ(valid_utf8("\xE2\x82"), mark + mark);
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), mark + mark + mark + mark);
}

TEST(Utf8Character, MeasuresTheFirstOne) {
  EXPECT_EQ(utf8_character("ab"), 1U);
  EXPECT_EQ(utf8_character("\xC3\xA9z"), 2U);
  EXPECT_EQ(utf8_character("\xF0\x9F\x98\x80"), 4U);
  EXPECT_EQ(utf8_character("\xF0\x9F\x98"), 0U);
  EXPECT_EQ(utf8_character("\x80"), 0U);
  EXPECT_EQ(utf8_character(""), 0U);
}

TEST(ParseRfc3339, ReadsOffsetsAndFractions) {
  using namespace std::chrono;
  const auto noon = system_clock::time_point(seconds(1767268800));
  EXPECT_EQ(texbuild::parse_rfc3339("2026-01-01T12:00:00Z"), noon);
  EXPECT_EQ(texbuild::parse_rfc3339("2026-01-01t13:30:00+01:30"), noon);
  EXPECT_EQ(texbuild::parse_rfc3339("2026-01-01 11:59:00-00:01"), noon);
  EXPECT_EQ(texbuild::parse_rfc3339("2026-01-01T12:00:00.5Z"), noon + milliseconds(500));
  EXPECT_EQ(texbuild::parse_rfc3339("2026-01-01T12:00:00.123456789Z"), noon + microseconds(123456));
}

TEST(ParseRfc3339, RefusesWhatIsNoTime) {
  for (const char* bad :
       {"", "2026-01-01", "2026-01-01T12:00:00", "2026-02-30T12:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T12:00:60Z",
        "2026-01-01T12:00:00.Z", "2026-01-01T12:00:00Zz", "2026-01-01T12:00:00+1:00", "26-01-01T12:00:00Z",
        "2026-13-01T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"})
    EXPECT_FALSE(texbuild::parse_rfc3339(bad)) << bad;
}

}  // namespace
