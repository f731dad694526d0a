#include "tests/engine/real_engine.hpp"

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* references =
    "@book{knuth, author={Donald E. Knuth}, title={The TeXbook}, publisher={Addison-Wesley}, year=1984}\n"
    "@book{lamport, author={Leslie Lamport}, title={LaTeX}, publisher={Addison-Wesley}, year=1994}\n";
constexpr const char* stale = "\\begin{thebibliography}{1}\n\\bibitem{knuth} An Old Entry.\n\\end{thebibliography}\n";

struct Bibliography : RealEngine {
  const std::string bibtex_body = "See \\cite{knuth}.\\bibliographystyle{plain}\\bibliography{refs}";
  const std::string biblatex = "\\usepackage{biblatex}\\addbibresource{refs.bib}";
};

TEST_F(Bibliography, OfBibtexIsMade) {
  add("main.tex", article(bibtex_body));
  add("refs.bib", references);
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("See [1]."));
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Knuth"));
  EXPECT_EQ(outcome.info.passes, 3);
  EXPECT_FALSE(warns(outcome, "undefined"));
}

TEST_F(Bibliography, OfBiberIsMade) {
  add("main.tex", article("See \\cite{lamport}.\\printbibliography", biblatex));
  add("refs.bib", references);
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("See [1]."));
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Lamport"));
  EXPECT_FALSE(warns(outcome, "undefined"));
}

TEST_F(Bibliography, ThatWasShippedIsRenewedFromItsDatabase) {
  add("main.tex", article(bibtex_body));
  add("refs.bib", references);
  add("main.bbl", stale);
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Knuth"));
  EXPECT_THAT(text_of(*outcome.pdf), Not(HasSubstr("An Old Entry")));
}

TEST_F(Bibliography, ThatWasShippedServesWhenItsDatabaseWasNot) {
  add("main.tex", article(bibtex_body));
  add("main.bbl", stale);
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("See [1]."));
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("An Old Entry"));
}

TEST_F(Bibliography, ThatIsUpToDateCostsNoPassMoreThanItsLabels) {
  add("main.tex", article(bibtex_body));
  add("refs.bib", references);
  const auto first = build();
  ASSERT_TRUE(first.succeeded());
  add("main.bbl", engine().open_artifact(first.info.id, "main.bbl").value().bytes().read_all().value());
  const auto second = build();
  ASSERT_TRUE(second.succeeded());
  EXPECT_LT(second.info.passes, first.info.passes);
  EXPECT_EQ(text_of(*first.pdf), text_of(*second.pdf));
}

TEST_F(Bibliography, WithoutItsDatabaseWarnsAndStillGivesAPdf) {
  add("main.tex", article(bibtex_body));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_TRUE(warns(outcome, "refs.bib"));
}

TEST_F(Bibliography, OfBiberWithoutItsDatabaseWarnsAndStillGivesAPdf) {
  add("main.tex", article("See \\cite{lamport}.\\printbibliography", biblatex));
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_TRUE(warns(outcome, "refs.bib"));
}

TEST_F(Bibliography, IsFoundInAFolderBesideAMainFileInAnother) {
  add("paper/main.tex", article("See \\cite{knuth}.\\bibliographystyle{plain}\\bibliography{bib/refs}"));
  add("bib/refs.bib", references);
  request.main_file = "paper/main.tex";
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Knuth"));
}

}  // namespace
