#include "src/policy/credit.hpp"

#include <gtest/gtest.h>

namespace {

using namespace texbuild::policy;

TEST(Wallet, HasUsedTheLargerOfTheTwoCounts) {
  wallet w;
  EXPECT_EQ(used(w), 0);
  w.since = 500;
  EXPECT_EQ(used(w), 500);
  w = counted(w, 300, false);  // some of ours is on its way
  EXPECT_EQ(used(w), 500);
  w = counted(w, 700, false);  // more, from elsewhere
  EXPECT_EQ(used(w), 700);
}

TEST(Wallet, BelievesTheProviderOnceEverythingHasReachedIt) {
  wallet w;
  w.since = 500;
  w = counted(w, 0, true);
  EXPECT_EQ(used(w), 0);
  w.since = 10;
  EXPECT_EQ(used(w), 10);
  w = counted(w, 5, false);
  EXPECT_EQ(used(w), 10);
}

}  // namespace
