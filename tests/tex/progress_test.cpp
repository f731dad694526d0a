#include "src/tex/progress.hpp"

#include <gtest/gtest.h>

namespace texbuild::tex {
namespace {

step of(step_kind kind) {
  step next;
  next.kind = kind;
  return next;
}

TEST(Progress, CountsThePagesThatTheEnginePrints) {
  progress_meter meter;
  meter.begin(of(step_kind::engine));
  EXPECT_FALSE(meter.feed("(./main.tex (./main.aux)\n"));
  EXPECT_TRUE(meter.feed("[1{/usr/share/pdftex.map} <./fig.pdf>] [2]\n[3] (./b.tex [4\n\n] [1.2]) (./main.aux) )\n"));
  EXPECT_EQ(meter.page(), 5);
}

TEST(Progress, ItDoesNotMatterWhereTheOutputIsCut) {
  const std::string output =
      "[1{map}] [12]\nOverfull \\hbox (1pt too wide)\n[]\\OT1 see [7] and\n[8]\n\n[13] (./a.tex [14])";
  for (std::size_t size = 1; size <= output.size(); ++size) {
    progress_meter meter;
    meter.begin(of(step_kind::engine));
    for (std::size_t at = 0; at < output.size(); at += size) {
      meter.feed(std::string_view(output).substr(at, size));
    }
    EXPECT_EQ(meter.page(), 5) << size;
  }
}

TEST(Progress, NumbersInMessagesAreNoPages) {
  progress_meter meter;
  meter.begin(of(step_kind::engine));
  EXPECT_FALSE(
      meter.feed("LaTeX Warning: see [1] there\n! Bad [2]\nl.3 x [3]\nx[4] [a5] [] [6pt]\n"
                 "Overfull \\hbox (1pt too wide) in paragraph\n[]\\OT1/cmr/m/n/10 as in [12] and\n\n"));
}

TEST(Progress, TheCharactersThatMetafontMakesAreNoPages) {
  progress_meter meter;
  meter.begin(of(step_kind::engine));
  meter.feed(
      "[1]\nkpathsea: Running mktexpk --dpi 600 tcrm1000\nThis is METAFONT\n[22] [27] [28]\n"
      "mktexpk: tcrm1000.600pk: successfully generated.\n[2]");
  meter.feed("\n");
  EXPECT_EQ(meter.page(), 2);
}

TEST(Progress, RisesWithThePagesAndNeverFalls) {
  progress_meter meter(4);
  EXPECT_EQ(meter.progress(), 0);
  meter.begin(of(step_kind::engine));
  meter.feed("[1] [2] ");
  EXPECT_EQ(meter.progress(), 25);
  meter.feed("[3] [4] [5] ");
  EXPECT_EQ(meter.progress(), 50);
  meter.end(5);
  EXPECT_EQ(meter.pages(), 5);
  meter.begin(of(step_kind::bibtex));
  EXPECT_EQ(meter.progress(), 50);
  meter.begin(of(step_kind::engine));
  EXPECT_GE(meter.progress(), 50);
  int last = meter.progress();
  for (int pass = 0; pass < 20; ++pass) {
    meter.begin(of(step_kind::engine));
    meter.feed("[1] [2] [3] ");
    EXPECT_GE(meter.progress(), last);
    last = meter.progress();
  }
  EXPECT_EQ(last, 99);
}

TEST(Progress, AnUnknownDocumentStillMoves) {
  progress_meter meter;
  meter.begin(of(step_kind::engine));
  meter.feed("[1] ");
  const int one = meter.progress();
  EXPECT_GT(one, 0);
  meter.feed("[2] [3] [4] ");
  EXPECT_GT(meter.progress(), one);
  EXPECT_LT(meter.progress(), 50);
}

TEST(Progress, HelpersPrintNoPages) {
  progress_meter meter;
  meter.begin(of(step_kind::makeindex));
  EXPECT_FALSE(meter.feed("[1] [2]\n"));
}

}  // namespace
}  // namespace texbuild::tex
