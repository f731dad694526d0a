#include "server/tool/suggestion.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using texbuild_tool::did_you_mean;
using texbuild_tool::nearest;

const std::vector<std::string> known{"build", "doctor", "warm", "--engine", "--synctex"};

TEST(Suggestion, FindsAMistypedWord) {
  EXPECT_EQ(nearest("biuld", known), "build");
  EXPECT_EQ(nearest("docter", known), "doctor");
  EXPECT_EQ(nearest("--enigne", known), "--engine");
}

TEST(Suggestion, FindsAWordThatWasBegun) { EXPECT_EQ(nearest("--sync", known), "--synctex"); }

TEST(Suggestion, IsSilentAboutWordsThatAreFarFromAll) {
  EXPECT_EQ(nearest("publish", known), "");
  EXPECT_EQ(nearest("x", known), "");
  EXPECT_EQ(nearest("", known), "");
  EXPECT_EQ(nearest(std::string(10'000, 'b'), known), "");
}

TEST(Suggestion, IsPutAsAQuestion) {
  EXPECT_EQ(did_you_mean("wram", known), "; did you mean 'warm'?");
  EXPECT_EQ(did_you_mean("publish", known), "");
}

}  // namespace
