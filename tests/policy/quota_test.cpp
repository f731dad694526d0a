#include <texbuild/quota.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

constexpr std::uint64_t gigabyte = 1'000'000'000;
const auto january = sys_days(year(2026) / 1 / 1);

quota_report report() {
  quota_report q;
  q.owner = "ann";
  q.allowed.name = "small";
  q.allowed.monthly_builds = 50;
  q.allowed.concurrent_builds = 2;
  q.allowed.storage_bytes = gigabyte;
  q.monthly_reset = january;
  return q;
}

void expect_refusal(const quota_report& q, const char* reason, double used, double limit, std::uint64_t incoming = 0) {
  const auto refused = check_quota(q, incoming);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::limit_exceeded);
  EXPECT_EQ(refused.error().reason(), reason);
  EXPECT_FALSE(refused.error().detail().empty());
  ASSERT_TRUE(refused.error().usage());
  EXPECT_DOUBLE_EQ(refused.error().usage()->used, used);
  EXPECT_DOUBLE_EQ(refused.error().usage()->limit, limit);
}

TEST(Quota, AllowsABuildBelowEveryLimit) {
  auto q = report();
  EXPECT_TRUE(check_quota(q));
  q.used.monthly_builds = 49;
  q.used.concurrent = 1;
  q.used.storage_bytes = gigabyte - 1;
  EXPECT_TRUE(check_quota(q));
  EXPECT_TRUE(check_quota(q, 1));
}

TEST(Quota, RefusesTheBuildAfterTheLastOneOfTheMonthAndSaysWhenThereAreMore) {
  auto q = report();
  q.used.monthly_builds = 50;
  expect_refusal(q, "monthly_limit_exceeded", 50, 50);
  EXPECT_EQ(check_quota(q).error().usage()->reset_at, january);
  q.used.monthly_builds = 51;  // after a change to a smaller plan
  expect_refusal(q, "monthly_limit_exceeded", 51, 50);
}

TEST(Quota, RefusesTheBuildAfterTheLastOneAtOnce) {
  auto q = report();
  q.used.concurrent = 2;
  expect_refusal(q, "concurrent_limit_exceeded", 2, 2);
  EXPECT_FALSE(check_quota(q).error().usage()->reset_at);  // time alone brings no change
  q.used.concurrent = 7;
  expect_refusal(q, "concurrent_limit_exceeded", 7, 2);
}

TEST(Quota, RefusesWhatDoesNotFitIntoTheStorage) {
  auto q = report();
  q.used.storage_bytes = gigabyte / 2;
  EXPECT_TRUE(check_quota(q, gigabyte / 2));
  expect_refusal(q, "storage_limit_exceeded", 0.5, 1, gigabyte / 2 + 1);
  EXPECT_FALSE(check_quota(q, gigabyte).error().usage()->reset_at);
}

TEST(Quota, RefusesTheBuildAfterTheOneThatEndedAboveTheStorage) {
  auto q = report();
  q.used.storage_bytes = gigabyte;
  expect_refusal(q, "storage_limit_exceeded", 1, 1, 1);
  q.used.storage_bytes = 3 * gigabyte / 2;
  expect_refusal(q, "storage_limit_exceeded", 1.5, 1);
}

TEST(Quota, CountsSizesThatNoNumberHolds) {
  auto q = report();
  q.used.storage_bytes = 1;
  EXPECT_FALSE(check_quota(q, std::numeric_limits<std::uint64_t>::max()));
  EXPECT_FALSE(check_quota(q, std::numeric_limits<std::uint64_t>::max() - 1));
}

TEST(Quota, NothingIsTooMuchWithoutALimit) {
  auto q = report();
  q.allowed.monthly_builds = q.allowed.concurrent_builds = q.allowed.storage_bytes = -1;
  q.used.monthly_builds = q.used.concurrent = q.used.storage_bytes = std::uint64_t{1} << 62;
  EXPECT_TRUE(check_quota(q, std::uint64_t{1} << 62));
  EXPECT_TRUE(check_quota(q, std::numeric_limits<std::uint64_t>::max()));
}

TEST(Quota, EachLimitHoldsWhenTheOthersAreAbsent) {
  auto q = report();
  q.allowed.concurrent_builds = q.allowed.storage_bytes = -1;
  q.used.monthly_builds = 50;
  q.used.concurrent = q.used.storage_bytes = 10 * gigabyte;
  expect_refusal(q, "monthly_limit_exceeded", 50, 50);
  q.allowed.monthly_builds = -1;
  q.allowed.concurrent_builds = 5;
  q.used.concurrent = 5;
  expect_refusal(q, "concurrent_limit_exceeded", 5, 5);
  q.allowed.concurrent_builds = -1;
  q.allowed.storage_bytes = static_cast<std::int64_t>(2 * gigabyte);
  expect_refusal(q, "storage_limit_exceeded", 10, 2);
}

TEST(Quota, ALimitOfZeroRefusesTheFirst) {
  auto q = report();
  q.allowed.monthly_builds = 0;
  expect_refusal(q, "monthly_limit_exceeded", 0, 0);
  q = report();
  q.allowed.concurrent_builds = 0;
  expect_refusal(q, "concurrent_limit_exceeded", 0, 0);
  q = report();
  q.allowed.storage_bytes = 0;
  expect_refusal(q, "storage_limit_exceeded", 0, 0, 1);
}

TEST(Quota, APausedSubscriptionBuildsNothing) {
  auto q = report();
  q.paused = true;
  q.allowed.monthly_builds = q.allowed.concurrent_builds = q.allowed.storage_bytes = -1;
  const auto refused = check_quota(q);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::forbidden);
  EXPECT_EQ(refused.error().reason(), "subscription_paused");
  EXPECT_FALSE(refused.error().usage());
}

TEST(NextMonth, IsTheFirstMomentOfTheMonthAfter) {
  const auto first = [](int y, unsigned m) { return sys_days(year(y) / static_cast<int>(m) / 1); };
  EXPECT_EQ(next_month(sys_days(year(2026) / 11 / 24) + 13h), first(2026, 12));
  EXPECT_EQ(next_month(first(2026, 11)), first(2026, 12));
  EXPECT_EQ(next_month(first(2026, 12) - 1ns), first(2026, 12));
  EXPECT_EQ(next_month(first(2026, 12)), first(2027, 1));
  EXPECT_EQ(next_month(sys_days(year(2026) / 12 / 31) + 24h - 1ns), first(2027, 1));
  EXPECT_EQ(next_month(sys_days(year(2026) / 1 / 31)), first(2026, 2));
}

TEST(NextMonth, KnowsLeapYears) {
  const auto march = [](int y) { return sys_days(year(y) / 3 / 1); };
  EXPECT_EQ(next_month(sys_days(year(2028) / 2 / 29) + 23h), march(2028));
  EXPECT_EQ(next_month(sys_days(year(2027) / 2 / 28) + 23h), march(2027));
  EXPECT_EQ(next_month(sys_days(year(2027) / 2 / 28) + 24h), sys_days(year(2027) / 4 / 1));
  EXPECT_EQ(next_month(sys_days(year(2028) / 2 / 28) + 24h), march(2028));
  EXPECT_EQ(next_month(sys_days(year(2100) / 2 / 28) + 24h), sys_days(year(2100) / 4 / 1));
  EXPECT_EQ(next_month(sys_days(year(1969) / 12 / 31) + 1s), sys_days(year(1970) / 1 / 1));
}

}  // namespace
