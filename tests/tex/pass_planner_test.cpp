#include "src/tex/pass_planner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace texbuild::tex {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using files = std::map<std::string, std::string>;

log_summary one_page(std::vector<std::string> missing = {}) {
  log_summary log;
  log.pages = 1;
  log.missing_files = std::move(missing);
  return log;
}

// A document as the planner sees it: the test says what each step leaves, and reads which step comes next.
class document {
 public:
  explicit document(std::string main_file = "main.tex", tex_engine engine = tex_engine::pdflatex) {
    plan_options options;
    options.main_file = std::move(main_file);
    options.engine = engine;
    planner = pass_planner(options);
    now = planner.next(nullptr);
  }

  // The step ends: it wrote `wrote`, and read `read` besides every .aux that is there.
  document& ran(const files& wrote, std::vector<std::string> read = {}, const log_summary& said = one_page()) {
    step_report report;
    report.succeeded = exit_status == 0;
    report.exit_status = exit_status;
    report.before = digests();
    for (const auto& [name, content] : wrote) {
      folder[name] = content;
      report.outputs.push_back(name);
    }
    report.after = digests();
    if (now.kind == step_kind::engine) {
      report.inputs = std::move(read);
      for (const auto& [name, content] : folder) {
        if (name.ends_with(".aux")) {
          report.inputs.push_back(name);
        }
      }
      report.log = said;
    } else {
      report.outputs.clear();
    }
    now = planner.next(&report);
    return *this;
  }

  pass_planner planner{plan_options{}};
  step now;
  files folder;
  int exit_status = 0;

 private:
  [[nodiscard]] file_digests digests() const {
    file_digests all;
    for (const auto& [name, content] : folder) {
      if (is_watched(name)) {
        all[name] = digest(name, content);
      }
    }
    return all;
  }
};

const std::string cites_a = "\\relax\n\\citation{a}\n\\bibstyle{plain}\n\\bibdata{refs}\n";

TEST(PassPlanner, HelloWorldIsOnePass) {
  document doc;
  EXPECT_EQ(doc.now.kind, step_kind::engine);
  EXPECT_EQ(doc.now.pass, 1);
  EXPECT_THAT(doc.now.arguments, ElementsAre("pdflatex", "-interaction=nonstopmode", "-file-line-error", "-synctex=1",
                                             "-recorder", "-shell-restricted", "-jobname=main", "main.tex"));
  doc.ran({{"main.aux", "\\relax\n\\gdef \\@abspage@last{1}\n"}, {"main.log", "x"}, {"main.pdf", "y"}});
  EXPECT_EQ(doc.now.kind, step_kind::done);
  EXPECT_EQ(doc.planner.passes(), 1);
  EXPECT_FALSE(doc.planner.gave_up());
  EXPECT_EQ(doc.planner.next(nullptr).kind, step_kind::done);
}

TEST(PassPlanner, LabelsNeedASecondPassAndNoThird) {
  document doc;
  doc.ran({{"main.aux", "\\newlabel{a}{{1}{1}}"}});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
  EXPECT_EQ(doc.now.pass, 2);
  EXPECT_THAT(doc.planner.still_changing(), ElementsAre("main.aux"));
  doc.ran({{"main.aux", "\\newlabel{a}{{1}{1}}"}});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, AnEditedDocumentWithItsAuxFilesIsOnePass) {
  document doc;
  doc.folder = {{"main.aux", "\\newlabel{a}{{1}{1}}"}, {"main.toc", "A"}};
  doc.ran({{"main.aux", "\\newlabel{a}{{1}{1}}"}, {"main.toc", "A"}}, {"main.toc"});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, ATrustedHelperRunsOnlyIfItsInputsChanged) {
  document first;
  first.ran({{"main.aux", cites_a}});
  ASSERT_EQ(first.now.kind, step_kind::bibtex);
  const auto seen = first.planner.seen();
  EXPECT_TRUE(seen.contains("bibtex main"));

  document same;
  same.planner.trust(seen);
  same.folder = {{"main.aux", cites_a}, {"main.bbl", "A"}};
  same.ran({{"main.aux", cites_a}}, {"main.bbl"});
  EXPECT_EQ(same.now.kind, step_kind::done);
  EXPECT_TRUE(same.planner.wanted("bibtex main"));
  EXPECT_FALSE(same.planner.wanted("biber main"));

  document edited;
  edited.planner.trust(seen);
  edited.folder = {{"main.aux", cites_a}, {"main.bbl", "A"}};
  edited.ran({{"main.aux", "\\citation{b}\n" + cites_a}}, {"main.bbl"});
  EXPECT_EQ(edited.now.kind, step_kind::bibtex);
}

