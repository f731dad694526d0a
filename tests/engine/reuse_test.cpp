// Builds that go on from an earlier one's files, held against builds that begin with nothing: what comes of them must
// not be told apart.
#include "tests/engine/real_engine.hpp"

#include <cstdlib>
#include <map>
#include <random>

namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using texbuild::build_outcome;
using texbuild::engine_options;
using texbuild::project;

using sources = std::map<std::string, std::string>;

struct Reuse : RealEngine {
  engine_options with_date() const {
    auto o = options();
    o.source_date = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);
    o.result_cache_bytes = 0;
    return o;
  }
  texbuild::engine keeping = texbuild::engine::open(with_date()).value();
  texbuild::engine anew = texbuild::engine::open([this] {
                            auto o = with_date();
                            o.keep_state = false;
                            return o;
                          }())
                              .value();

  static project paper_of(const sources& files, const temporary_folder& folder) {
    for (const auto& [name, text] : files) write_file(folder.path() / name, text);
    return project::from_folder(folder.path()).value();
  }
  static std::string bytes_of(texbuild::engine& from, const std::string& id, const std::string& name) {
    auto opened = from.open_artifact(id, name);
    if (!opened) return "";
    auto text = opened->bytes().read_all().value();
    // The log begins with how it was started, and ends with what memory was used.
    if (name == "log") text = text.substr(text.find('\n'), text.rfind("Here is how much of TeX's memory"));
    return text;
  }
  /// Builds both ways and compares everything; the build that may have gone on from an earlier one.
  build_outcome both(const sources& files) {
    const temporary_folder folder;
    const auto paper = paper_of(files, folder);
    auto kept = keeping.build(paper, request).value();
    const auto clean = anew.build(paper, request).value();
    EXPECT_EQ(kept.info.status, clean.info.status);
    EXPECT_EQ(kept.info.message, clean.info.message);
    EXPECT_EQ(kept.diagnostics, clean.diagnostics);
    std::vector<std::string> names{"pdf", "log"};
    std::vector<std::string> kept_names;
    std::vector<std::string> clean_names;
    for (const auto& f : kept.outputs) kept_names.push_back(f.name);
    for (const auto& f : clean.outputs) clean_names.push_back(f.name);
    EXPECT_EQ(kept_names, clean_names);
    for (const auto& name : clean_names)
      if (!name.ends_with("lg")) names.push_back(name);  // bibtex's and makeindex's logs
    for (const auto& name : names) {
      const bool same = bytes_of(keeping, kept.info.id, name) == bytes_of(anew, clean.info.id, name);
      EXPECT_TRUE(same) << name << " differs";
    }
    return kept;
  }
};

std::string chapter(int n) {
  const auto i = std::to_string(n);
  return "\\chapter{Chapter " + i + "}\\label{ch" + i + "}\nSee \\cite{key" + i + "} and page~\\pageref{ch" +
         std::to_string(n % 3 + 1) + "}.\\index{word" + i + "}\n\\section{First}\\label{s" + i +
         "}\nSome text.\\newpage\nMore text\\footnote{In chapter~\\ref{ch" + i + "}.}.\n";
}

std::string entry(int n) {
  const auto i = std::to_string(n);
  return "@book{key" + i + ", author = {Author " + std::string(1, static_cast<char>('Z' - n)) + "}, title = {Title " +
         i + "}, publisher = {P}, year = {19" + std::to_string(70 + n) + "}}\n";
}

