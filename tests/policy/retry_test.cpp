#include "src/policy/retry.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using namespace texbuild::policy;

TEST(Retry, ComesLaterAndLaterAndThenNoMore) {
  std::chrono::seconds before{0};
  for (int attempts = 1; attempts <= 9; ++attempts) {
    const auto pause = retry_after(attempts, 0);
    ASSERT_TRUE(pause) << attempts;
    EXPECT_GT(*pause, before);
    before = *pause;
  }
  EXPECT_EQ(retry_after(1, 0), 5s);
  EXPECT_EQ(before, 24h);
  EXPECT_FALSE(retry_after(10, 0));
  EXPECT_FALSE(retry_after(0, 0));
  EXPECT_FALSE(retry_after(-1, 0));
}

TEST(Retry, IsSpreadByATenth) {
  EXPECT_EQ(retry_after(4, 500), 2h + 6min);
  for (const std::uint32_t random : {0U, 1U, 999U, 65535U, 4294967295U}) {
    EXPECT_GE(retry_after(9, random), 24h);
    EXPECT_LT(retry_after(9, random), 24h + 144min);
  }
}

TEST(Retry, LeavesOtherMessagesWaitingForMinutesOnly) {
  EXPECT_EQ(pause_after(5s), 5s);
  EXPECT_EQ(pause_after(24h), 5min);
}

}  // namespace
