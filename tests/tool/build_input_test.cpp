#include "server/tool/build_input.hpp"

#include "tests/build/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::HasSubstr;
using texbuild_tool::build_input;
using texbuild_tool::build_options;

struct BuildInput : ::testing::Test {
  temporary_folder folder;
  build_options options;
  void SetUp() override { write_file(folder.path() / "paper/thesis.tex", "\\documentclass{article}"); }
  texbuild::result<build_input> find(const char* name) {
    options.input = folder.path() / name;
    return build_input::find(options);
  }
};

TEST_F(BuildInput, TakesAFolder) {
  const auto in = find("paper").value();
  EXPECT_EQ(in.open().value().main_file(in.main_file).value(), "thesis.tex");
  EXPECT_EQ(in.shown_name("thesis.tex"), (folder.path() / "paper/thesis.tex").string());
  EXPECT_EQ(in.shown_name("not/there.tex"), "not/there.tex");
}

TEST_F(BuildInput, TakesTheFolderOfASingleFile) {
  write_file(folder.path() / "paper/other.tex", "\\documentclass{article}");
  const auto in = find("paper/thesis.tex").value();
  EXPECT_EQ(in.place, folder.path() / "paper");
  EXPECT_EQ(in.main_file, "thesis.tex");
  EXPECT_TRUE(in.open().value().contains("other.tex"));
}

TEST_F(BuildInput, RefusesAMainFileBesideASingleFile) {
  options.main_file = "x.tex";
  EXPECT_THAT(find("paper/thesis.tex").error().detail(), HasSubstr("--main"));
}

TEST_F(BuildInput, SaysWhenThereIsNothing) {
  EXPECT_THAT(find("absent.zip").error().detail(), HasSubstr("there is no file or folder"));
}

TEST_F(BuildInput, TakesAnythingElseForAZip) {
  write_file(folder.path() / "upload", "no archive");
  EXPECT_EQ(find("upload").value().open().error().code(), texbuild::errc::invalid_input);
}

}  // namespace
