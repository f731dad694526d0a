#include "src/files/file_tree.hpp"

#include "tests/build/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using ::testing::ElementsAre;
using ::testing::Key;
using texbuild::errc;
using texbuild::files::file_mark;
using texbuild::files::file_tree;

struct FileTree : ::testing::Test {
  temporary_folder outside;
  temporary_folder inside;
  file_tree tree{inside.path()};

  std::map<std::string, file_mark> walk(std::size_t most = 1000) {
    std::map<std::string, file_mark> found;
    tree.each_file(most, [&](const std::string& name, const file_mark& mark) { found.emplace(name, mark); });
    return found;
  }
};

TEST_F(FileTree, FindsEveryRegularFileBelowTheRoot) {
  write_file(inside.path() / "a.tex", "x");
  write_file(inside.path() / "deep/er/b.aux", "yy");
  const auto found = walk();
  EXPECT_THAT(found, ElementsAre(Key("a.tex"), Key("deep/er/b.aux")));
  EXPECT_EQ(found.at("deep/er/b.aux").bytes, 2u);
}

TEST_F(FileTree, PassesOverLinksAndSpecialFiles) {
  write_file(outside.path() / "secret", "s");
  ASSERT_EQ(::symlink((outside.path() / "secret").c_str(), (inside.path() / "link").c_str()), 0);
  ASSERT_EQ(::symlink(outside.path().c_str(), (inside.path() / "folder").c_str()), 0);
  ASSERT_EQ(::mkfifo((inside.path() / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(walk().empty());
}

TEST_F(FileTree, NeverReadsThroughALinkInAnyPartOfAName) {
  write_file(outside.path() / "secret", "s");
  ASSERT_EQ(::symlink((outside.path() / "secret").c_str(), (inside.path() / "main.log").c_str()), 0);
  ASSERT_EQ(::symlink(outside.path().c_str(), (inside.path() / "folder").c_str()), 0);
  EXPECT_FALSE(tree.has_file("main.log"));
  EXPECT_FALSE(tree.has_file("folder/secret"));
  EXPECT_FALSE(tree.has_file("../" + outside.path().filename().string() + "/secret"));
  EXPECT_EQ(tree.read("main.log", 10).error().code(), errc::not_found);
}

TEST_F(FileTree, DoesNotHangOnAPipe) {
  ASSERT_EQ(::mkfifo((inside.path() / "main.log").c_str(), 0600), 0);
  EXPECT_EQ(tree.read("main.log", 10).error().code(), errc::not_found);
}

TEST_F(FileTree, ReadsAtMostWhatIsAskedFor) {
  write_file(inside.path() / "main.log", std::string(100'000, 'x'));
  EXPECT_EQ(tree.read("main.log", 70'000).value().size(), 70'000u);
  EXPECT_EQ(tree.read("main.log", 1'000'000).value().size(), 100'000u);
}

TEST_F(FileTree, StopsAfterAsManyFilesAsItWasAllowed) {
  for (int i = 0; i < 10; ++i) write_file(inside.path() / std::to_string(i), "x");
  EXPECT_EQ(walk(4).size(), 4u);
}

TEST_F(FileTree, RenamesInsideOneFolderOnly) {
  write_file(inside.path() / "sub/a.bbl", "x");
  EXPECT_TRUE(tree.rename("sub/a.bbl", "sub/a.bbl.before"));
  EXPECT_TRUE(tree.has_file("sub/a.bbl.before"));
  EXPECT_FALSE(tree.rename("sub/none", "sub/other"));
}

}  // namespace
