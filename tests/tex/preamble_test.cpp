#include "src/tex/preamble.hpp"

#include <gtest/gtest.h>

namespace texbuild::tex {
namespace {

TEST(Preamble, ADocumentHasAClassOutsideComments) {
  EXPECT_TRUE(has_document_class("% x\n\\documentclass[a4paper]{article}"));
  EXPECT_TRUE(has_document_class("\\documentstyle{article}"));
  EXPECT_TRUE(has_document_class("100\\% \\documentclass{article}"));
  EXPECT_FALSE(has_document_class("% \\documentclass{article}\nHello"));
  EXPECT_FALSE(has_document_class("\\\\% \\documentclass{article}"));
  EXPECT_FALSE(has_document_class("\\documentclasses"));
  EXPECT_FALSE(has_document_class("documentclass{article}"));
  EXPECT_FALSE(has_document_class(""));
}

TEST(Preamble, TheMagicCommentNamesTheEngine) {
  EXPECT_EQ(magic_engine("% !TEX program = xelatex\n"), tex_engine::xelatex);
  EXPECT_EQ(magic_engine("\xEF\xBB\xBF%!TeX TS-program=LuaLaTeX\r\n"), tex_engine::lualatex);
  EXPECT_EQ(magic_engine("\\relax\n %% !tex Program  =  pdflatex"), tex_engine::pdflatex);
  EXPECT_EQ(magic_engine("% !TEX program = auto"), std::nullopt);
  EXPECT_EQ(magic_engine("% !TEX program = rm -rf"), std::nullopt);
  EXPECT_EQ(magic_engine("% !TEX root = main.tex"), std::nullopt);
  EXPECT_EQ(magic_engine(""), std::nullopt);
}

TEST(Preamble, TheMagicCommentMustBeInTheFirstTwentyLines) {
  const std::string comment = "% !TEX program = xelatex\n";
  EXPECT_EQ(magic_engine(std::string(19, '\n') + comment), tex_engine::xelatex);
  EXPECT_EQ(magic_engine(std::string(20, '\n') + comment), std::nullopt);
}

TEST(Preamble, FindsTheRootAsItIsWritten) {
  EXPECT_EQ(magic_root("% !TEX root = ../My Thesis.tex \n"), "../My Thesis.tex");
  EXPECT_EQ(magic_root("% !TEX program = xelatex\n"), "");
}

TEST(Preamble, AutomaticIsPdflatexUnlessAPackageNeedsAnother) {
  EXPECT_EQ(choose_engine("\\documentclass{article}\\begin{document}"), tex_engine::pdflatex);
  EXPECT_EQ(choose_engine("\\documentclass{article}\n\\usepackage{fontspec}"), tex_engine::xelatex);
  EXPECT_EQ(choose_engine("\\usepackage[no-math]\n{amsmath, unicode-math ,x}"), tex_engine::xelatex);
  EXPECT_EQ(choose_engine("\\documentclass[UTF8]{ctexart}"), tex_engine::xelatex);
  EXPECT_EQ(choose_engine("\\usepackage{fontspec}\\usepackage{luacode}"), tex_engine::lualatex);
  EXPECT_EQ(choose_engine("\\documentclass{ltjsarticle}"), tex_engine::lualatex);
  EXPECT_EQ(choose_engine("\\directlua{x=1}"), tex_engine::lualatex);
}

TEST(Preamble, CommentsAndTheTextItselfDoNotChooseTheEngine) {
  EXPECT_EQ(choose_engine("% \\usepackage{fontspec}\n"), tex_engine::pdflatex);
  EXPECT_EQ(choose_engine("\\begin{document}\n\\usepackage{fontspec}\n"), tex_engine::pdflatex);
  EXPECT_EQ(choose_engine("\\usepackage{myfontspec}"), tex_engine::pdflatex);
}

TEST(Preamble, TheMagicCommentWinsOverPackages) {
  EXPECT_EQ(choose_engine("% !TeX program = lualatex\n\\usepackage{xeCJK}"), tex_engine::lualatex);
}

TEST(Preamble, ADocumentWithABranchForPdfTexRunsWithIt) {
  EXPECT_EQ(choose_engine("\\usepackage{iftex}\\ifPDFTeX\\else\\usepackage{fontspec}\\fi"), tex_engine::pdflatex);
  EXPECT_EQ(choose_engine("\\ifxetex\\usepackage{fontspec}\\fi"), tex_engine::xelatex);
}

TEST(Preamble, ADocumentMayRequireItsEngine) {
  EXPECT_EQ(choose_engine("\\usepackage{iftex}\\RequireXeTeX"), tex_engine::xelatex);
  EXPECT_EQ(choose_engine("\\usepackage{iftex}\\RequireLuaTeX\\usepackage{fontspec}"), tex_engine::lualatex);
}

TEST(Preamble, UnfinishedCommandsAreHarmless) {
  EXPECT_EQ(choose_engine("\\usepackage"), tex_engine::pdflatex);
  EXPECT_EQ(choose_engine("\\usepackage["), tex_engine::pdflatex);
  EXPECT_EQ(choose_engine("\\usepackage{"), tex_engine::pdflatex);
  EXPECT_EQ(choose_engine("\\usepackage{fontspec"), tex_engine::xelatex);
}

}  // namespace
}  // namespace texbuild::tex
