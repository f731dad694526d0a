#include "server/body_budget.hpp"

#include <gtest/gtest.h>

namespace {

using texbuild::server::body_budget;

TEST(BodyBudget, HoldsTheSumAndGetsBackWhatEndsHoweverItEnds) {
  body_budget all(10);
  body_budget::share a;
  EXPECT_TRUE(a.grow(all, 4));
  EXPECT_TRUE(a.grow(all, 4));
  {
    body_budget::share b;
    EXPECT_FALSE(b.grow(all, 3));
    EXPECT_TRUE(b.grow(all, 2));
    EXPECT_FALSE(a.grow(all, 1));
  }
  auto moved = std::move(a);
  EXPECT_TRUE(moved.grow(all, 2));
  moved = {};
  EXPECT_TRUE(moved.grow(all, 10));
}

}  // namespace
