#include "tests/build/temporary_folder.hpp"

#include <texbuild/database.hpp>
#include <texbuild/rate_limit.hpp>
#include <texbuild/testing.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;
using texbuild::testing::manual_clock;

constexpr std::chrono::system_clock::time_point noon{1'767'225'600s};

class RateLimiter : public ::testing::Test {
 protected:
  /// A limiter with a connection of its own to the same file, as another node has.
  rate_limiter open() {
    return rate_limiter::open(open_sqlite(folder_.path() / "limits.db", durability::relaxed).value(), time_).value();
  }
  rate_decision take(std::string_view key, rate allowed = rate(10)) { return limiter_.take(key, allowed).value(); }

  temporary_folder folder_;
  std::shared_ptr<manual_clock> time_ = std::make_shared<manual_clock>(noon);
  rate_limiter limiter_ = open();
};

TEST_F(RateLimiter, GivesWhatTheLimitAllowsAndThenSaysWhenToComeBack) {
  for (std::uint32_t left = 10; left-- > 0;) {
    const auto d = take("ann");
    ASSERT_TRUE(d.allowed);
    EXPECT_EQ(d.remaining, left);
  }
  const auto refused = take("ann");
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.limit, 10U);
  EXPECT_EQ(refused.remaining, 0U);
  EXPECT_EQ(refused.retry_after, 6s);
  EXPECT_EQ(refused.reset, noon + 60s);
  time_->advance(6s);
  EXPECT_TRUE(take("ann").allowed);
  EXPECT_FALSE(take("ann").allowed);
}

TEST_F(RateLimiter, CountsEveryKeyForItself) {
  while (take("ann").allowed) {
  }
  EXPECT_EQ(take("bob").remaining, 9U);
  EXPECT_EQ(take("").remaining, 9U);
  EXPECT_EQ(take("ANN").remaining, 9U);
  EXPECT_EQ(take(std::string_view("ann\0", 4)).remaining, 9U);
  EXPECT_EQ(take("ann'; DROP TABLE rate_limits; --").remaining, 9U);
  EXPECT_FALSE(take("ann").allowed);
}

TEST_F(RateLimiter, ARefusedOneChangesNothing) {
  while (take("ann").allowed) {
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(take("ann").reset, noon + 60s);
  time_->advance(6s);
  EXPECT_TRUE(take("ann").allowed);
}

TEST_F(RateLimiter, ALimitOfZeroRefusesAll) {
  EXPECT_FALSE(take("ann", rate(0)).allowed);
  time_->advance(1h);
  EXPECT_FALSE(take("ann", rate(0)).allowed);
  EXPECT_EQ(take("ann").remaining, 9U);  // and has taken nothing
}

TEST_F(RateLimiter, ManyAtOnceNeverGetMoreThanTheLimit) {
  // Two connections, as of two nodes; the clock stands still, so not one more may pass.
  const std::vector<rate_limiter> nodes = {open(), open()};
  std::atomic<int> allowed = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> clients;
    for (std::size_t c = 0; c < 8; ++c)
      clients.emplace_back([&, c] {
        for (int i = 0; i < 25; ++i) ++(nodes[c % 2].take("ann", rate(37)).value().allowed ? allowed : refused);
      });
  }
  EXPECT_EQ(allowed, 37);
  EXPECT_EQ(refused, 200 - 37);
}

TEST_F(RateLimiter, RemembersOverARestart) {
  while (take("ann").allowed) {
  }
  EXPECT_FALSE(open().take("ann", rate(10)).value().allowed);
}

TEST_F(RateLimiter, AClockThatWasSetBackLocksNobodyOut) {
  while (take("ann").allowed) {
  }
  time_->advance(-std::chrono::hours(24));
  const auto refused = take("ann");
  EXPECT_FALSE(refused.allowed);
  ASSERT_LE(refused.retry_after, 60s);
  time_->advance(refused.retry_after);
  EXPECT_TRUE(take("ann").allowed);
}

TEST_F(RateLimiter, SweepsKeysThatAreAsGoodAsNewAndNoOthers) {
  take("idle");
  time_->advance(6'001ms);  // of "idle", all may come again
  take("busy");
  while (take("full").allowed) {
  }
  EXPECT_EQ(limiter_.sweep().value(), 1U);
  EXPECT_EQ(take("busy").remaining, 8U);
  EXPECT_FALSE(take("full").allowed);
  EXPECT_EQ(limiter_.sweep().value(), 0U);
  time_->advance(61s);
  EXPECT_EQ(limiter_.sweep().value(), 2U);
  EXPECT_EQ(take("full").remaining, 9U);
}

TEST_F(RateLimiter, SweepsNoMoreThanItIsToldTo) {
  for (int i = 0; i < 10; ++i) take("key " + std::to_string(i));
  time_->advance(1h);
  EXPECT_EQ(limiter_.sweep(4).value(), 4U);
  EXPECT_EQ(limiter_.sweep(4).value(), 4U);
  EXPECT_EQ(limiter_.sweep(4).value(), 2U);
  EXPECT_EQ(limiter_.sweep(4).value(), 0U);
}

}  // namespace
