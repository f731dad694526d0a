#include "src/policy/gcra.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;
using policy::microseconds;

constexpr microseconds noon{1'767'225'600'000'000};

std::chrono::system_clock::time_point at(microseconds t) { return std::chrono::system_clock::time_point(t); }

/// One key: remembers what the arithmetic wants to be remembered.
class caller {
 public:
  explicit caller(rate allowed) : allowed_(allowed) {}
  rate_decision ask(microseconds now) {
    const auto step = policy::gcra(arrival_, now, allowed_);
    arrival_ = step.arrival;
    return step.decision;
  }
  /// How many pass at once.
  int burst(microseconds now, int most = 1'000) {
    int passed = 0;
    while (passed < most && ask(now).allowed) ++passed;
    return passed;
  }

 private:
  rate allowed_;
  microseconds arrival_{0};
};

/// Limits that divide their window and limits that do not.
const std::vector<rate> many = {rate(1),   rate(1, 1s),   rate(2, 1s),  rate(3, 1s),     rate(7),
                                rate(10),  rate(13, 17s), rate(60),     rate(61),        rate(100),
                                rate(977), rate(5, 1h),   rate(7, 24h), rate(1'000, 1s), rate(997, 1s)};

TEST(Gcra, LetsTheLimitComeAtOnceAndRefusesTheNext) {
  caller one(rate(10));
  for (std::uint32_t left = 10; left-- > 0;) {
    const auto d = one.ask(noon);
    ASSERT_TRUE(d.allowed);
    EXPECT_EQ(d.limit, 10U);
    EXPECT_EQ(d.remaining, left);
    EXPECT_EQ(d.retry_after, 0s);
  }
  const auto refused = one.ask(noon);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.limit, 10U);
  EXPECT_EQ(refused.remaining, 0U);
  EXPECT_EQ(refused.retry_after, 6s);
}

TEST(Gcra, LetsOneComeEverySixSecondsAfterTenOfAMinute) {
  caller one(rate(10));
  EXPECT_EQ(one.burst(noon), 10);
  EXPECT_FALSE(one.ask(noon + 6s - 1us).allowed);
  EXPECT_EQ(one.burst(noon + 6s), 1);
  EXPECT_EQ(one.burst(noon + 12s), 1);
  EXPECT_EQ(one.burst(noon + 30s), 3);
}

TEST(Gcra, NeverRefusesWhoAsksExactlyAtTheLimit) {
  for (const auto& allowed : many) {
    SCOPED_TRACE(std::to_string(allowed.limit) + " in " + std::to_string(allowed.window.count()) + " s");
    caller one(allowed);
    // The times of an ideal client, rounded down: the fraction is not lost, so they do not drift.
    for (std::int64_t i = 0; i < 20'000; ++i)
      ASSERT_TRUE(one.ask(noon + microseconds(allowed.window) * i / allowed.limit).allowed) << i;
  }
}

TEST(Gcra, NeverRefusesWhoKeepsToTheLimitAfterABurst) {
  for (const auto& allowed : many) {
    SCOPED_TRACE(std::to_string(allowed.limit) + " in " + std::to_string(allowed.window.count()) + " s");
    caller one(allowed);
    EXPECT_EQ(one.burst(noon), static_cast<int>(allowed.limit));
    for (std::int64_t i = 1; i < 20'000; ++i) {
      const microseconds late((allowed.window.count() * 1'000'000 * i + allowed.limit - 1) / allowed.limit);
      ASSERT_TRUE(one.ask(noon + late).allowed) << i;
    }
  }
}

TEST(Gcra, RemainingIsWhatMayStillComeAtOnce) {
  std::mt19937_64 random(1);
  for (const auto& allowed : many) {
    SCOPED_TRACE(std::to_string(allowed.limit) + " in " + std::to_string(allowed.window.count()) + " s");
    caller one(allowed);
    auto now = noon;
    for (int i = 0; i < 100; ++i) {
      now += microseconds(random() % static_cast<std::uint64_t>(microseconds(allowed.window).count()));
      const auto d = one.ask(now);
      caller copy = one;
      EXPECT_EQ(copy.burst(now, 2'000), static_cast<int>(d.remaining)) << i;
    }
  }
}

TEST(Gcra, FromResetOnTheWholeLimitMayComeAtOnce) {
  for (const auto& allowed : many) {
    SCOPED_TRACE(std::to_string(allowed.limit) + " in " + std::to_string(allowed.window.count()) + " s");
    for (const int before : {1, static_cast<int>(allowed.limit), static_cast<int>(allowed.limit) + 1}) {
      caller one(allowed);
      rate_decision last;
      for (int i = 0; i < before; ++i) last = one.ask(noon);
      EXPECT_GT(last.reset, at(noon));
      EXPECT_LE(last.reset, at(noon + allowed.window));
      const auto reset = std::chrono::duration_cast<microseconds>(last.reset.time_since_epoch());
      caller early = one;
      EXPECT_LT(early.burst(reset - 1us), static_cast<int>(allowed.limit));
      EXPECT_EQ(one.burst(reset), static_cast<int>(allowed.limit));
    }
  }
}

TEST(Gcra, WhoWaitsAsLongAsToldPasses) {
  std::mt19937_64 random(2);
  for (const auto& allowed : many) {
    SCOPED_TRACE(std::to_string(allowed.limit) + " in " + std::to_string(allowed.window.count()) + " s");
    caller one(allowed);
    auto now = noon;
    for (int i = 0; i < 200; ++i) {
      now += microseconds(random() % 1'000'000);
      one.burst(now);
      const auto refused = one.ask(now);
      ASSERT_FALSE(refused.allowed);
      ASSERT_GE(refused.retry_after, 1s);
      ASSERT_LE(refused.retry_after, std::max(allowed.window, 1s));
      caller hasty = one;  // told in whole seconds, rounded up: a second less is too early, but for the shortest
      if (refused.retry_after > 1s) {
        ASSERT_FALSE(hasty.ask(now + refused.retry_after - 1s).allowed);
      }
      now += refused.retry_after;
      ASSERT_TRUE(one.ask(now).allowed);
    }
  }
}

TEST(Gcra, ARefusalTakesNothing) {
  caller one(rate(10));
  one.burst(noon);
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(one.ask(noon + 1s).allowed);
  EXPECT_TRUE(one.ask(noon + 6s).allowed);
  // Nothing is to be written down, either.
  EXPECT_EQ(policy::gcra(noon + 60s, noon, rate(10)).arrival, noon + 60s);
  EXPECT_EQ(policy::gcra(noon + 60s, noon, rate(0)).arrival, noon + 60s);
}

TEST(Gcra, ALimitOfOneLetsOneComeInAWindow) {
  caller one(rate(1));
  const auto first = one.ask(noon);
  EXPECT_TRUE(first.allowed);
  EXPECT_EQ(first.remaining, 0U);
  EXPECT_EQ(first.reset, at(noon + 60s));
  const auto second = one.ask(noon + 1us);
  EXPECT_FALSE(second.allowed);
  EXPECT_EQ(second.retry_after, 60s);
  EXPECT_FALSE(one.ask(noon + 60s - 1us).allowed);
  EXPECT_TRUE(one.ask(noon + 60s).allowed);
}

TEST(Gcra, ALimitOfZeroRefusesAll) {
  caller one(rate(0));
  for (const auto now : {noon, noon + 60s, noon + 24h}) {
    const auto d = one.ask(now);
    EXPECT_FALSE(d.allowed);
    EXPECT_EQ(d.limit, 0U);
    EXPECT_EQ(d.remaining, 0U);
    EXPECT_GE(d.retry_after, 1s);
  }
}

TEST(Gcra, HugeLimitsDoNotOverflow) {
  constexpr auto most = std::numeric_limits<std::uint32_t>::max();
  for (const auto window : {std::chrono::seconds(1), std::chrono::seconds(60), std::chrono::seconds(30 * 24h)}) {
    caller one(rate(most, window));
    for (std::uint32_t i = 1; i <= 1'000; ++i) {
      const auto d = one.ask(noon);
      ASSERT_TRUE(d.allowed);
      EXPECT_EQ(d.remaining, most - i);
    }
  }
  // Nor does a window of a hundred years.
  caller slow(rate(2, std::chrono::hours(24 * 36'500)));
  EXPECT_EQ(slow.burst(noon), 2);
  EXPECT_LE(slow.ask(noon).retry_after, std::chrono::hours(24 * 36'500));
}

TEST(Gcra, AClockThatWasSetBackMakesNobodyWaitLongerThanOneWindow) {
  for (const auto& allowed : many) {
    for (const auto back : {microseconds(1us), microseconds(1s), microseconds(allowed.window) / 2,
                            microseconds(allowed.window), microseconds(allowed.window) * 2, microseconds(24h * 365)}) {
      SCOPED_TRACE(std::to_string(allowed.limit) + " in " + std::to_string(allowed.window.count()) + " s, back " +
                   std::to_string(back.count()) + " us");
      caller one(allowed);
      one.burst(noon);
      auto now = noon - back;
      const auto latest = now + allowed.window;
      // Asks again when it is told to, as a good client does.
      while (true) {
        const auto d = one.ask(now);
        if (d.allowed) break;
        EXPECT_LE(d.reset, at(now + 2 * allowed.window));
        now += d.retry_after;
        ASSERT_LE(now, std::max(latest, noon - back + 1s));
      }
      // Afterwards all is as ever.
      one.burst(now);
      EXPECT_EQ(one.burst(now + allowed.window), static_cast<int>(allowed.limit));
    }
  }
}

TEST(Gcra, NodesWhoseClocksDifferALittleLetNoMorePassThanOne) {
  // Two nodes share what is stored, one of them is behind: to it, the other's times look as if its clock was set back.
  for (const auto behind : {1ms, 600ms, 1000ms, 5000ms}) {
    SCOPED_TRACE(std::to_string(behind.count()) + " ms");
    caller one(rate(100));
    int passed = 0;
    for (auto now = noon; now < noon + 60s; now += 10ms) passed += one.burst(now) + one.burst(now - behind);
    EXPECT_LE(passed, 2 * 100);
  }
}

TEST(Gcra, NeverLetsMoreThanTwiceTheLimitPassInAnyWindowAndTheWholeBurstAfterAnIdleOne) {
  std::mt19937_64 random(3);
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(std::max<std::int64_t>(n, 1)));
  };
  for (int round = 0; round < 300; ++round) {
    const auto limit = static_cast<std::uint32_t>(1 + below(40));
    const std::chrono::seconds window(1 + below(100));
    SCOPED_TRACE(std::to_string(limit) + " in " + std::to_string(window.count()) + " s, round " +
                 std::to_string(round));
    caller one(rate(limit, window));
    std::vector<microseconds> passed;
    auto now = noon;
    for (int i = 0; i < 2'000; ++i) {
      switch (below(4)) {
        case 0:  // at once
          break;
        case 1:
          now += microseconds(below(2 * microseconds(window).count() / limit));
          break;
        case 2:
          now += microseconds(window) / limit;
          break;
        default:
          now += microseconds(below(microseconds(window).count() / 20));
      }
      if (below(100) == 0) {
        now += window;
        ASSERT_EQ(one.burst(now), static_cast<int>(limit));
        passed.insert(passed.end(), limit, now);
      }
      if (one.ask(now).allowed) passed.push_back(now);
    }
    for (std::size_t i = 0; i + 2 * limit < passed.size(); ++i)
      ASSERT_GE(passed[i + 2 * limit] - passed[i], window) << "more than twice the limit in one window";
  }
}

}  // namespace
