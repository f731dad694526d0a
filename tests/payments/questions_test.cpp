// How often anybody may have Polar asked about a user.
#include "src/payments/questions.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;

constexpr auto start = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);

TEST(Questions, AreFewAMinuteAndFewerAboutStrangers) {
  questions q;
  int customer = 0;
  int stranger = 0;
  for (int i = 0; i < 100; ++i) {
    customer += q.allow("ann", true, start) ? 1 : 0;
    stranger += q.allow("eve", false, start) ? 1 : 0;
  }
  EXPECT_EQ(customer, 20);
  EXPECT_EQ(stranger, 4);
  EXPECT_TRUE(q.allow("ann", true, start + 3s));
  EXPECT_FALSE(q.allow("eve", false, start + 3s));
  EXPECT_TRUE(q.allow("eve", false, start + 15s));
}

TEST(Questions, AreRememberedOfAsManyUsersAsMemoryIsMeantFor) {
  questions q;
  for (int i = 0; i < 25'000; ++i) ASSERT_TRUE(q.allow("user" + std::to_string(i), false, start));
}

TEST(Questions, MayFailAndAreAskedAnewThen) {
  questions q;
  EXPECT_THROW((void)q.one_at_a_time("ann", []() -> questions::answer { throw std::runtime_error("x"); }),
               std::runtime_error);
  EXPECT_EQ(q.one_at_a_time("ann", []() -> questions::answer { return error(errc::timed_out, "x"); }).error().code(),
            errc::timed_out);
  EXPECT_TRUE(q.one_at_a_time("ann",
                              [&] {  // others may be asked about in the meantime
                                return q.one_at_a_time("bob", [] { return questions::answer(true); });
                              })
                  .value());
}

}  // namespace
