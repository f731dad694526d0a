#include "src/warm/document_start.hpp"

#include <gtest/gtest.h>

namespace {

using texbuild::warm::document_start;

TEST(DocumentStart, IsTheLineThatBeginsTheDocument) {
  EXPECT_EQ(document_start("\\documentclass{article}\n  \\begin{document}\nx"), 24U);
}
TEST(DocumentStart, IsNotInAComment) {
  EXPECT_EQ(document_start("% \\begin{document}\n\\% \\begin{document}\n"), 19U);
  EXPECT_EQ(document_start("a\n% \\begin{document}\n"), std::nullopt);
}
TEST(DocumentStart, IsNotTheFirstByteSinceNothingComesBeforeIt) {
  EXPECT_EQ(document_start("\\begin{document}x\\end{document}"), std::nullopt);
}
TEST(DocumentStart, IsNowhereInAFileWithoutOne) {
  EXPECT_EQ(document_start(""), std::nullopt);
  EXPECT_EQ(document_start("\\section{A}\n\n"), std::nullopt);
}

}  // namespace
