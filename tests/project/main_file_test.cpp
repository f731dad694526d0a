#include "tests/project/scratch.hpp"
#include "tests/project/zip_builder.hpp"

#include <texbuild/build.hpp>
#include <texbuild/project.hpp>

#include <optional>
#include <string>
#include <vector>

namespace {

using texbuild::errc;
using texbuild::project;
using texbuild_test::scratch;
using texbuild_test::zip_builder;

const std::string document = "% \\documentclass{no}\n\\documentclass{article}\n";

class MainFile : public ::testing::Test {
 protected:
  texbuild::result<std::string> find(std::optional<std::string> wanted = {}) {
    zip.save(in / "in.zip");
    auto p = project::from_zip(in / "in.zip");
    if (!p) return p.error();
    return p->main_file(wanted);
  }
  scratch in;
  zip_builder zip;
};

TEST_F(MainFile, IsMainTexEvenIfThereAreOtherDocuments) {
  zip.add("main.tex", "x");
  zip.add("other.tex", document);
  EXPECT_EQ(find().value(), "main.tex");
}

TEST_F(MainFile, SaysWhichEngineItNeeds) {
  zip.add("plain.tex", document);
  zip.add("asks.tex", "% !TEX program = lualatex\n" + document);
  zip.add("fonts.tex", document + "\\usepackage{fontspec}\n");
  zip.save(in / "in.zip");
  const auto p = project::from_zip(in / "in.zip").value();
  EXPECT_EQ(p.engine_for("plain.tex"), texbuild::tex_engine::pdflatex);
  EXPECT_EQ(p.engine_for("asks.tex"), texbuild::tex_engine::lualatex);
  EXPECT_EQ(p.engine_for("fonts.tex"), texbuild::tex_engine::xelatex);
  EXPECT_EQ(p.engine_for("absent.tex"), texbuild::tex_engine::pdflatex);
}

TEST_F(MainFile, IsTheOnlyFileWithADocumentClass) {
  zip.add("a.tex", "% \\documentclass{article}\ntext");
  zip.add("deep/Thesis.TEX", document);
  zip.add("my.cls", document);
  EXPECT_EQ(find().value(), "deep/Thesis.TEX");
}

TEST_F(MainFile, IsAskedForWhenThereAreSeveralDocuments) {
  for (const auto* name : {"a.tex", "b.tex", "c.tex", "d.tex", "e.tex", "f.tex"}) zip.add(name, document);
  const auto found = find();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), errc::invalid_input);
  EXPECT_EQ(found.error().subject(), "main_file");
  EXPECT_NE(found.error().detail().find("\"a.tex\", \"b.tex\""), std::string::npos);
  EXPECT_NE(found.error().detail().find("1 more"), std::string::npos);
}

TEST_F(MainFile, IsAskedForWhenThereIsNoDocument) {
  zip.add("a.tex", "text");
  EXPECT_EQ(find().error().subject(), "main_file");
}

TEST_F(MainFile, IsTheOneThatWasAskedFor) {
  zip.add("paper/main.tex", "x");
  zip.add("paper/sub/my doc.tex", "x");
  EXPECT_EQ(find("sub/my doc.tex").value(), "sub/my doc.tex");
  EXPECT_EQ(find("./main.tex").value(), "main.tex");
  // The ZIP's own name for it, with the folder that was stepped into.
  EXPECT_EQ(find("paper/main.tex").value(), "main.tex");
}

TEST_F(MainFile, NamesTheNearestOnesWhenItIsMissing) {
  zip.add("thesis.tex", "x");
  zip.add("far/away.tex", "x");
  zip.add("picture.png", "x");
  for (const auto* wanted : {"tesis.tex", "thesis", "Thesis.tex", "src/thesis.tex"}) {
    const auto found = find(wanted);
    ASSERT_FALSE(found) << wanted;
    EXPECT_EQ(found.error().code(), errc::invalid_input);
    EXPECT_EQ(found.error().subject(), "main_file");
    EXPECT_NE(found.error().detail().find("there is \"thesis.tex\""), std::string::npos) << found.error().detail();
    EXPECT_EQ(found.error().detail().find("png"), std::string::npos);
  }
}

TEST_F(MainFile, IsNeverAFolderOrANameNoFileMayHave) {
  zip.add("main.tex", "x");
  zip.add("sub/x.tex", "x");
  zip.add("-x.tex", document);
  zip.add("sub/|id.tex", document);
  for (const std::string wanted :
       {"", "sub", "sub/", "-x.tex", "./-x.tex", "|id", "sub/|id.tex", "../main.tex", "sub/../main.tex", "/main.tex",
        "C:/main.tex", "sub\\x.tex", "main.tex\n", "main.tex/", "--shell-escape", "\xff.tex"}) {
    const auto found = find(wanted);
    ASSERT_FALSE(found) << wanted;
    EXPECT_EQ(found.error().code(), errc::invalid_input) << wanted;
    EXPECT_EQ(found.error().subject(), "main_file") << wanted;
  }
  EXPECT_FALSE(find(std::string("main.tex\0.png", 13)));
}

TEST_F(MainFile, IsNotChosenByItselfWithAnOptionForAName) {
  zip.add("-shell-escape.tex", document);
  zip.add("readme", "x");
  EXPECT_EQ(find().error().subject(), "main_file");
}

}  // namespace
