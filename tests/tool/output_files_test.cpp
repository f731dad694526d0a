#include "server/tool/output_files.hpp"

#include "tests/build/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::HasSubstr;
using texbuild_tool::build_options;
using texbuild_tool::output_files;

struct OutputFiles : ::testing::Test {
  temporary_folder folder;
  build_options options;
  void SetUp() override {
    write_file(folder.path() / "in.zip", "zip");
    options.input = folder.path() / "in.zip";
  }
  std::string problem() {
    const auto plan = output_files::plan(options, "main.tex");
    return plan ? "none" : plan.error().detail();
  }
};

TEST_F(OutputFiles, NamesThePdfAfterTheMainFile) {
  EXPECT_EQ(output_files::plan(options, "deep/my.thesis.tex").value().pdf, "my.thesis.pdf");
  options.pdf = folder.path();
  EXPECT_EQ(output_files::plan(options, "main.tex").value().pdf, folder.path() / "main.pdf");
}

TEST_F(OutputFiles, RefusesAFolderThatIsNotThere) {
  options.pdf = folder.path() / "absent/a.pdf";
  EXPECT_THAT(problem(), HasSubstr("there is no folder"));
}

TEST_F(OutputFiles, NeverReplacesADevice) {
  options.pdf = "/dev/null";
  EXPECT_THAT(problem(), HasSubstr("is not a file"));
}

TEST_F(OutputFiles, NeverReplacesTheInput) {
  options.pdf = folder.path() / "../" / folder.path().filename() / "in.zip";
  EXPECT_THAT(problem(), HasSubstr("is the input itself"));
}

TEST_F(OutputFiles, RefusesOneNameForTwoThings) {
  options.pdf = folder.path() / "a";
  options.log = folder.path() / "x/../a";
  std::filesystem::create_directory(folder.path() / "x");
  EXPECT_THAT(problem(), HasSubstr("two things"));
}

}  // namespace
