#include "src/base/percent.hpp"

#include <gtest/gtest.h>

namespace {

using texbuild::percent_encoded;

TEST(PercentEncoded, LeavesNothingThatCouldBeAnotherPart) {
  EXPECT_EQ(percent_encoded("user_1-2.~"), "user_1-2.~");
  EXPECT_EQ(percent_encoded("a/b?c#d&e=f%\n\xC3"), "a%2Fb%3Fc%23d%26e%3Df%25%0A%C3");
}

}  // namespace
