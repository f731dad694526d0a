// Kinds of projects through HTTP: engines, main files in folders, wrapped ZIPs.
#include "tests/e2e/real_server.hpp"

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace texbuild_test;

struct Projects : RealServer {
  /// Uploads, waits, expects success; the words of the PDF.
  std::string words_of(const std::string& zip, const std::map<std::string, std::string>& fields = {}) {
    id = server.accepted(zip, fields);
    const auto build = server.ended(id);
    EXPECT_EQ(build.text("status"), "completed") << build.body;
    const auto got = server.pdf(id);
    EXPECT_THAT(got.body, StartsWith("%PDF-"));
    info = info_of(got.body);
    return text_of(got.body);
  }
  std::string id;
  std::string info;
};

TEST_F(Projects, AreBuiltByTheEngineThatWasAskedFor) {
  server.start();
  EXPECT_THAT(words_of(zip_of(document("Plain.")), {{"engine", "pdflatex"}}), HasSubstr("Plain."));
  EXPECT_THAT(info, HasSubstr("pdfTeX"));
  EXPECT_THAT(words_of(zip_of(document("Żółć.")), {{"engine", "xelatex"}}), HasSubstr("Żółć."));
  EXPECT_THAT(info, HasSubstr("xdvipdfmx"));
  EXPECT_THAT(words_of(zip_of(document("Sum \\directlua{tex.print(40+2)}.")), {{"engine", "lualatex"}}),
              HasSubstr("Sum 42."));
  EXPECT_THAT(info, HasSubstr("LuaTeX"));
}

TEST_F(Projects, MayNameTheirEngineThemselves) {
  server.start();
  EXPECT_THAT(words_of(zip_of("% !TEX program = xelatex\n" + document("Magic.")), {{"engine", "auto"}}),
              HasSubstr("Magic."));
  EXPECT_THAT(info, HasSubstr("xdvipdfmx"));
  // Asked for by name, it is that engine.
  words_of(zip_of("% !TEX program = xelatex\n" + document("Magic.")), {{"engine", "pdflatex"}});
  EXPECT_THAT(info, HasSubstr("pdfTeX"));
}

TEST_F(Projects, MayHaveTheirMainFileInAFolder) {
  server.start();
  zip_builder zip;
  zip.add("paper/über uns.tex", document("\\input{part}\\input{../common/words}\\input{common/words}"));
  zip.add("paper/part.tex", "Beside.");
  zip.add("common/words.tex", " Shared.");
  EXPECT_THAT(words_of(zip.build(), {{"main_file", "paper/über uns.tex"}}), HasSubstr("Beside. Shared. Shared."));
  EXPECT_EQ(server.get("/api/build/" + id).text("main_file"), "paper/über uns.tex");
}

TEST_F(Projects, MayBeWrappedInOneFolder) {
  server.start();
  zip_builder zip;
  zip.folder("paper-main/");
  zip.add("paper-main/main.tex", document("\\input{sections/one}"));
  zip.add("paper-main/sections/one.tex", "Wrapped.");
  EXPECT_THAT(words_of(zip.build()), HasSubstr("Wrapped."));
}

TEST_F(Projects, NeedNoMainFileNameWhenThereIsOneDocument) {
  server.start();
  zip_builder one;
  one.add("thesis.tex", document("\\input{part}"));
  one.add("part.tex", "Found.");
  EXPECT_THAT(words_of(one.build()), HasSubstr("Found."));
  EXPECT_EQ(server.get("/api/build/" + id).text("main_file"), "thesis.tex");

  zip_builder two;
  two.add("a.tex", document("A"));
  two.add("b.tex", document("B"));
  const auto refused = server.upload(two.build());
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.text("code"), "invalid_input");
  EXPECT_THAT(refused.text("details"), AllOf(HasSubstr("a.tex"), HasSubstr("b.tex")));
}

TEST_F(Projects, MayHoldLinksThatStayInside) {
  server.start();
  zip_builder zip;
  zip.add("main.tex", document("\\input{linked}"));
  zip.add("real/words.tex", "Through a link.");
  zip.link("linked.tex", "real/words.tex");
  EXPECT_THAT(words_of(zip.build()), HasSubstr("Through a link."));
}

TEST_F(Projects, GetTheirReferencesAndBibliographyRight) {
  server.start();
  zip_builder zip;
  zip.add("main.tex", document("\\section{One}\\label{one}See section~\\ref{one} and~\\cite{knuth}.\n"
                               "\\bibliographystyle{plain}\\bibliography{refs}"));
  zip.add("refs.bib", "@book{knuth, author={Donald Knuth}, title={The TeXbook}, publisher={AW}, year=1984}\n");
  EXPECT_THAT(words_of(zip.build()), AllOf(HasSubstr("See section 1 and [1]."), HasSubstr("The TeXbook")));
}

TEST_F(Projects, AreBuiltOnceForTheSameIdempotencyKey) {
  server.start();
  const auto zip = zip_of(document("Once."));
  const auto first = server.upload(zip, {}, {}, "Idempotency-Key: k-1\r\n").text("id");
  EXPECT_EQ(server.ended(first).text("status"), "completed");
  EXPECT_EQ(server.upload(zip, {}, {}, "Idempotency-Key: k-1\r\n").text("id"), first);
  server.kill();
  server.start();
  EXPECT_EQ(server.upload(zip, {}, {}, "Idempotency-Key: k-1\r\n").text("id"), first);
  EXPECT_EQ(server.list().size(), 1U);
}

}  // namespace