TEST(PassPlanner, MakeindexRunsAgainForAnotherStyle) {
  document first;
  auto log = one_page();
  log.index_commands = {"makeindex -s one.ist main.idx"};
  first.ran({{"main.idx", "x"}}, {}, log);
  ASSERT_EQ(first.now.kind, step_kind::makeindex);
  for (const char* style : {"one", "two"}) {
    document next;
    next.planner.trust(first.planner.seen());
    next.folder = {{"main.idx", "x"}, {"main.ind", "X"}};
    log.index_commands = {"makeindex -s " + std::string(style) + ".ist main.idx"};
    next.ran({{"main.idx", "x"}}, {"main.ind"}, log);
    EXPECT_EQ(next.now.kind, std::string(style) == "one" ? step_kind::done : step_kind::makeindex);
  }
}

TEST(PassPlanner, BibtexRunsOnceBetweenThreePasses) {
  document doc;
  doc.ran({{"main.aux", cites_a}}, {}, one_page({"main.aux", "main.bbl"}));
  EXPECT_EQ(doc.now.kind, step_kind::bibtex);
  EXPECT_EQ(doc.now.target, "main");
  EXPECT_THAT(doc.now.arguments, ElementsAre("bibtex", "main"));
  doc.ran({{"main.bbl", "\\bibitem{a}"}});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
  doc.ran({{"main.aux", cites_a + "\\bibcite{a}{1}\n"}}, {"main.bbl"});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
  EXPECT_EQ(doc.now.pass, 3);
  doc.ran({{"main.aux", cites_a + "\\bibcite{a}{1}\n"}}, {"main.bbl"});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, BibtexRunsAgainOnlyWhenCitationsChanged) {
  document doc;
  doc.ran({{"main.aux", cites_a}}, {}, one_page({"main.bbl"})).ran({{"main.bbl", "1"}});
  doc.ran({{"main.aux", cites_a + "\\citation{b}\n"}}, {"main.bbl"});
  EXPECT_EQ(doc.now.kind, step_kind::bibtex);
  doc.ran({});
  EXPECT_EQ(doc.now.kind, step_kind::done) << "its output is as before, and so is all that TeX reads of the .aux";
}

TEST(PassPlanner, BibtexRunsAgainWhenADatabaseThatTheDocumentWritesChanged) {
  document doc;
  doc.ran({{"main.aux", cites_a}, {"refs.bib", "1"}}, {}, one_page({"main.bbl"})).ran({{"main.bbl", "1"}});
  doc.ran({{"main.aux", cites_a}, {"refs.bib", "2"}}, {"main.bbl"});
  EXPECT_EQ(doc.now.kind, step_kind::bibtex);
}

TEST(PassPlanner, AnAuxThatCitesNothingNeedsNoBibtex) {
  document doc;
  doc.ran({{"main.aux", "\\relax\n\\bibstyle{plain}\n\\bibdata{refs}\n"}}, {}, one_page({"main.bbl"}));
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, AShippedBblStaysWhenBibtexFails) {
  document doc;
  doc.folder = {{"main.bbl", "shipped"}};
  doc.ran({{"main.aux", cites_a + "\\bibcite{a}{1}\n"}}, {"main.bbl"});
  ASSERT_EQ(doc.now.kind, step_kind::bibtex);
  doc.exit_status = 2;
  doc.ran({});
  EXPECT_EQ(doc.now.kind, step_kind::engine) << "for the \\bibcite";
  doc.exit_status = 0;
  doc.ran({{"main.aux", cites_a + "\\bibcite{a}{1}\n"}}, {"main.bbl"});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, ABibliographyInAnIncludedFileIsTheMainOne) {
  document doc;
  doc.ran({{"main.aux", "\\@input{one.aux}\n\\@input{back.aux}\n"},
           {"one.aux", "\\citation{a}\n"},
           {"back.aux", "\\bibstyle{plain}\n\\bibdata{refs}\n"}},
          {}, one_page({"main.bbl"}));
  EXPECT_EQ(doc.now.kind, step_kind::bibtex);
  EXPECT_EQ(doc.now.target, "main");
  doc.ran({{"main.bbl", "x"}});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
}