sources book() {
  sources s;
  s["main.tex"] =
      "\\documentclass{book}\n\\usepackage{makeidx,longtable,graphicx}\n\\usepackage{hyperref}\n\\makeindex\n"
      "\\begin{document}\n\\tableofcontents\n\\include{chapters/c1}\n\\include{chapters/c2}\n\\include{chapters/c3}\n"
      "\\bibliographystyle{plain}\n\\bibliography{refs}\n\\printindex\n\\end{document}\n";
  for (int i = 1; i <= 3; ++i) s["chapters/c" + std::to_string(i) + ".tex"] = chapter(i);
  s["chapters/c2.tex"] += "\\begin{longtable}{ll}a & b\\\\ long cell & c\\\\ \\end{longtable}\n\\input{part}\n";
  s["part.tex"] = "An input file.\n";
  for (int i = 1; i <= 3; ++i) s["refs.bib"] += entry(i);
  return s;
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

TEST_F(Reuse, TakesOnePassForAnEdit) {
  auto paper = book();
  EXPECT_GE(both(paper).info.passes, 3);
  replace(paper["chapters/c2.tex"], "Some text", "Other words");
  EXPECT_EQ(both(paper).info.passes, 1);
  replace(paper["part.tex"], "An input file", "Changed");
  EXPECT_EQ(both(paper).info.passes, 1);
  EXPECT_EQ(keeping.stats().kept_state_used, 2U);
  EXPECT_EQ(keeping.stats().kept_state_thrown_away, 0U);
}

TEST_F(Reuse, RunsHelpersAgainWhenWhatTheyReadChanged) {
  auto paper = book();
  (void)both(paper);
  paper["refs.bib"] += entry(4);
  replace(paper["refs.bib"], "Title 2", "Renamed");
  EXPECT_THAT(text_of(*both(paper).pdf), HasSubstr("Renamed"));
  replace(paper["chapters/c1.tex"], "index{word1}", "index{zebra}");
  EXPECT_THAT(text_of(*both(paper).pdf), HasSubstr("zebra"));
  replace(paper["chapters/c3.tex"], "cite{key3}", "cite{key4}");
  EXPECT_THAT(text_of(*both(paper).pdf), HasSubstr("Title 4"));
  replace(paper["main.tex"], "{plain}", "{alpha}");
  (void)both(paper);
}

TEST_F(Reuse, HasNothingLeftOfWhatWasTakenOut) {
  auto paper = book();
  (void)both(paper);
  replace(paper["main.tex"], "\\include{chapters/c3}\n", "");
  EXPECT_THAT(text_of(*both(paper).pdf), Not(HasSubstr("Chapter 3")));
  replace(paper["main.tex"], "\\begin{document}", "\\includeonly{chapters/c1}\\begin{document}");
  (void)both(paper);
  replace(paper["main.tex"], "\\makeindex\n", "");
  (void)both(paper);
  replace(paper["main.tex"], "\\tableofcontents\n", "");
  (void)both(paper);
  replace(paper["main.tex"], "\\bibliography{refs}", "");
  (void)both(paper);
  replace(paper["main.tex"], "\\usepackage{hyperref}\n", "");
  (void)both(paper);
  paper["chapters/c1.tex"] = "Nothing much.\n";
  (void)both(paper);
}

TEST_F(Reuse, ThrowsAwayWhatLeadsToAnError) {
  sources paper{{"main.tex", article("\\newcommand\\mine{\\textbf{x}}\\section[\\mine]{A}\\tableofcontents")}};
  replace(paper["main.tex"], "\\newcommand\\mine{\\textbf{x}}", "");
  replace(paper["main.tex"], "\\begin{document}", "\\DeclareRobustCommand\\mine{x}\n\\begin{document}");
  ASSERT_TRUE(both(paper).succeeded());
  replace(paper["main.tex"], "\\DeclareRobustCommand\\mine{x}\n", "");
  replace(paper["main.tex"], "[\\mine]", "");
  EXPECT_TRUE(both(paper).succeeded());  // the old .toc names a command that is no more
  EXPECT_EQ(keeping.stats().kept_state_thrown_away, 1U);
}

TEST_F(Reuse, ShowsAnErrorOfTheDocumentAsABuildWithNothingDoes) {
  auto paper = book();
  (void)both(paper);
  paper["part.tex"] = "\\undefinedcommand\n";
  EXPECT_FALSE(both(paper).succeeded());
  paper["part.tex"] = "Mended.\n";
  EXPECT_EQ(both(paper).info.passes, 1);
}

TEST_F(Reuse, KeepsNoFileThatADocumentWritesOnlyOnce) {
  sources paper{{"main.tex",
                 "\\begin{filecontents}{own.bib}\n@book{k, author={A}, title={First}, publisher={P}, year={1990}}\n"
                 "\\end{filecontents}\n" +
                     article("\\cite{k}\\bibliographystyle{plain}\\bibliography{own}")}};
  (void)both(paper);
  replace(paper["main.tex"], "First", "Second");
  EXPECT_THAT(text_of(*both(paper).pdf), HasSubstr("Second"));
}

TEST_F(Reuse, WorksForBiberAndXelatex) {
  request.engine = texbuild::tex_engine::xelatex;
  sources paper{{"main.tex", article("\\section{One}See \\cite{key1}.\\printbibliography",
                                     "\\usepackage{biblatex}\\addbibresource{refs.bib}")},
                {"refs.bib", entry(1) + entry(2)}};
  EXPECT_GE(both(paper).info.passes, 2);
  replace(paper["main.tex"], "{One}", "{Uno}");
  EXPECT_LE(both(paper).info.passes, 2);
  replace(paper["main.tex"], "See", "Look at");
  EXPECT_EQ(both(paper).info.passes, 1);
  replace(paper["refs.bib"], "Title 1", "Another");
  EXPECT_THAT(text_of(*both(paper).pdf), HasSubstr("Another"));
}

TEST_F(Reuse, WorksForGlossaries) {
  sources paper{
      {"main.tex", article("\\gls{tex} is old.\\printglossaries",
                           "\\usepackage{glossaries}\\makeglossaries\n\\newglossaryentry{tex}{name=TeX,"
                           "description={a program}}\n\\newglossaryentry{ps}{name=PS,description={another}}")}};
  EXPECT_GE(both(paper).info.passes, 2);
  replace(paper["main.tex"], "old", "young");
  EXPECT_EQ(both(paper).info.passes, 1);
  replace(paper["main.tex"], "young", "like \\gls{ps}");
  EXPECT_THAT(text_of(*both(paper).pdf), HasSubstr("another"));
}

// As babel's shorthands do.
TEST_F(Reuse, BearsThatAPackageIsTakenOutWhoseCommandsAreInTheAux) {
  const std::string package =
      "\\def\\mine#1{}\\makeatletter\\AtBeginDocument{\\immediate\\write\\@auxout{\\string\\mine{x}}}";
  sources paper{{"main.tex", article("\\section{One}\\label{a}\\ref{a}", package)}};
  ASSERT_TRUE(both(paper).succeeded());
  replace(paper["main.tex"], package, "");
  EXPECT_TRUE(both(paper).succeeded());
  EXPECT_EQ(keeping.stats().kept_state_thrown_away, 1U);
}

TEST_F(Reuse, WorksForTalks) {
  sources paper{
      {"main.tex",
       "\\documentclass{beamer}\n\\begin{document}\n\\section{One}\\begin{frame}[fragile]{A}\\verb|x|"
       "\n\\end{frame}\n\\section{Two}\n\\begin{frame}{B}text\\tableofcontents\\end{frame}\n\\end{document}\n"}};
  EXPECT_GE(both(paper).info.passes, 2);
  replace(paper["main.tex"], "text", "word");
  EXPECT_EQ(both(paper).info.passes, 1);
}

TEST_F(Reuse, IsNeverAcrossOwnersOrProjects) {
  auto paper = book();
  (void)both(paper);
  request.owner = "somebody else";
  EXPECT_GE(both(paper).info.passes, 3);
  request.project = "a project of that name";
  EXPECT_GE(both(paper).info.passes, 3);
  EXPECT_EQ(both(paper).info.passes, 1);
  request.shell_escape = false;
}

// Every edit that people make, at random but the same each time; TEXBUILD_EDITS asks for more of them.
TEST_F(Reuse, CannotBeToldFromABuildWithNothingAfterRandomEdits) {
  const char* wanted = std::getenv("TEXBUILD_EDITS");
  const int edits = wanted == nullptr ? 16 : std::atoi(wanted);
  std::mt19937 random(2026);
  const auto any = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  auto paper = book();
  (void)both(paper);
  int single = 0;
  for (int edit = 0; edit < edits && !HasFailure(); ++edit) {
    auto& part = paper["chapters/c" + std::to_string(1 + any(3)) + ".tex"];
    auto& top = paper["main.tex"];
    const auto n = std::to_string(edit);
    const int what = any(16);
    switch (what) {
      case 0:
        part += "A new paragraph " + n + ".\n\n";
        break;
      case 1:
        replace(part, "text", "words of edit " + n);
        break;
      case 2:
        part += "\\section{Section " + n + "}\\label{n" + n + "}\n";
        break;
      case 3:
        part += "See \\ref{n" + std::to_string(any(edit + 1)) + "}.\n";
        break;
      case 4:
        part += "\\index{entry " + n + "}\n";
        break;
      case 5:
        part += "As \\cite{key" + std::to_string(1 + any(5)) + "} says.\n";
        break;
      case 6:
        paper["refs.bib"] += "% a comment " + n + "\n";
        break;
      case 7:
        paper["refs.bib"] += entry(4 + any(2)).replace(6, 3, "k" + n);
        break;
      case 8:
        replace(paper["refs.bib"], "Title", "Book");
        break;
      case 9:
        part += std::string(static_cast<std::size_t>(any(3) + 1), '\n') + "\\newpage\nNew page.\n";
        break;
      case 10:
        part = chapter(1 + any(3));
        break;
      case 11:
        replace(top, "\\usepackage{hyperref}", "%\\usepackage{hyperref}");
        break;
      case 12:
        replace(top, "%\\usepackage{hyperref}", "\\usepackage{hyperref}");
        break;
      case 13:
        replace(part, "\\section{", "\\section{Re");
        break;
      case 14:
        paper["part.tex"] = "\\begin{longtable}{l|l}" + std::string(static_cast<std::size_t>(any(20)), 'x') +
                            " & y\\\\ \\end{longtable}\\input{late}\n";
        paper["late.tex"] = "Written for edit " + n + ".\n";
        break;
      default:
        replace(part, "See ", "Consult ");
        break;
    }
    SCOPED_TRACE("edit " + n + " of kind " + std::to_string(what));
    single += both(paper).info.passes == 1 ? 1 : 0;
  }
  EXPECT_GT(single * 3, edits);
  std::printf("%d of %d edits took one pass; thrown away: %d\n", single, edits,
              static_cast<int>(keeping.stats().kept_state_thrown_away));
}

}  // namespace
