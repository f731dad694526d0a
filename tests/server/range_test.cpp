#include "server/range.hpp"

#include <gtest/gtest.h>

namespace {

using texbuild::server::choose_range;
using texbuild::server::has_tag;
using kind = texbuild::server::range_answer::kind;

TEST(Range, IsOnePartOfTheFile) {
  const auto part = [](const char* header) {
    const auto a = choose_range(header, 10);
    EXPECT_EQ(a.what, kind::part) << header;
    return std::pair(a.range.offset, a.range.length);
  };
  EXPECT_EQ(part("bytes=0-0"), std::pair(0UL, 1UL));
  EXPECT_EQ(part("bytes=2-4"), std::pair(2UL, 3UL));
  EXPECT_EQ(part("bytes=7-"), std::pair(7UL, 3UL));
  EXPECT_EQ(part("bytes=7-100"), std::pair(7UL, 3UL));
  EXPECT_EQ(part("bytes=-3"), std::pair(7UL, 3UL));
  EXPECT_EQ(part("Bytes=-300"), std::pair(0UL, 10UL));
}

TEST(Range, IsNoneBehindTheEnd) {
  EXPECT_EQ(choose_range("bytes=10-", 10).what, kind::none);
  EXPECT_EQ(choose_range("bytes=-0", 10).what, kind::none);
  EXPECT_EQ(choose_range("bytes=0-", 0).what, kind::none);
}

TEST(Range, IsPassedOverWhenItIsNotUnderstood) {
  for (const char* header : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-2", "bytes=0-1,3-4", "lines=1-2",
                             "bytes=1", "bytes=--1", "bytes=99999999999999999999-"})
    EXPECT_EQ(choose_range(header, 10).what, kind::whole) << header;
}

TEST(EntityTags, AreFoundInLists) {
  EXPECT_TRUE(has_tag("\"a\"", "\"a\""));
  EXPECT_TRUE(has_tag("\"x\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(has_tag("*", "\"a\""));
  EXPECT_FALSE(has_tag("\"b\"", "\"a\""));
  EXPECT_FALSE(has_tag("", "\"a\""));
}

}  // namespace
