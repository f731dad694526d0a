// The rules are the process's own, so all of it is one test: those of a job.
#include "src/warm/preload/line_stream.hpp"

#include "tests/build/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace {

namespace warm = texbuild::warm;

struct LineStream : ::testing::Test {
  static void SetUpTestSuite() {
    warm::show_as(".log", "**first line", "**main.tex");
    warm::show_as(".log", "13 JAN 2018 14:05", "1 FEB 2026 08:00");
    warm::show_as(".blg", "placeholder", "main");
    warm::show_context_as("<*> first line", "<*> main.tex");
    warm::counts less;
    less.buffer = 10;
    less.strings = -1;
    less.string_characters = -4;
    warm::show_less(less);
  }
  temporary_folder folder;

  /// What is in the file when it is closed.
  [[nodiscard]] std::string through(const std::string& name, const std::string& text, std::size_t step = 1000) const {
    const auto path = folder.path() / name;
    auto* stream = warm::mended(std::fopen(path.c_str(), "w"), name.c_str());
    for (std::size_t at = 0; at < text.size(); at += step) {
      const auto part = text.substr(at, step);
      EXPECT_EQ(std::fwrite(part.data(), 1, part.size(), stream), part.size());
      if (step < 1000) std::fflush(stream);
    }
    EXPECT_EQ(std::fclose(stream), 0);
    return read_file(path);
  }
};

TEST_F(LineStream, ShowsTheJobInPlaceOfTheParkedEngine) {
  EXPECT_EQ(through("x.log", "TeX  13 JAN 2018 14:05\nentering\n**first line\n(./main.tex\n"),
            "TeX  1 FEB 2026 08:00\nentering\n**main.tex\n(./main.tex\n");
  EXPECT_EQ(through("x.blg", "file: placeholder.aux\n"), "file: main.aux\n");
}

TEST_F(LineStream, ShowsTheJobWhereTexWas) {
  EXPECT_EQ(through("x.log", "! Stop.\n<*> first line\n              \nnext\n              \n"),
            "! Stop.\n<*> main.tex\n            \nnext\n              \n");
  EXPECT_EQ(through("x.log", "<*> first line \n<*> first line"), "<*> first line \n<*> first line");
  EXPECT_EQ(through("x.log", "<*> first line\n<*> first line\nx\n"), "<*> main.tex\n<*> main.tex\nx\n");
}

TEST_F(LineStream, CountsAsAPlainBibtexDoes) {
  EXPECT_EQ(through("x.blg", "            654 strings with 5711 characters,\n 6 strings\n"),
            "            654 strings with 5715 characters,\n 6 strings\n");
}

TEST_F(LineStream, MendsALineThatComesInPieces) {
  for (std::size_t step = 1; step < 8; ++step)
    EXPECT_EQ(through("x.log", "a\n**first line\nb", step), "a\n**main.tex\nb") << step;
}

TEST_F(LineStream, LeavesOtherFilesAlone) {
  const std::string text = "**first line 13 JAN 2018 14:05 placeholder\n";
  for (const char* name : {"x.aux", "x.log.txt", "log", "x.out"}) EXPECT_EQ(through(name, text), text);
}

TEST_F(LineStream, LeavesAllOtherBytesAlone) {
  std::string text;
  for (int i = 0; i < 256; ++i) text += static_cast<char>(i);
  text += std::string(9000, 'x') + "\n" + std::string(5000, '\0') + "\n\n\n" + std::string(4095, 'y') + "\n" +
          std::string(4096, 'z');
  EXPECT_EQ(through("x.log", text), text);
  EXPECT_EQ(through("x.log", ""), "");
}

TEST_F(LineStream, CountsAsAPlainRunDoes) {
  EXPECT_EQ(through("x.log",
                    " 475 strings out of 478287\n 8000 string characters out of 5849290\n"
                    " 34i,5n,38p,210b,107s stack positions out of 10000i,1000n,20000p,200000b,200000s\n"),
            " 476 strings out of 478287\n 8004 string characters out of 5849290\n"
            " 34i,5n,38p,200b,107s stack positions out of 10000i,1000n,20000p,200000b,200000s\n");
}

TEST_F(LineStream, TakesNoOtherLineForTheCounts) {
  const std::string text = " 475 strings\n x strings out of 1\n 1i,2n,3p,4b,5s\n475 strings out of 478287\n";
  EXPECT_EQ(through("x.log", text), text);
}

TEST_F(LineStream, SaysWhenTheDiskIsFull) {
  auto* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  auto* stream = warm::mended(full, "x.log");
  std::fputs("text\n", stream);
  EXPECT_NE(std::fflush(stream), 0);
  std::fclose(stream);
}

}  // namespace
