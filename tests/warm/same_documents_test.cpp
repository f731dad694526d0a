// Whole builds of ordinary documents: what warm engines leave is what plain ones leave.
#include "tests/warm/same_files.hpp"

namespace {

using texbuild::tex_engine;

TEST_F(SameFiles, OfAHello) {
  for (const auto engine : {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex})
    expect_same(host(), from_folder("a_hello"), engine);
}
TEST_F(SameFiles, OfAnArticleWithBibliography) { expect_same(host(), from_folder("b_article"), tex_engine::pdflatex); }
TEST_F(SameFiles, OfATalk) { expect_same(host(), from_folder("c_beamer"), tex_engine::pdflatex); }
TEST_F(SameFiles, OfPlots) { expect_same(host(), from_folder("d_pgfplots"), tex_engine::pdflatex); }
TEST_F(SameFiles, OfXeTexWithFonts) { expect_same(host(), from_folder("e_xefont"), tex_engine::xelatex); }
TEST_F(SameFiles, OfLuaTexWithFonts) { expect_same(host(), from_folder("f_luafont"), tex_engine::lualatex); }
TEST_F(SameFiles, OfABiblatexDocument) { expect_same(host(), from_folder("g_biber"), tex_engine::pdflatex); }

TEST_F(SameFiles, OfAMainFileInAFolder) {
  document what;
  what.folder = "paper";
  what.content = {{"paper/main.tex",
                   "\\documentclass{article}\n\\begin{document}\n\\input{part}\\input{sub/deep}\\cite{k}\n"
                   "\\bibliographystyle{plain}\\bibliography{refs}\n\\end{document}\n"},
                  {"part.tex", "In the root.\n"},
                  {"paper/sub/deep.tex", "Below.\n"},
                  {"refs.bib", "@book{k, author={A}, title={T}, year=2000, publisher={P}}\n"}};
  for (const auto engine : {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex})
    expect_same(host(), what, engine);
}

TEST_F(SameFiles, OfNamesWithDotsAndDashes) {
  for (const char* name : {"a.b.tex", "a-b_c.tex", "9.tex", "Thesis2.tex"}) {
    document what;
    what.main = name;
    what.content = {{name,
                     "\\documentclass{article}\n\\begin{document}\n\\tableofcontents\\section{\\jobname}"
                     "\\cite{k}\\bibliographystyle{plain}\\bibliography{refs}\n\\end{document}\n"},
                    {"refs.bib", "@book{k, author={A}, title={T}, year=2000, publisher={P}}\n"}};
    for (const auto engine : {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex})
      expect_same(host(), what, engine);
  }
}

TEST_F(SameFiles, OfABibliographyWithMistakes) {
  document what;
  what.content = {{"main.tex",
                   "\\documentclass{article}\n\\begin{document}\n\\cite{k,missing}\\bibliographystyle{plain}"
                   "\\bibliography{refs,nosuch}\n\\end{document}\n"},
                  {"refs.bib", "@book{k, author={A}, title={T}\n@book{k\n@misc{k, note=}\n"}};
  expect_same(host(), what, tex_engine::pdflatex);
  what.content["main.tex"] =
      "\\documentclass{article}\n\\begin{document}\n\\cite{k}\\bibliographystyle{nosuch}\\bibliography{refs}\n"
      "\\end{document}\n";
  expect_same(host(), what, tex_engine::pdflatex);
}

TEST_F(SameFiles, OfIncludedChapters) {
  document what;
  what.content = {{"main.tex",
                   "\\documentclass{report}\n\\usepackage{makeidx}\\makeindex\n\\begin{document}\n\\tableofcontents\n"
                   "\\include{one}\n\\include{sub/two}\n\\printindex\n\\end{document}\n"},
                  {"one.tex", "\\chapter{One}\\index{one}\\label{one}\n"},
                  {"sub/two.tex", "\\chapter{Two}\\index{two}\\ref{one}\n"},
                  {"sub/keep", ""}};
  for (const auto engine : {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex})
    expect_same(host(), what, engine);
}

}  // namespace
