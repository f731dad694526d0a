// Documents whose passes begin in copies that earlier ones left at \begin{document}: what they leave is what a plain
// sandbox leaves, in the build that parks them and in those after it.
#include "tests/warm/same_files.hpp"

namespace {

using texbuild::tex_engine;

struct ParkedDocument : SameFiles {
  /// Builds it twice where the project is at home.
  void expect_same_at_home(const document& what, tex_engine engine, std::uint64_t least_resumed) {
    const auto plain = trace(*plain_sandbox(), host().folder(what.content), what, engine);
    const auto name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const auto before = host().engines().stats();
    for (int build = 0; build < 2 && !HasFailure(); ++build) {
      SCOPED_TRACE("build " + std::to_string(build));
      const auto home = host().project(name, what.content);
      expect_same_steps(plain, trace(host().engines(), *home, what, engine), engine);
    }
    const auto after = host().engines().stats();
    EXPECT_EQ(after.anomalies, before.anomalies) << after.last_problem;
    EXPECT_GE(after.resumed - before.resumed, least_resumed);
    EXPECT_EQ(after.projects, before.projects + 1);
  }
};

struct word_edit {
  std::string file;
  std::string from;
  std::string to;
};

struct EditedDocument : SameFiles {
  /// Builds it where the project is at home, edits it, builds it again, and so on; each build is held against a plain
  /// one. Gives how many passes began in the middle of the document.
  std::uint64_t expect_same_after(document what, tex_engine engine, const std::vector<word_edit>& edits) {
    const auto name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const auto before = host().engines().stats();
    for (std::size_t i = 0; i <= edits.size() && !HasFailure(); ++i) {
      SCOPED_TRACE("edits so far: " + std::to_string(i));
      const auto plain = trace(*plain_sandbox(), host().folder(what.content), what, engine);
      {
        const auto home = host().project(name, what.content);
        expect_same_steps(plain, trace(host().engines(), *home, what, engine), engine);
      }
      if (i == edits.size()) break;
      // As a build that goes on from the one before.
      for (const auto& [file, text] : plain.back().left)
        if (file.ends_with(".aux") || file.ends_with(".toc") || file.ends_with(".out")) what.content[file] = text;
      auto& text = what.content[edits[i].file];
      const auto found = text.find(edits[i].from);
      if (found == std::string::npos) {
        ADD_FAILURE() << edits[i].from << " is not in " << edits[i].file;
        break;
      }
      text.replace(found, edits[i].from.size(), edits[i].to);
    }
    const auto after = host().engines().stats();
    EXPECT_EQ(after.anomalies, before.anomalies) << after.last_problem;
    return after.midway - before.midway;
  }
};

std::string sections(int from, int to) {
  std::string out;
  for (int i = from; i <= to; ++i)
    out += "\\section{Part " + std::to_string(i) + "}\\label{s" + std::to_string(i) + "}\nWords of part " +
           std::to_string(i) + ", see \\ref{s1}.\\newpage\n";
  return out;
}

document book() {
  document out;
  out.content["main.tex"] = "\\documentclass{article}\n\\usepackage{hyperref}\n\\begin{document}\n\\tableofcontents\n" +
                            sections(1, 4) + "\\input{middle}\n\\include{last}\nThe end.\n\\end{document}\n";
  out.content["middle.tex"] = sections(5, 8);
  out.content["last.tex"] = sections(9, 12);
  return out;
}

class EditedBook : public EditedDocument, public ::testing::WithParamInterface<tex_engine> {};

TEST_P(EditedBook, IsTheSameWhereverItIsEdited) {
  EXPECT_GE(expect_same_after(book(), GetParam(),
                              {{"main.tex", "Words of part 3", "Other words of part 3"},
                               {"main.tex", "words of part 3", "words of the third part"},
                               {"middle.tex", "Words of part 7", "Some words of part 7"},
                               {"middle.tex", "Words of part 8", "More words of part 8"},
                               {"last.tex", "Words of part 10", "Words of the part before 11"},
                               {"last.tex", "Words of part 11", "Words of the part after 10"},
                               {"main.tex", "The end", "This is the end"},
                               {"main.tex", "Words of part 2", "Fewer words"},
                               {"main.tex", "\\usepackage{hyperref}", "\\usepackage[hidelinks]{hyperref}"}}),
            6U);
}
INSTANTIATE_TEST_SUITE_P(Engines, EditedBook,
                         ::testing::Values(tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex),
                         [](const auto& p) { return std::string(to_string(p.param)); });

TEST_F(ParkedDocument, OfAHello) { expect_same_at_home(from_folder("a_hello"), tex_engine::pdflatex, 1); }
TEST_F(ParkedDocument, OfAnArticleWithBibliography) {
  expect_same_at_home(from_folder("b_article"), tex_engine::pdflatex, 3);
}
TEST_F(ParkedDocument, OfATalk) { expect_same_at_home(from_folder("c_beamer"), tex_engine::pdflatex, 3); }
TEST_F(ParkedDocument, OfPlots) { expect_same_at_home(from_folder("d_pgfplots"), tex_engine::pdflatex, 1); }
TEST_F(ParkedDocument, OfXeTexWithFonts) { expect_same_at_home(from_folder("e_xefont"), tex_engine::xelatex, 1); }
TEST_F(ParkedDocument, OfLuaTexWithFonts) { expect_same_at_home(from_folder("f_luafont"), tex_engine::lualatex, 1); }
TEST_F(ParkedDocument, OfABiblatexDocument) { expect_same_at_home(from_folder("g_biber"), tex_engine::pdflatex, 3); }

}  // namespace