TEST(PassPlanner, ChaptersWithTheirOwnBibliographiesGetBibtexEach) {
  document doc;
  doc.ran({{"main.aux", "\\@input{ch/one.aux}\n\\@input{two.aux}\n"}, {"ch/one.aux", cites_a}, {"two.aux", cites_a}},
          {}, one_page({"ch/one.bbl", "two.bbl"}));
  EXPECT_EQ(doc.now.target, "ch/one");
  doc.ran({{"ch/one.bbl", "x"}});
  EXPECT_EQ(doc.now.target, "two");
  doc.ran({{"two.bbl", "x"}});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
}

TEST(PassPlanner, AnAuxOfAnotherDocumentIsLeftAlone) {
  document doc;
  doc.folder = {{"supplement.aux", cites_a}};
  doc.ran({{"main.aux", "\\relax\n"}}, {}, one_page({"supplement.bbl"}));
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, AuxFilesThatIncludeEachOtherEnd) {
  document doc;
  doc.ran({{"main.aux", "\\@input{main.aux}\n\\@input{b.aux}\n" + cites_a}, {"b.aux", "\\@input{main.aux}\n"}}, {},
          one_page({"main.bbl"}));
  EXPECT_EQ(doc.now.kind, step_kind::bibtex);
}

TEST(PassPlanner, BiberRunsWhenItsControlFileChanged) {
  document doc;
  doc.ran({{"main.aux", "\\abx@aux@cite{a}"}, {"main.bcf", "1"}});
  EXPECT_THAT(doc.now.arguments, ElementsAre("biber", "main"));
  doc.ran({{"main.bbl", "x"}});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
  doc.ran({{"main.aux", "\\abx@aux@cite{a}"}, {"main.bcf", "1"}}, {"main.bbl"});
  EXPECT_EQ(doc.now.kind, step_kind::done);
  EXPECT_EQ(doc.planner.passes(), 2);
}

TEST(PassPlanner, IndexesAreSortedWithTheOptionsThatTheLogAsksFor) {
  document doc;
  auto log = one_page({"main.ind", "names.ind"});
  log.index_commands = {"makeindex -s my.ist -c -t /etc/x -o evil.tex --help main.idx", "makeindex -l names"};
  doc.ran({{"main.aux", "\\relax"}, {"main.idx", "\\indexentry{a}{1}"}, {"names.idx", "\\indexentry{b}{1}"}}, {}, log);
  EXPECT_EQ(doc.now.kind, step_kind::makeindex);
  EXPECT_THAT(doc.now.arguments, ElementsAre("makeindex", "-s", "my.ist", "-c", "main.idx"));
  doc.ran({{"main.ind", "x"}});
  EXPECT_THAT(doc.now.arguments, ElementsAre("makeindex", "-l", "names.idx"));
  doc.ran({{"names.ind", "x"}});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
  doc.ran({{"main.aux", "\\relax"}, {"main.idx", "\\indexentry{a}{1}"}, {"names.idx", "\\indexentry{b}{1}"}},
          {"main.ind", "names.ind"}, log);
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, AnIndexMayHaveBlanksInItsName) {
  document doc("my paper.tex");
  auto log = one_page();
  log.index_commands = {"makeindex -s gind.ist my paper.idx"};
  doc.ran({{"my paper.aux", "\\relax"}, {"my paper.idx", "\\indexentry{a}{1}"}}, {}, log);
  EXPECT_THAT(doc.now.arguments, ElementsAre("makeindex", "-s", "gind.ist", "my paper.idx"));
}

TEST(PassPlanner, AnEmptyIndexNeedsNothing) {
  document doc;
  doc.ran({{"main.aux", "\\relax"}, {"main.idx", ""}});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, ANomenclatureIsSortedInItsOwnStyle) {
  document doc;
  doc.ran({{"main.aux", "\\relax"}, {"main.nlo", "\\nomenclatureentry{a}"}});
  EXPECT_THAT(doc.now.arguments,
              ElementsAre("makeindex", "-s", "nomencl.ist", "-o", "main.nls", "-t", "main.nlg", "main.nlo"));
}

