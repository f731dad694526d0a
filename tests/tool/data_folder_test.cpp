#include "server/tool/data_folder.hpp"

#include "tests/build/temporary_folder.hpp"
#include "tests/tool/variables.hpp"

#include <gtest/gtest.h>

namespace {

using namespace texbuild_tool;

TEST(DataFolder, IsInTheUsersCache) {
  EXPECT_EQ(default_data_folder(variables({{"XDG_CACHE_HOME", "/c"}, {"HOME", "/h"}})), "/c/texbuild");
  EXPECT_EQ(default_data_folder(variables({{"HOME", "/h"}})), "/h/.cache/texbuild");
  EXPECT_EQ(default_data_folder(variables({{"XDG_CACHE_HOME", "relative"}, {"HOME", "/h"}})), "/h/.cache/texbuild");
  EXPECT_EQ(default_data_folder(variables({})), "");
}

TEST(DataFolder, IsDoneWithoutWhenTheDefaultCannotBeMade) {
  const temporary_folder home;
  write_file(home.path() / "file", "");
  EXPECT_EQ(font_cache_folder({}, variables({{"HOME", (home.path() / "file").string()}})), "");
  EXPECT_EQ(font_cache_folder({}, variables({})), "");
  EXPECT_EQ(font_cache_folder({}, variables({{"HOME", home.path().string()}})), home.path() / ".cache/texbuild/cache");
}

TEST(DataFolder, IsTheOneThatWasAskedFor) {
  EXPECT_EQ(font_cache_folder("/data", variables({{"HOME", "/h"}})), "/data/cache");
}

}  // namespace
