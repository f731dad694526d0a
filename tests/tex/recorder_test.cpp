#include "src/tex/recorder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace texbuild::tex {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Recorder, NamesAreRelativeToTheFolderOfTheRunAndStandOnce) {
  const auto files = parse_recorder(
      "PWD /job/paper\nINPUT /usr/share/texlive/x.cls\nINPUT ./main.tex\nINPUT main.tex\nOUTPUT main.log\n"
      "INPUT /job/paper/chap/one.tex\nINPUT main.aux\nOUTPUT main.aux\nOUTPUT main.log\n");
  EXPECT_THAT(files.inputs, ElementsAre("main.tex", "chap/one.tex", "main.aux"));
  EXPECT_THAT(files.outputs, ElementsAre("main.log", "main.aux"));
}

TEST(Recorder, FilesOfTheProjectAboveTheFolderAreKept) {
  const auto files = parse_recorder("PWD /job/a/b\nINPUT ../refs.bib\nINPUT /job/logo.pdf\nINPUT /job/a/bc/x.tex\n");
  EXPECT_THAT(files.inputs, ElementsAre("../refs.bib", "../../logo.pdf", "../bc/x.tex"));
}

TEST(Recorder, NothingOutsideTheJobIsTold) {
  const auto files = parse_recorder("PWD /job\nINPUT ../etc/passwd\nINPUT /jobs/x\nINPUT /job\nOUTPUT /dev/null\n");
  EXPECT_THAT(files.inputs, IsEmpty());
  EXPECT_THAT(files.outputs, IsEmpty());
}

TEST(Recorder, TakesNamesWithBlanksAndOtherAlphabets) {
  const auto files = parse_recorder("PWD /job\r\nINPUT my chapter.tex\r\nINPUT Ünï.tex\n\njunk\nINPUT");
  EXPECT_THAT(files.inputs, ElementsAre("my chapter.tex", "Ünï.tex"));
}

TEST(Recorder, TheJobsFolderMayBeAnother) {
  const auto files = parse_recorder("PWD /var/tmp/j1\nINPUT /var/tmp/j1/a.tex\n", "/var/tmp/j1/");
  EXPECT_THAT(files.inputs, ElementsAre("a.tex"));
}

}  // namespace
}  // namespace texbuild::tex
