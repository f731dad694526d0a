#include "tests/engine/real_engine.hpp"
#include "tests/project/zip_builder.hpp"

#include <zlib.h>

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Places : RealEngine {
  std::string text() const {
    const auto outcome = build();
    EXPECT_TRUE(outcome.succeeded()) << outcome.info.message;
    return outcome.pdf ? text_of(*outcome.pdf) : std::string();
  }
};

TEST_F(Places, AMainFileInAFolderSeesItsNeighboursAndTheRoot) {
  add("paper/main.tex", article("\\input{near}\\input{shared}"));
  add("paper/near.tex", "near");
  add("shared.tex", "shared");
  request.main_file = "paper/main.tex";
  EXPECT_THAT(text(), HasSubstr("near shared"));
}

TEST_F(Places, AMainFileInAFolderMayBeWrittenForTheRoot) {
  add("paper/main.tex", article("\\input{paper/near}"));
  add("paper/near.tex", "from the root");
  add("plots/list.txt", "not all is in one folder");
  request.main_file = "paper/main.tex";
  EXPECT_THAT(text(), HasSubstr("from the root"));
}

TEST_F(Places, AMainFileInAFolderMayReachAboveIt) {
  add("paper/main.tex", article("\\input{../shared}"));
  add("shared.tex", "above");
  request.main_file = "paper/main.tex";
  EXPECT_THAT(text(), HasSubstr("above"));
}

TEST_F(Places, AFolderThatWrapsTheWholeZipIsSteppedInto) {
  texbuild_test::zip_builder zip;
  zip.folder("paper-v2/");
  zip.add("paper-v2/main.tex", article("\\input{sub/part}"));
  zip.add("paper-v2/sub/part.tex", "wrapped");
  zip.add("__MACOSX/paper-v2/._main.tex", "x");
  zip.save(source.path() / "x.zip");
  const auto outcome = engine().build(texbuild::project::from_zip(source.path() / "x.zip").value()).value();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("wrapped"));
}

TEST_F(Places, ALinkInsideTheZipIsAFile) {
  texbuild_test::zip_builder zip;
  zip.add("main.tex", article("\\input{alias}"));
  zip.add("real.tex", "linked");
  zip.link("alias.tex", "real.tex");
  zip.save(source.path() / "x.zip");
  const auto outcome = engine().build(texbuild::project::from_zip(source.path() / "x.zip").value()).value();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("linked"));
}

TEST_F(Places, NamesMayHoldBlanksAndUnicode) {
  add("My Größe/Mein Aufsatz.tex",
      article("See \\cite{a}\\index{x}.\\input{\"ein Teil\"}\\printindex\\bibliographystyle{plain}\\bibliography{refs}",
              "\\usepackage{makeidx}\\makeindex"));
  add("My Größe/ein Teil.tex", "part");
  add("My Größe/refs.bib", "@misc{a, author={Anna Author}, title={T}}\n");
  request.main_file = "My Größe/Mein Aufsatz.tex";
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_EQ(outcome.pdf->name(), "Mein Aufsatz.pdf");
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("See [1].part"));
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("Anna Author"));
  EXPECT_THAT(text_of(*outcome.pdf), HasSubstr("x, 1"));
}

TEST_F(Places, ChaptersMayBeIncludedFromFolders) {
  add("main.tex",
      "\\documentclass{report}\\begin{document}\\tableofcontents\\include{chapters/one}"
      "\\include{chapters/two}See \\ref{two}.\\end{document}\n");
  add("chapters/one.tex", "\\chapter{First}One.");
  add("chapters/two.tex", "\\chapter{Second}\\label{two}Two.");
  EXPECT_THAT(text(), HasSubstr("See 2."));
}

TEST_F(Places, FilesMayBeWrittenIntoFoldersThatAreThere) {
  add("main.tex", article("\\newwrite\\f\\immediate\\openout\\f=out/note.txt \\immediate\\write\\f{noted}x"));
  add("out/keep.txt", "");
  const auto outcome = build();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_EQ(engine().open_artifact(outcome.info.id, "out/note.txt").value().bytes().read_all().value(), "noted\n");
}

std::string unzipped(const std::string& gz) {
  z_stream z{};
  EXPECT_EQ(::inflateInit2(&z, 15 + 32), Z_OK);
  std::string in = gz;
  z.next_in = reinterpret_cast<Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  std::string out(1u << 20, '\0');
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::inflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  ::inflateEnd(&z);
  return out;
}

TEST_F(Places, NoArtifactTellsWhereTheHostKeepsTheBuild) {
  temporary_folder data;
  auto o = options();
  o.data_folder = data.path() / "data";
  auto own = texbuild::engine::open(o).value();
  for (const auto kind : {texbuild::tex_engine::pdflatex, texbuild::tex_engine::xelatex}) {
    add("main.tex", article("\\input{sub/part}\\label{a}\\ref{a}", kind == texbuild::tex_engine::pdflatex
                                                                       ? "\\pdfcompresslevel=0\\pdfobjcompresslevel=0"
                                                                       : "\\special{dvipdfmx:config z 0}"));
    add("sub/part.tex", "part");
    request.engine = kind;
    const auto outcome = own.build(texbuild::project::from_folder(source.path()).value(), request).value();
    ASSERT_TRUE(outcome.succeeded() && outcome.synctex) << outcome.info.message;
    const auto synctex = unzipped(outcome.synctex->bytes().read_all().value());
    EXPECT_THAT(synctex, HasSubstr("/job/"));
    EXPECT_THAT(synctex, HasSubstr("sub/part.tex"));
    for (const std::string& where :
         {data.path().filename().string(), source.path().filename().string(), outcome.info.id, std::string("/mnt/")}) {
      EXPECT_THAT(synctex, Not(HasSubstr(where)));
      EXPECT_THAT(log_of(outcome), Not(HasSubstr(where)));
      EXPECT_THAT(outcome.pdf->bytes().read_all().value(), Not(HasSubstr(where)));
      for (const auto& file : outcome.outputs)
        EXPECT_THAT(own.open_artifact(outcome.info.id, file.name).value().bytes().read_all().value(),
                    Not(HasSubstr(where)))
            << file.name;
    }
  }
}

}  // namespace
