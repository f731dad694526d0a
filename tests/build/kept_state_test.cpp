#include "src/build/kept_state.hpp"

#include "tests/build/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using namespace texbuild::build;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(KeptState, ComesBackAsItWasWritten) {
  kept_state state;
  state.generation = "g";
  state.sources = "s";
  state.nothing = true;
  state.helpers["bibtex main"] = helper_work{
      0xffffffffffffffffULL, {"main.bbl", "main.blg"}, {diagnostic(severity::warning, "refs.bib", 3, "no year")}};
  const auto back = parse_kept_state(to_json(state)).value();
  EXPECT_EQ(back.generation, "g");
  EXPECT_EQ(back.sources, "s");
  EXPECT_TRUE(back.nothing);
  const auto& work = back.helpers.at("bibtex main");
  EXPECT_EQ(work.inputs, 0xffffffffffffffffULL);
  EXPECT_THAT(work.products, ElementsAre("main.bbl", "main.blg"));
  EXPECT_THAT(work.notes, ElementsAre(diagnostic(severity::warning, "refs.bib", 3, "no year")));
  EXPECT_FALSE(parse_kept_state("{}"));
  EXPECT_FALSE(parse_kept_state("no JSON"));
}

TEST(KeptState, IsOfFilesThatOnlyPassesWrite) {
  for (const char* name : {"main.aux", "chapters/one.aux", "main.toc", "main.bbl", "main.mtc12", "main.run.xml"})
    EXPECT_TRUE(is_kept(name)) << name;
  for (const char* name : {"main.tex", "own.bib", "main.pdf", "main.log", "main.synctex.gz", "x.sty", "a.mtc", "12"})
    EXPECT_FALSE(is_kept(name)) << name;
}

struct Tracker : ::testing::Test {
  temporary_folder folder;
  build::file_tree tree{folder.path()};
  tex::plan_options options;
  earlier_build earlier;
  state_tracker tracker;

  Tracker() {
    options.main_file = "main.tex";
    earlier.state.sources = "s";
    earlier.read = [](const kept_file& f) -> result<std::string> { return std::string(f.bytes, 'x'); };
    earlier.files = {{"", "main.aux", "key", 0, 3},
                     {"", "main.bbl", "key", 3, 2},
                     {"", "own.bib", "key", 5, 2},
                     {"", "gone/part.aux", "key", 7, 2},
                     {"pdf", "main.pdf", "p", 0, 1}};
    earlier.state.helpers["bibtex main"] = helper_work{7, {"main.bbl"}, {}};
  }
  file_marks marks() const {
    file_marks out;
    tree.each_file(100, [&](const std::string& name, const file_mark& mark) { out.emplace(name, mark); });
    return out;
  }
};

TEST_F(Tracker, PutsBackWhatPassesWroteAndNothingElse) {
  tex::pass_planner planner(options);
  tracker.restore(earlier, "s", tree, planner);
  const auto now = marks();
  EXPECT_EQ(now.size(), 2U);
  EXPECT_EQ(tree.read("main.aux", 10).value(), "xxx");
  EXPECT_TRUE(now.contains("main.bbl"));
  EXPECT_EQ(planner.seen().at("bibtex main"), 7U);
}

TEST_F(Tracker, LeavesTheSourcesAlone) {
  write_file(folder.path() / "main.bbl", "mine");
  tex::pass_planner planner(options);
  tracker.restore(earlier, "s", tree, planner);
  EXPECT_EQ(tree.read("main.bbl", 10).value(), "mine");
  EXPECT_THAT(planner.seen(), IsEmpty()) << "bibtex's work is not there";
}

TEST_F(Tracker, TrustsNoHelperWhoseSourcesChanged) {
  tex::pass_planner planner(options);
  tracker.restore(earlier, "others", tree, planner);
  EXPECT_TRUE(tree.has_file("main.bbl"));
  EXPECT_THAT(planner.seen(), IsEmpty());
}

TEST_F(Tracker, FindsWhatNothingInThisBuildAccountsFor) {
  tex::pass_planner planner(options);
  tracker.restore(earlier, "s", tree, planner);
  EXPECT_THAT(tracker.leftovers(marks(), planner), ElementsAre("main.aux", "main.bbl"));
  write_file(folder.path() / "main.aux", "xxx");  // a pass writes the very same
  EXPECT_THAT(tracker.leftovers(marks(), planner), ElementsAre("main.bbl"));
}

TEST_F(Tracker, LeavesNothingOnceAHelperFailed) {
  tex::pass_planner planner(options);
  tex::step bibtex;
  bibtex.kind = tex::step_kind::bibtex;
  bibtex.target = "main";
  tracker.ended(bibtex, true, {}, {}, {});
  EXPECT_TRUE(tracker.leave("s", planner));
  tracker.ended(bibtex, false, {}, {}, {});
  EXPECT_FALSE(tracker.leave("s", planner));
}

}  // namespace
