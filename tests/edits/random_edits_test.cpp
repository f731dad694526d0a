// Papers that are edited at random, built after each edit by an engine with all that makes builds fast, and by one that
// knows of no earlier build: what comes of both may not be told apart. By default the second one has warm engines, and
// a plain one is asked now and then.
//
// TEXBUILD_EDITS=100   so many edits of each paper, all compared with the plain engine
// TEXBUILD_SEED=7      other edits
// TEXBUILD_SAVE=folder the last two versions of a paper that failed go there
// TEXBUILD_VERBOSE=1   says each edit before it is built
#include "tests/edits/editor.hpp"
#include "tests/edits/same_outcome.hpp"

#include <iostream>

namespace {

int number_from(const char* variable, int usual) {
  const char* text = std::getenv(variable);
  return text == nullptr ? usual : std::atoi(text);
}

struct RandomEdits : SameOutcome {
  std::unique_ptr<texbuild::engine> plain;  // when it is wanted
  std::unique_ptr<texbuild::engine> anew;
  std::unique_ptr<texbuild::engine> fast = open(defaults());

  void save(const sources& before, const sources& after) const {
    const char* folder = std::getenv("TEXBUILD_SAVE");
    if (folder == nullptr) return;
    for (const auto& [name, text] : before) write_file(std::filesystem::path(folder) / name_ / "before" / name, text);
    for (const auto& [name, text] : after) write_file(std::filesystem::path(folder) / name_ / "after" / name, text);
  }

  void edit(paper what, int usual, bool parks = true) {
    const int edits = number_from("TEXBUILD_EDITS", usual);
    const bool thorough = std::getenv("TEXBUILD_EDITS") != nullptr;
    const auto seed = static_cast<std::uint32_t>(number_from("TEXBUILD_SEED", 2026));
    const bool verbose = std::getenv("TEXBUILD_VERBOSE") != nullptr;
    editor author(what, seed);
    int compared = 0;
    int good = 0;
    int in_vain = 0;
    int cached = 0;
    int passes = 0;
    int other_passes = 0;
    sources before;
    std::string done = "nothing";
    for (int edit = 0; edit <= edits; ++edit) {
      if (edit > 0) done = author.edit();
      SCOPED_TRACE("seed " + std::to_string(seed) + ", edit " + std::to_string(edit) + ": " + done);
      if (verbose) std::cout << edit << ' ' << done << std::endl;
      const auto mine = left_by(*fast, build_by(*fast, what, name_));
      if (thorough || edit == edits || author.any(3) == 0) {
        auto& judge = thorough || ++compared % 6 == 0 ? plain : anew;
        if (!judge) judge = open(&judge == &plain ? with_nothing() : with_warm_engines_alone());
        const auto other = left_by(*judge, build_by(*judge, what, name_));
        EXPECT_EQ(difference_between(other, mine, what.engine), "");
        EXPECT_TRUE(settled(other)) << "a paper for this test has to settle";
        other_passes += other.passes;
      }
      if (HasFailure()) {
        save(before, what.files);
        return;
      }
      before = what.files;
      cached += mine.cached ? 1 : 0;
      passes += mine.passes;
      if (mine.succeeded()) {
        ++good;
        in_vain = 0;
        author.approve();
      } else if (++in_vain > 1 || author.any(4) > 0) {
        author.undo();
        in_vain = 0;
      }
    }
    const auto stats = fast->stats();
    std::cout << edits << " edits, " << good << " builds good, " << cached << " cached, " << stats.kept_state_used
              << " went on from earlier files, " << stats.kept_state_thrown_away << " did so in vain; passes " << passes
              << ", of the other " << other_passes << "; commands warm " << stats.warm.warm << ", plain "
              << stats.warm.plain << ", begun in a copy " << stats.warm.resumed << ", midway " << stats.warm.midway
              << std::endl;
    if (std::getenv("TEXBUILD_SEED") != nullptr) return;
    EXPECT_GT(2 * good, edits) << "most builds of this test should succeed";
    EXPECT_GT(stats.kept_state_used, 0u);
    EXPECT_GT(stats.warm.warm, 0u);
    EXPECT_EQ(stats.warm.resumed > 0, parks);
    EXPECT_EQ(stats.warm.anomalies, 0u) << stats.warm.last_problem;
  }

  std::string name_ = name();
};

TEST_F(RandomEdits, OfAnArticleCannotBeTold) { edit(article_paper(), 35); }
TEST_F(RandomEdits, OfABookCannotBeTold) { edit(book_paper(), 40); }
TEST_F(RandomEdits, OfALongBodyCannotBeTold) { edit(long_paper(), 20); }
TEST_F(RandomEdits, OfAPreambleThatDoesMuchCannotBeTold) { edit(preamble_paper(), 45); }
TEST_F(RandomEdits, OfAPreambleElsewhereCannotBeTold) { edit(head_paper(), 20, false); }
TEST_F(RandomEdits, OfAMainFileInAFolderCannotBeTold) { edit(folder_paper(), 20); }
TEST_F(RandomEdits, OfATalkCannotBeTold) { edit(talk_paper(), 3); }
TEST_F(RandomEdits, OfPlotsCannotBeTold) { edit(plot_paper(), 3); }
TEST_F(RandomEdits, OfABiblatexPaperCannotBeTold) { edit(biber_paper(), 2); }
TEST_F(RandomEdits, OfAXelatexPaperCannotBeTold) { edit(xelatex_paper(), 7); }
TEST_F(RandomEdits, OfALualatexPaperCannotBeTold) { edit(lualatex_paper(), 5); }

}  // namespace