// Some helpers put entries right in the very file that they read; the engine writes the old ones again in every pass.
TEST(PassPlanner, AHelperThatRepairsItsInputRunsOnceAndTheDocumentSettles) {
  const std::string aux = "\\@istfilename{main.ist}\n\\@newglossary{main}{glg}{gls}{glo}\n";
  document doc;
  doc.ran({{"main.aux", aux}, {"main.glo", "\\glossaryentry{a|(}{1}"}}, {}, one_page({"main.gls"}));
  ASSERT_EQ(doc.now.kind, step_kind::glossary);
  doc.ran({{"main.glo", "\\glossaryentry{a}{1}"}, {"main.gls", "a 1"}});
  ASSERT_EQ(doc.now.kind, step_kind::engine);
  doc.ran({{"main.aux", aux}, {"main.glo", "\\glossaryentry{a|(}{1}"}}, {"main.gls"});
  EXPECT_EQ(doc.now.kind, step_kind::done);
  EXPECT_FALSE(doc.planner.gave_up());
}

TEST(PassPlanner, GlossariesAreMadeWhenTheirEntriesChanged) {
  const std::string aux =
      "\\@istfilename{main.ist}\n\\@newglossary{main}{glg}{gls}{glo}\n\\@newglossary{n}{nlg}{not}{ntn}\n";
  document doc;
  doc.ran({{"main.aux", aux}, {"main.glo", ""}, {"main.ntn", "x"}, {"main.ist", "s"}});
  EXPECT_THAT(doc.now.arguments,
              ElementsAre("makeindex", "-s", "main.ist", "-t", "main.nlg", "-o", "main.not", "main.ntn"));
  doc.ran({{"main.not", "y"}});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
  doc.ran({{"main.aux", aux}, {"main.glo", ""}, {"main.ntn", "x"}, {"main.ist", "s"}}, {"main.not"});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, GlossariesOfXindyAreMadeInTheirLanguage) {
  const std::string aux =
      "\\@istfilename{main.xdy}\n\\@newglossary{main}{glg}{gls}{glo}\n\\@xdylanguage{main}{german}\n";
  document doc;
  doc.ran({{"main.aux", aux}, {"main.glo", "x"}, {"main.xdy", "s"}});
  EXPECT_THAT(doc.now.arguments, ElementsAre("xindy", "-L", "german", "-C", "utf8", "-I", "xindy", "-M", "main", "-t",
                                             "main.glg", "-o", "main.gls", "main.glo"));
}

TEST(PassPlanner, XelatexMakesItsPdfOnceAtTheEnd) {
  document doc("main.tex", tex_engine::xelatex);
  EXPECT_THAT(doc.now.arguments, Contains("-no-pdf"));
  doc.ran({{"main.aux", "\\newlabel{a}{1}"}});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
  doc.ran({{"main.aux", "\\newlabel{a}{1}"}});
  EXPECT_EQ(doc.now.kind, step_kind::dvipdf);
  EXPECT_THAT(doc.now.arguments, ElementsAre("xdvipdfmx", "-q", "-E", "-o", "main.pdf", "main.xdv"));
  doc.ran({});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, WithoutPagesThereIsNoPdfToMake) {
  document doc("main.tex", tex_engine::xelatex);
  doc.exit_status = 1;
  doc.ran({{"main.aux", "\\relax"}}, {}, log_summary{});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, AFatalErrorEndsAtOnce) {
  document doc;
  log_summary log;
  log.fatal = true;
  doc.exit_status = 1;
  doc.ran({{"main.aux", "\\newlabel{a}{1}"}, {"main.idx", "x"}}, {}, log);
  EXPECT_EQ(doc.now.kind, step_kind::done);
  EXPECT_FALSE(doc.planner.gave_up());
}

TEST(PassPlanner, AKilledEngineIsNotRunAgain) {
  document doc;
  doc.exit_status = 137;
  doc.ran({{"main.aux", "\\newlabel{a}{1}"}});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, ErrorsFromAStaleAuxAreGoneInTheNextPass) {
  document doc;
  doc.folder = {{"main.aux", "\\nosuchmacro{"}};
  doc.exit_status = 1;
  doc.ran({{"main.aux", "\\relax\n"}});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
  doc.exit_status = 0;
  doc.ran({{"main.aux", "\\relax\n"}});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, ChangedFilesThatNobodyReadDoNotMatter) {
  document doc;
  doc.folder = {{"main.lof", "old"}, {"main.aux", "\\relax"}};
  doc.ran({{"main.aux", "\\relax"}, {"main.lof", "new"}});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, FilesThatAreReadAfterTheyWereWrittenDoNotMatter) {
  document doc;
  doc.ran({{"main.aux", "\\relax"}, {"main.vrb", "frame"}, {"data.csv", "1"}, {"main.ent", "notes"}},
          {"main.vrb", "data.csv", "main.ent"});
  EXPECT_EQ(doc.now.kind, step_kind::done);
}

