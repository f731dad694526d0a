#include "src/warm/edits.hpp"
#include "tests/build/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace {

using texbuild::files::file_tree;
using texbuild::warm::edit_finder;

struct EditFinder : ::testing::Test {
  temporary_folder folder;
  file_tree tree{folder.path()};
  edit_finder finder;

  void write(const std::string& name, const std::string& text) { write_file(folder.path() / name, text); }
};

TEST_F(EditFinder, FindsTheLineThatDiffersFirst) {
  write("a.tex", "one\ntwo\nthree\n");
  EXPECT_FALSE(finder.find(tree));
  write("a.tex", "one\ntwo!\nthree!\n");
  const auto found = finder.find(tree);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "a.tex");
  EXPECT_EQ(found->line, 4);
}

TEST_F(EditFinder, FindsNothingWhereNothingWasEdited) {
  write("a.tex", "one\n");
  (void)finder.find(tree);
  write("b.tex", "new\n");
  write("c.bib", "other\n");
  EXPECT_FALSE(finder.find(tree));
}

TEST_F(EditFinder, FindsWhatWasAddedOrRemovedAtTheEnd) {
  write("a.tex", "one\n");
  (void)finder.find(tree);
  write("a.tex", "one\ntwo\n");
  EXPECT_EQ(finder.find(tree)->line, 4);
  write("a.tex", "one\n");
  EXPECT_EQ(finder.find(tree)->line, 4);
}

TEST_F(EditFinder, FindsTheFirstLineToo) {
  write("a.tex", "one\n");
  (void)finder.find(tree);
  write("a.tex", "");
  EXPECT_EQ(finder.find(tree)->line, 0);
}

}  // namespace
