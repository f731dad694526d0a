#include "server/tool/progress_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using texbuild::build_event;
using texbuild_tool::progress_line;
using texbuild_tool::progress_style;
using kind = build_event::kind;

build_event event(kind what, int pass, std::string text = {}, int page = 0, int pages = 0) {
  build_event e;
  e.what = what;
  e.pass = pass;
  e.progress = 42;
  e.text = std::move(text);
  e.page = page;
  e.pages = pages;
  return e;
}

TEST(ProgressLine, IsOnePlainLineForEachProgramWithoutATerminal) {
  std::ostringstream out;
  progress_line line(out, {});
  line.show(event(kind::pass, 1, "pdflatex"));
  line.show(event(kind::page, 1, "", 1));
  line.show(event(kind::output, 1, "[1]"));
  line.show(event(kind::pass, 1, "bibtex"));
  line.show(event(kind::pass, 2, "pdflatex"));
  EXPECT_EQ(out.str(), "pass 1: pdflatex\npass 1: bibtex\npass 2: pdflatex\n");
}

TEST(ProgressLine, RewritesOneLineOnATerminal) {
  std::ostringstream out;
  progress_style style;
  style.live = true;
  {
    progress_line line(out, style);
    line.show(event(kind::pass, 2, "pdflatex"));
    line.show(event(kind::page, 2, "", 13, 32));
  }
  EXPECT_THAT(out.str(), HasSubstr("\r 42%, pass 2, pdflatex, page 13 of 32\x1b[K"));
  EXPECT_THAT(out.str(), Not(HasSubstr("\n")));
  EXPECT_TRUE(out.str().ends_with("\r\x1b[K")) << "the line is taken away at the end";
}

TEST(ProgressLine, FitsIntoTheTerminal) {
  std::ostringstream out;
  progress_style style;
  style.live = true;
  style.columns = 20;
  progress_line line(out, style);
  line.show(event(kind::pass, 2, std::string(100, 'x')));
  EXPECT_EQ(out.str().size(), 1 + 19 + 3U);
}

TEST(ProgressLine, SaysNothingWhenQuiet) {
  std::ostringstream out;
  progress_style style;
  style.live = style.quiet = true;
  progress_line line(out, style);
  line.show(event(kind::pass, 1, "pdflatex"));
  line.say("words");
  line.clear();
  EXPECT_EQ(out.str(), "");
}

TEST(ProgressLine, ShowsWhatProgramsPrintWhenVerbose) {
  std::ostringstream out;
  progress_style style;
  style.live = style.verbose = true;
  progress_line line(out, style);
  line.show(event(kind::pass, 1, "pdflatex"));
  line.show(event(kind::output, 1, "This is \x1b[31mpdfTeX"));
  EXPECT_EQ(out.str(), "pass 1: pdflatex\nThis is ?[31mpdfTeX\n");
}

TEST(ProgressLine, KnowsThePagesOfTheLastPass) {
  std::ostringstream out;
  progress_line line(out, {});
  line.show(event(kind::pass, 1, "pdflatex"));
  line.show(event(kind::page, 1, "", 5));
  line.show(event(kind::pass, 1, "bibtex"));
  EXPECT_EQ(line.pages(), 5);
  line.show(event(kind::pass, 2, "pdflatex"));
  line.show(event(kind::page, 2, "", 3));
  EXPECT_EQ(line.pages(), 3);
  line.restart();
  EXPECT_EQ(line.pages(), 0);
}

}  // namespace