TEST(PassPlanner, ANewTableOfContentsMatters) {
  document doc;
  doc.ran({{"main.aux", "\\relax"}, {"main.toc", "A"}});
  EXPECT_EQ(doc.now.kind, step_kind::engine);
}

TEST(PassPlanner, ASourceFileThatWasMissedAndIsThereNowMatters) {
  document doc;
  doc.ran({{"main.aux", "\\relax"}, {"answers.tex", "42"}}, {}, one_page({"answers.tex"}));
  EXPECT_EQ(doc.now.kind, step_kind::engine);
}

TEST(PassPlanner, ARequestOfTheLogIsHeardOnlyIfAnythingIsNew) {
  auto log = one_page();
  log.rerun_requested = true;
  document doc;
  doc.ran({{"main.aux", "\\gdef \\@abspage@last{2}\n"}}, {}, log);
  EXPECT_EQ(doc.now.kind, step_kind::engine) << "the page count is new";
  doc.ran({{"main.aux", "\\gdef \\@abspage@last{2}\n"}}, {}, log);
  EXPECT_EQ(doc.now.kind, step_kind::done) << "another run would see just the same";
  EXPECT_FALSE(doc.planner.gave_up());
}

TEST(PassPlanner, ADocumentThatNeverSettlesIsGivenUp) {
  document doc;
  for (int pass = 1; pass <= 6; ++pass) {
    ASSERT_EQ(doc.now.kind, step_kind::engine) << pass;
    doc.ran({{"main.aux", "\\newlabel{a}{" + std::to_string(pass) + "}"}});
  }
  EXPECT_EQ(doc.now.kind, step_kind::done);
  EXPECT_TRUE(doc.planner.gave_up());
  EXPECT_EQ(doc.planner.passes(), 6);
  EXPECT_THAT(doc.planner.still_changing(), ElementsAre("main.aux"));
}

TEST(PassPlanner, NoNameOfAMainFileIsReadAsTex) {
  const auto argument = [](const std::string& name) { return document(name).now.arguments.back(); };
  EXPECT_EQ(argument("my paper.tex"), "./my paper.tex");
  EXPECT_EQ(argument("Ünïcode.tex"), "./Ünïcode.tex");
  EXPECT_EQ(argument("&latex.tex"), "./&latex.tex");
  EXPECT_EQ(argument("-x.tex"), "./-x.tex");
  EXPECT_EQ(argument("a#$b.tex"), "./a#$b.tex");
  EXPECT_EQ(argument("~t.tex"), "\\csname @@input\\endcsname \"./\\string~t.tex\"");
  EXPECT_EQ(argument("a%b.tex"), "\\csname @@input\\endcsname \"./a\\csname @percentchar\\endcsname b.tex\"");
  EXPECT_EQ(argument("\\end.tex"), "\\csname @@input\\endcsname \"./\\csname @backslashchar\\endcsname end.tex\"");
  EXPECT_EQ(argument("a  b.tex"), "\\csname @@input\\endcsname \"./a\\space \\space b.tex\"");
}

TEST(PassPlanner, TheJobIsNamedForTheMainFile) {
  EXPECT_EQ(job_name_of("main.tex"), "main");
  EXPECT_EQ(job_name_of("thesis/my paper.v2.tex"), "my paper.v2");
  EXPECT_EQ(job_name_of("Ünïcode.tex"), "Ünïcode");
  EXPECT_EQ(job_name_of("~a\"b%.tex"), "_a_b_");
  EXPECT_EQ(job_name_of("-v.tex"), "_v");
  EXPECT_EQ(job_name_of(".hidden.tex"), "_hidden");
  EXPECT_EQ(job_name_of(".tex"), "texput");
}

TEST(PassPlanner, ShellEscapeIsAskedForInWords) {
  plan_options options;
  options.main_file = "main.tex";
  options.shell_escape = true;
  pass_planner planner(options);
  const auto arguments = planner.next(nullptr).arguments;
  EXPECT_THAT(arguments, Contains("-shell-escape"));
  EXPECT_EQ(std::ranges::count(arguments, "-shell-restricted"), 0);
}

}  // namespace
}  // namespace texbuild::tex
