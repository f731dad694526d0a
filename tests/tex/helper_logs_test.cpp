#include "src/tex/log_parser.hpp"
#include "tests/tex/log_fixture.hpp"

#include <gmock/gmock.h>

namespace texbuild::tex {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HelperLogs, BibtexErrorsNameTheDatabaseAndLine) {
  EXPECT_THAT(as_lines(parse_bibtex_log(log_text("bibtex_errors.blg"))),
              ElementsAre("error refs.bib:3: I was expecting a `,' or a `}'", "error refs.bib:4: Repeated entry",
                          "warning refs.bib:5: string name \"nostring\" is undefined",
                          "warning I didn't find a database entry for \"zz\"", "warning empty publisher in b",
                          "warning empty year in b", "warning empty publisher in a", "warning empty journal in c",
                          "warning empty year in c"));
}

TEST(HelperLogs, BibtexSaysWhichDatabaseIsMissing) {
  EXPECT_THAT(as_lines(parse_bibtex_log(log_text("bibtex_missing_database.blg"), "thesis")),
              ElementsAre("error thesis/main.aux:4: I couldn't open database file refs.bib",
                          "error I found no database files---while reading file main.aux",
                          "warning I didn't find a database entry for \"a\""));
}

TEST(HelperLogs, BiberErrorsNameTheDatabaseAndNoTemporaryFolder) {
  EXPECT_THAT(as_lines(parse_biber_log(log_text("biber_errors.blg"))),
              ElementsAre("error refs.bib:3: syntax error: found \"year\", expected end of entry (\"}\" or \")\") "
                          "(skipping to next \"@\")",
                          "warning Duplicate entry key: 'a' in file 'refs.bib', skipping ..."));
  EXPECT_THAT(as_lines(parse_biber_log(log_text("biber_missing_file.blg"))),
              ElementsAre("error Cannot find 'nope.bib'!"));
}

TEST(HelperLogs, MakeindexErrorsNameTheEntry) {
  EXPECT_THAT(as_lines(parse_makeindex_log(log_text("makeindex.ilg"))),
              ElementsAre("error main.idx:2: Extra `!' at position 4 of first argument.",
                          "warning main.idx:3: Unmatched range opening operator (."));
}

TEST(HelperLogs, JunkSaysNothing) {
  const std::string junk = "\xFF\xFE---line \n--line of file\n[ > - \n!! (\n## Warning\n";
  EXPECT_THAT(parse_biber_log(junk), IsEmpty());
  EXPECT_THAT(parse_makeindex_log("## x\n"), IsEmpty());
  EXPECT_THAT(parse_bibtex_log("Warning\n"), IsEmpty());
}

}  // namespace
}  // namespace texbuild::tex
