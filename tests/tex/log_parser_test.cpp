#include "src/tex/log_parser.hpp"

#include "tests/tex/log_fixture.hpp"

#include <gmock/gmock.h>

namespace texbuild::tex {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> said(const std::string& name) { return as_lines(parse_log(log_text(name)).diagnostics); }

TEST(LogParser, NamesTheUndefinedCommandFileAndLine) {
  const auto log = parse_log(log_text("undefined_command.log"));
  EXPECT_THAT(as_lines(log.diagnostics), ElementsAre("error main.tex:3: Undefined control sequence \\foo",
                                                     "error main.tex:4: Undefined control sequence \\baz"));
  EXPECT_EQ(log.diagnostics[0].context, "l.3 Hello \\foo\n               world.");
  EXPECT_EQ(log.pages, 1);
  EXPECT_GT(log.output_bytes, 1000U);
  EXPECT_FALSE(log.fatal);
  EXPECT_FALSE(log.rerun_requested);
}

TEST(LogParser, BothStylesOfErrorsReadAlike) {
  EXPECT_EQ(said("undefined_command_bang.log"), said("undefined_command.log"));
}

TEST(LogParser, AMissingPackageIsTheErrorAndNotTheEmergencyStopAfterIt) {
  const auto log = parse_log(log_text("missing_package.log"));
  EXPECT_THAT(as_lines(log.diagnostics),
              ElementsAre("error main.tex:3: LaTeX Error: File `nosuchpackage.sty' not found."));
  EXPECT_EQ(log.diagnostics[0].context, "l.3 \\begin\n          {document}");  // without TeX's ^^M
  EXPECT_THAT(log.not_found, ElementsAre("nosuchpackage.sty"));
  EXPECT_TRUE(log.fatal);
  EXPECT_EQ(log.pages, 0);
}

TEST(LogParser, FilesThatWereAskedForInVainAreListed) {
  EXPECT_THAT(parse_log(log_text("missing_input.log")).not_found, ElementsAre("chapters/missing.tex"));
  EXPECT_THAT(parse_log(log_text("missing_graphic.log")).not_found, ElementsAre("nofig"));
  EXPECT_THAT(parse_log(log_text("refused_output.log")).not_found, ElementsAre("../../outside.txt"));
  EXPECT_THAT(parse_log("! I can't find file `gone.tex'.\n").not_found, ElementsAre("gone.tex"));
}

TEST(LogParser, ARunawayArgumentIsShownWithItsError) {
  const auto log = parse_log(log_text("runaway_argument.log"));
  ASSERT_THAT(as_lines(log.diagnostics), ElementsAre("error main.tex:5: Paragraph ended before \\@sect was complete.",
                                                     "error main.tex:5: Too many }'s.",
                                                     "error main.tex: File ended while scanning use of \\textbf ."));
  EXPECT_THAT(log.diagnostics[0].context, HasSubstr("Runaway argument?\n{Foo"));
  EXPECT_TRUE(log.fatal);
}

TEST(LogParser, AnEmergencyStopAloneSaysWhy) {
  const auto log = parse_log(log_text("no_end.log"));
  EXPECT_THAT(as_lines(log.diagnostics),
              ElementsAre("error main.tex: Emergency stop: job aborted, no legal \\end found"));
  EXPECT_TRUE(log.fatal);
}

TEST(LogParser, FollowsErrorsWithoutFileNames) {
  EXPECT_THAT(said("missing_begin.log"),
              ElementsAre("error main.tex:2: LaTeX Error: Missing \\begin{document}.",
                          "error main.tex:6: LaTeX Error: Something's wrong--perhaps a missing \\item.",
                          "error main.tex:6: LaTeX Error: \\begin{itemize} on input line 4 ended by \\end{enumerate}.",
                          "error main.tex:8: Missing $ inserted."));
}

TEST(LogParser, CapacityExceededIsFatal) {
  const auto log = parse_log(log_text("capacity_exceeded.log"));
  EXPECT_THAT(as_lines(log.diagnostics),
              ElementsAre("error main.tex:3: TeX capacity exceeded, sorry [input stack size=10000]."));
  EXPECT_TRUE(log.fatal);
}

TEST(LogParser, TheSameErrorAHundredTimesIsToldOnce) {
  const auto log = parse_log(log_text("hundred_errors.log"));
  EXPECT_THAT(as_lines(log.diagnostics), ElementsAre("error main.tex:3: Undefined control sequence \\foo"));
  EXPECT_TRUE(log.fatal);
}

TEST(LogParser, WarningsAreJoinedAcrossBrokenLines) {
  const auto log = parse_log(log_text("warnings.log"));
  EXPECT_THAT(
      as_lines(log.diagnostics),
      ElementsAre(
          "warning main.tex:5: Package hyperref Warning: Token not allowed in a PDF string (Unicode): removing "
          "`math shift'.",
          "warning main.tex:5: Package hyperref Warning: Token not allowed in a PDF string (Unicode): removing "
          "`superscript'.",
          "warning main.tex:6: LaTeX Warning: Reference `nolabel' on page 1 undefined.",
          "warning main.tex:6: LaTeX Warning: Citation `nokey' on page 1 undefined.",
          "warning main.tex:6: LaTeX Warning: Citation "
          "`averyverylongcitationkeythatgoesonandonandonandonandonuntilthelineiswrapped' on page 1 undefined.",
          "warning main.tex: Missing character: There is no \xEF\xBF\xBD in font cmtex10!",
          "warning main.tex:12: LaTeX Font Warning: Font shape `OT1/nofont/m/n' undefined using `OT1/cmr/m/n' instead.",
          "warning main.tex: LaTeX Font Warning: Some font shapes were not available, defaults substituted.",
          "warning main.tex: LaTeX Warning: There were undefined references.",
          "warning main.tex: LaTeX Warning: Label(s) may have changed. Rerun to get cross-references right.",
          "info main.tex:9: Underfull \\vbox (badness 10000)",
          "info main.tex:10: Overfull \\hbox (61.02786pt too wide)",
          "info main.tex:6: Overfull \\hbox (27.63982pt too wide)",
          "info main.tex:6: Overfull \\hbox (307.52849pt too wide)"));
  EXPECT_TRUE(log.rerun_requested);
  EXPECT_EQ(first_error(log.diagnostics), "");
}

TEST(LogParser, PackageErrorsKeepAllTheirLinesAndComeBeforeWarnings) {
  const auto log = parse_log(log_text("package_error.log"));
  EXPECT_THAT(as_lines(log.diagnostics),
              ElementsAre("error main.tex:5: Package pgf Error: No shape named `nonode' is known.",
                          "error main.tex:5: Package pgfkeys Error: I do not know the key '/foo/bar', to which you "
                          "passed '1', and I am going to ignore it. Perhaps you misspelled it.",
                          "error main.tex:6: Package mypkg Error: First line second line with a long text that "
                          "continues here third.",
                          "error main.tex:10: LaTeX Error: \\begin{align} on input line 9 ended by \\end{document}.",
                          "warning main.tex:7: Package mypkg Warning: Careful about this.",
                          "warning main.tex: Class mycls Warning: No line here."));
  EXPECT_EQ(first_error(log.diagnostics), "main.tex:5: Package pgf Error: No shape named `nonode' is known.");
  EXPECT_THAT(log.diagnostics[0].context, Not(HasSubstr("errmessage")));
}

TEST(LogParser, TellsTheFileFromTheParenthesesAlsoWithBlanksInItsName) {
  EXPECT_THAT(said("chapters.log"),
              ElementsAre("error my chapters/one two.tex:4: Undefined control sequence \\badinone",
                          "error two.tex:1: Undefined control sequence \\badintwo",
                          "warning my chapters/one two.tex:1: LaTeX Warning: Reference `undefinedinone' on page 1 "
                          "undefined.",
                          "warning two.tex:1: LaTeX Warning: Reference `xx' on page 2 undefined.",
                          "warning main.tex:5: LaTeX Warning: Reference `zzz' on page 3 undefined.",
                          "warning main.tex: LaTeX Warning: There were undefined references.",
                          "info main.tex:3: Overfull \\hbox (193.5846pt too wide)",
                          "info main.tex:3: Underfull \\hbox (badness 10000)"));
}

TEST(LogParser, LinesAreJoinedAsEachEngineBreaksThem) {
  const std::string reference =
      "warning main.tex:3: LaTeX Warning: Reference "
      "`schlüsselschlüsselschlüsselschlüsselschlüsselschlüsselschlüsselschlüsselschlüssel' on page 1 undefined.";
  for (const auto* name : {"unicode_pdflatex.log", "unicode_xelatex.log", "unicode_lualatex.log"}) {
    EXPECT_THAT(said(name), Contains(reference)) << name;
  }
  EXPECT_THAT(said("unicode_lualatex.log"), Contains("error main.tex:3: Undefined control sequence \\müller"));
  EXPECT_THAT(said("unicode_xelatex.log"), Contains("error main.tex:3: Undefined control sequence \\müller"));
}

TEST(LogParser, MissingCharactersOfLuaTexAreToldOneByOne) {
  const auto lines = said("unicode_lualatex.log");
  EXPECT_THAT(lines, Contains("warning main.tex: Missing character: There is no ☃ (U+2603) in font "
                              "[lmroman10-regular]:+tlig;!"));
  EXPECT_THAT(lines, Contains("warning main.tex: LaTeX Warning: There were undefined references."));
}

TEST(LogParser, BrokenUtf8ComesOutValid) {
  EXPECT_THAT(said("latin1.log"), ElementsAre("error main.tex:1: LaTeX Error: Invalid UTF-8 byte sequence "
                                              "(\xEF\xBF\xBD\\foo\xEF\xBF\xBD)."));
  EXPECT_EQ(parse_log("! a\xC0\x80 \xED\xA0\x80 \xF5 \x01 z\n").diagnostics.at(0).message,
            "a\xEF\xBF\xBD\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD \xEF\xBF\xBD  z");
}

TEST(LogParser, ErrorsInLuaCodeAreErrors) {
  EXPECT_THAT(said("lua_error.log"), ElementsAre("error main.tex:4: [\\directlua]:1: boom",
                                                 "error main.tex:5: [\\directlua]:1: unexpected symbol near '='."));
}

TEST(LogParser, AMissingFontIsAnError) {
  EXPECT_EQ(said("missing_font.log").at(0),
            "error main.tex:4: Package fontspec Error: The font \"No Such Font At All\" cannot be found.");
}

TEST(LogParser, AnImageThatPdfTexCannotReadIsFatal) {
  const auto log = parse_log(log_text("bad_image.log"));
  EXPECT_THAT(as_lines(log.diagnostics),
              ElementsAre("error main.tex: pdfTeX error: pdflatex (file ./bad.png): libpng: internal error"));
  EXPECT_TRUE(log.fatal);
}

TEST(LogParser, ABrokenAuxIsNamedAndARerunAskedFor) {
  const auto log = parse_log(log_text("stale_aux.log"));
  EXPECT_EQ(first_error(log.diagnostics), "main.aux:2: Undefined control sequence \\nosuchmacro");
  EXPECT_TRUE(log.rerun_requested);
  EXPECT_FALSE(log.fatal);
}

TEST(LogParser, FindsTheCommandsForIndexes) {
  const auto log = parse_log(log_text("imakeidx.log"));
  EXPECT_THAT(log.index_commands, ElementsAre("makeindex -s my.ist main.idx", "makeindex -c -s my.ist names.idx"));
  EXPECT_THAT(log.missing_files, ElementsAre("main.aux", "main.ind", "names.ind"));
  const auto quoted = parse_log(
      "Package imakeidx Warning: Remember to run lualatex again after calling\n"
      "(imakeidx)                `makeindex -s gind.ist \"my paper\".idx'\n");
  EXPECT_THAT(quoted.index_commands, ElementsAre("makeindex -s gind.ist my paper.idx"));
  const auto ran = parse_log("runsystem(makeindex -s my.ist main.idx)...executed safely (allowed).\n");
  EXPECT_THAT(ran.index_commands, ElementsAre("makeindex -s my.ist main.idx"));
}

TEST(LogParser, AskingForBiberIsNotAskingForAnotherPass) {
  EXPECT_FALSE(parse_log(log_text("biblatex_first_pass.log")).rerun_requested);
  EXPECT_TRUE(parse_log("Package biblatex Warning: Please rerun LaTeX.\n").rerun_requested);
  EXPECT_TRUE(parse_log("Package rerunfilecheck Warning: File `main.out' has changed.\n(rerunfilecheck)            "
                        "    Rerun to get outlines right\n")
                  .rerun_requested);
}

TEST(LogParser, FilesThatALaterPassMayFindAreListed) {
  EXPECT_THAT(parse_log(log_text("first_pass.log")).missing_files, Contains("main.bbl"));
  EXPECT_THAT(parse_log("No file ./my paper.toc.\nNo file \"my paper\".bbl.\n").missing_files,
              ElementsAre("my paper.toc", "my paper.bbl"));
}

TEST(LogParser, FilesAreRelativeToTheProject) {
  const auto file = [](std::string_view text, std::string_view folder) {
    return parse_log(text, folder).diagnostics.at(0).file;
  };
  EXPECT_EQ(file("./a.tex:1: Bad\n", ""), "a.tex");
  EXPECT_EQ(file("./a.tex:1: Bad\n", "thesis/"), "thesis/a.tex");
  EXPECT_EQ(file("../lib/a.tex:1: Bad\n", "thesis"), "lib/a.tex");
  EXPECT_EQ(file("/job/thesis/a.tex:1: Bad\n", "thesis"), "thesis/a.tex");
  EXPECT_EQ(file("\"my a.tex\":1: Bad\n", ""), "my a.tex");
  EXPECT_EQ(file("/usr/share/texlive/x/y.sty:1: Bad\n", ""), "y.sty");
}

TEST(LogParser, TellsNoMoreThanTwoHundredThings) {
  std::string text;
  for (int line = 1; line <= 1000; ++line) {
    text += "./a.tex:" + std::to_string(line) + ": Bad\n\nLaTeX Warning: W" + std::to_string(line) + "\n\n";
  }
  const auto log = parse_log(text);
  EXPECT_EQ(log.diagnostics.size(), 200U);
  EXPECT_THAT(as_lines(log.diagnostics), Each(StartsWith("error a.tex:")));
}

TEST(LogParser, HostileLogsGiveBoundedAnswers) {
  const std::string parens(1'000'000, '(');
  EXPECT_THAT(parse_log(parens).diagnostics, IsEmpty());
  std::string unbroken;
  while (unbroken.size() < 1'000'000) {
    unbroken += std::string(79, 'x') + '\n';
  }
  EXPECT_THAT(parse_log("! " + unbroken).diagnostics.at(0).message.size(), ::testing::Lt(1000U));
  std::string names;
  for (int i = 0; i < 5000; ++i) {
    names += "No file f" + std::to_string(i) + ".\n";
  }
  EXPECT_EQ(parse_log(names).missing_files.size(), 1000U);
}

TEST(LogParser, ReadsPagesAndBytesOfNamesWithBlanksAndParentheses) {
  const auto log = parse_log("Output written on \"my (new) paper.pdf\" (12 pages, 34567 bytes).\n");
  EXPECT_EQ(log.pages, 12);
  EXPECT_EQ(log.output_bytes, 34567U);
}

}  // namespace
}  // namespace texbuild::tex
