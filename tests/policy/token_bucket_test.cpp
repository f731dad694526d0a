#include "src/policy/token_bucket.hpp"

#include "tests/vectors/load.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace {

using namespace texbuild::policy;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST(TokenBucket, DoesWhatTheVectorsShow) {
  int scenarios = 0;
  const auto vectors = texbuild_test::load_vectors("rate-limits.json");
  for (const auto& s : vectors.at("scenarios").as_array()) {
    if (s.at("algorithm") != "token-bucket") continue;
    ++scenarios;
    bucket_rate rate;
    rate.capacity = s.at("max_tokens").as_int64();
    rate.refill = s.at("refill_rate").as_int64();
    rate.interval = milliseconds(s.at("interval_ms").as_int64());
    std::optional<bucket_state> state;
    for (const auto& step : s.at("steps").as_array()) {
      const milliseconds now(step.at("now_ms").as_int64());
      if (!state) state = full_bucket(rate, now);
      const auto got = take(*state, rate, step.at("cost").as_int64(), now);
      state = got.state;
      const auto where = std::string(s.at("id").as_string()) + " at " + std::to_string(now.count());
      EXPECT_EQ(got.taken, step.at("success").as_bool()) << where;
      EXPECT_EQ(got.next_refill.count(), step.at("reset_ms").as_int64()) << where;
      // Of a refusal the package says that nothing remains; the state keeps what there is.
      if (got.taken) {
        EXPECT_EQ(got.state.tokens, step.at("remaining").as_int64()) << where;
      }
    }
  }
  EXPECT_EQ(scenarios, 2);
}

TEST(TokenBucket, FillsInAnHour) {
  for (const std::int64_t capacity : {1L, 7L, 99L, 100L, 150L, 100'000L, 500'000L, 2'000'000L, 4'000'000'000'000L}) {
    const auto rate = per_hour(capacity);
    auto state = full_bucket(rate, 0ms);
    state = take(state, rate, capacity, 0ms).state;
    EXPECT_EQ(state.tokens, 0);
    EXPECT_TRUE(take(state, rate, capacity, 1h).taken) << capacity;
    EXPECT_FALSE(take(state, rate, capacity, 1h - 37s).taken && capacity >= 100) << capacity;
  }
}

TEST(TokenBucket, SaysHowLongToWaitAndThenGives) {
  const auto rate = per_hour(100'000);  // 1000 every 36 s
  auto state = take(full_bucket(rate, 0ms), rate, 99'500, 0ms).state;
  for (const std::int64_t cost : {501L, 1500L, 1501L, 50'000L, 100'000L}) {
    const auto refused = take(state, rate, cost, 5s);
    ASSERT_FALSE(refused.taken) << cost;
    EXPECT_GT(refused.wait, 0ms);
    EXPECT_FALSE(take(state, rate, cost, 5s + refused.wait - 1ms).taken) << cost;
    EXPECT_TRUE(take(state, rate, cost, 5s + refused.wait).taken) << cost;
  }
}

TEST(TokenBucket, NeverGivesMoreThanItHolds) {
  const auto rate = per_hour(100);
  const auto refused = take(full_bucket(rate, 0ms), rate, 101, 0ms);
  EXPECT_FALSE(refused.taken);
  EXPECT_LT(refused.wait, 0ms);
  EXPECT_EQ(refused.state.tokens, 100);
  EXPECT_FALSE(take(full_bucket(per_hour(0), 0ms), per_hour(0), 1, 1000h).taken);
  EXPECT_FALSE(take(full_bucket(per_hour(-5), 0ms), per_hour(-5), 1, 1000h).taken);
}

TEST(TokenBucket, SettlesAnEstimateUpAndDown) {
  const auto rate = per_hour(1000);
  auto state = take(full_bucket(rate, 0ms), rate, 600, 0ms).state;
  EXPECT_EQ(settle(state, rate, 550, 0ms).tokens, 950);
  EXPECT_EQ(settle(state, rate, -700, 0ms).tokens, -300);
  EXPECT_EQ(settle(state, rate, 5000, 0ms).tokens, 1000);
  // Refilled in the meantime: the estimate given back adds nothing above the capacity.
  EXPECT_EQ(settle(state, rate, 600, 1h).tokens, 1000);
}

TEST(TokenBucket, OwesWhatWasTakenBeyondItsEstimate) {
  const auto rate = per_hour(1000);  // 10 every 36 s
  auto state = settle(take(full_bucket(rate, 0ms), rate, 1000, 0ms).state, rate, -95, 0ms);
  EXPECT_EQ(state.tokens, -95);
  const auto refused = take(state, rate, 1, 0ms);
  EXPECT_EQ(refused.wait, 10 * 36s);
}

TEST(TokenBucket, GivesNothingForAClockThatWasSetBack) {
  const auto rate = per_hour(1000);
  auto state = take(full_bucket(rate, 10h), rate, 1000, 10h).state;
  EXPECT_FALSE(take(state, rate, 1, 5h).taken);
  state = take(state, rate, 1, 5h).state;
  EXPECT_FALSE(take(state, rate, 1, 5h + 35s).taken);
  EXPECT_TRUE(take(state, rate, 10, 5h + 36s).taken);  // and goes on from the clock that there is
  EXPECT_FALSE(take(state, rate, 11, 5h + 36s).taken);
}

TEST(TokenBucket, IsCutWhenItsCapacityShrinks) {
  const auto state = full_bucket(per_hour(1000), 0ms);
  EXPECT_EQ(take(state, per_hour(100), 0, 0ms).state.tokens, 100);
}

}  // namespace
