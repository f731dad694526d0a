// Bibliographies by biber and PDFs by xdvipdfmx: what the warm ones leave is what plain ones leave.
#include "tests/warm/same_files.hpp"

namespace {

using texbuild::tex_engine;

const std::string refs =
    "@book{k, author={Knuth, Donald E.}, title={The {\\TeX}book}, year=1984, publisher={Addison-Wesley}, "
    "isbn={0-201-13447-0}}\n"
    "@article{a, author={\xc3\x89mile Zola and {\\v S}mejkal, Ond{\\v r}ej and de la Vall{\\'e}e Poussin, Charles}, "
    "title={\xc3\x84rger}, journaltitle={J}, date={2020-02/2021~}, doi={10.1/2}, langid={german}}\n"
    "@inproceedings{x, crossref={p}, author={\xc3\x96zil, A. and Ohm, B. and Zed, C. and Other, D.}, title={Part}}\n"
    "@proceedings{p, title={Whole}, editor={Ohm, B.}, date={1999}}\n"
    "@online{w, author={\xd0\x9f\xd1\x83\xd1\x88\xd0\xba\xd0\xb8\xd0\xbd, \xd0\x90.}, title={W}, "
    "url={http://example.org/~a_b%20c}, urldate={2021-01-01}}\n";

document cites(const std::string& options, const std::string& preamble = "", const std::string& body = "") {
  document what;
  what.most_steps = 2;  // a pass, and biber
  what.content = {{"main.tex", "\\documentclass{article}\n\\usepackage[backend=biber" + options +
                                   "]{biblatex}\n\\addbibresource{refs.bib}\n" + preamble +
                                   "\n\\begin{document}\n\\cite{k,a}\\nocite{*}" + body +
                                   "\n\\printbibliography\n\\end{document}\n"},
                  {"refs.bib", refs}};
  return what;
}

TEST_F(SameFiles, OfBibliographiesInManyStyles) {
  for (const char* options : {"", ",style=alphabetic,maxnames=2", ",style=authoryear,sorting=ynt,uniquename=init",
                              ",style=numeric,sorting=none,sortcites", ",sortlocale=de_DE", ",sortlocale=sv_SE",
                              ",safeinputenc", ",bibencoding=latin1", ",giveninits,isbn=false,useprefix"})
    expect_same(host(), cites(options), tex_engine::pdflatex);
}

TEST_F(SameFiles, OfBibliographiesOfEveryEngine) {
  auto what = cites(",style=authoryear");
  what.most_steps = 20;
  expect_same(host(), what, tex_engine::xelatex);
  expect_same(host(), what, tex_engine::lualatex);
}

TEST_F(SameFiles, OfBibliographiesWithMapsAndSections) {
  expect_same(host(),
              cites("",
                    "\\DeclareSourcemap{\\maps[datatype=bibtex]{\\map{\\step[fieldsource=title, "
                    "match=\\regexp{\\A(.*)\\Z}, replace=\\regexp{<$1>}]\\step[fieldset=note, fieldvalue=mapped]}}}",
                    "\\begin{refsection}\\cite{x}\\printbibliography\\end{refsection}"),
              tex_engine::pdflatex);
}

TEST_F(SameFiles, OfBibliographiesWithMistakes) {
  auto what = cites("");
  for (const char* mistake :
       {"@book{k, author={A}, title={T}\n@book{k\n@misc{k, note=}\n", "no entry at all\n", "",
        "@book{k, author={A and and B,,,C}, title={T}, date={soon}}\n@book{k, title={again}}\n",
        "@book{k, author={\xe4}, title={not UTF-8 \xff\xfe}}\n", "@string{s = \"x\"}@book{k, title=s # t}\n"}) {
    what.content["refs.bib"] = mistake;
    expect_same(host(), what, tex_engine::pdflatex);
  }
  what.content.erase("refs.bib");
  expect_same(host(), what, tex_engine::pdflatex);
}

// Files that biber looks for beside its own.
TEST_F(SameFiles, OfBibliographiesWithTheirOwnConfiguration) {
  const std::string configuration =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<config>\n  <decodecharsset>full</decodecharsset>\n"
      "  <output_safechars>1</output_safechars>\n  <output_safecharsset>full</output_safecharsset>\n</config>\n";
  for (const char* name : {"biber.conf", ".biber.conf", "Biber.Conf", "biber.conf.tex"}) {
    auto what = cites("");
    what.content[name] = configuration;
    expect_same(host(), what, tex_engine::pdflatex);
  }
  document below;
  below.most_steps = 2;
  below.folder = "paper";
  below.content = {
      {"paper/main.tex", cites("").content.at("main.tex")}, {"refs.bib", refs}, {"biber.conf", configuration}};
  expect_same(host(), below, tex_engine::pdflatex);
}

TEST_F(SameFiles, OfABrokenControlFile) {
  document what;
  what.most_steps = 2;
  what.content = {{"main.tex",
                   "\\documentclass{article}\n\\begin{document}\\newwrite\\w\\immediate\\openout\\w=main.bcf "
                   "\\immediate\\write\\w{<broken}\\immediate\\closeout\\w x\\end{document}\n"}};
  expect_same(host(), what, tex_engine::pdflatex);
}

const std::string png(
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\b\2\0\0\0\x90wS\xde\0\0\0\fIDAT\b\xd7"
    "c\xf8\xcf\xc0\0\0\3\1\1\0"
    "\x18\xdd\x8d\xb0\0\0\0\0IEND\xae"
    "B`\x82",
    69);

document xe(const std::string& body, const std::string& preamble = "", files others = {}) {
  document what;
  what.content = std::move(others);
  what.content["main.tex"] =
      "\\documentclass{article}\n" + preamble + "\n\\begin{document}\n" + body + "\n\\end{document}\n";
  return what;
}

TEST_F(SameFiles, OfPdfsByXdvipdfmx) {
  expect_same(host(), xe("$\\int x$ \\textbf{b}\\section{s}\\url{x}", "\\usepackage{hyperref,amsmath}"),
              tex_engine::xelatex);
  expect_same(host(), xe("\\includegraphics{dot.png}", "\\usepackage{graphicx}", {{"dot.png", png}}),
              tex_engine::xelatex);
  expect_same(host(),
              xe("\\special{pdf:docinfo << /Title (T) >>}\\special{pdf:trailerid [ (0123456789abcdef) "
                 "(fedcba9876543210) ]}\\special{pdf:minorversion 4}x"),
              tex_engine::xelatex);
  expect_same(host(), xe("\\special{dvipdfmx:config z 0}\\special{dvipdfmx:config D \"id\"}\\special{pdf:nosuch}x"),
              tex_engine::xelatex);
  expect_same(host(), xe("\\font\\x=ecrm1000 \\x bitmaps or outlines"), tex_engine::xelatex);
}

TEST_F(SameFiles, OfPdfsWithNamesAsLongAsAnyOrAsShort) {
  const auto passes = trace(*plain_sandbox(), host().folder(xe("x").content), xe("x"), tex_engine::xelatex);
  const auto xdv = passes.at(0).left.at("main.xdv");
  for (const auto& name : {std::string(100, 'n'), std::string("x"), std::string("a.b-c_d")}) {
    const auto run = [&](texbuild::process_runner& runner) {
      const auto place = host().folder({{name + ".xdv", xdv}});
      const auto ran =
          run_in(runner, warm_host::command_in(place, {"xdvipdfmx", "-q", "-E", "-o", name + ".pdf", name + ".xdv"}));
      EXPECT_TRUE(ran.result.succeeded()) << ran.said;
      return place.all();
    };
    const auto before = host().engines().stats();
    const auto left = run(host().engines());
    EXPECT_EQ(host().engines().stats().warm, before.warm + 1);
    EXPECT_EQ(left.size(), 2u);
    EXPECT_TRUE(left == run(*plain_sandbox())) << name;
  }
}

// Without a date that was asked for, it is the moment's.
TEST_F(SameFiles, OfNoTwoMomentsInPdfs) {
  const auto passes = trace(*plain_sandbox(), host().folder(xe("x").content), xe("x"), tex_engine::xelatex);
  const auto run = [&] {
    const auto place = host().folder({{"main.xdv", passes.at(0).left.at("main.xdv")}});
    auto what = warm_host::command_in(place, {"xdvipdfmx", "-q", "-E", "-o", "main.pdf", "main.xdv"});
    what.variables.clear();
    EXPECT_TRUE(run_in(host().engines(), what).result.succeeded());
    return place.all().at("main.pdf");
  };
  const auto before = host().engines().stats();
  const auto first = run();
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_NE(first, run());
  EXPECT_EQ(host().engines().stats().warm, before.warm + 2);
}

TEST_F(SameFiles, OfAPdfBelowTheRoot) {
  document what = xe("\\includegraphics{dot.png}", "\\usepackage{graphicx}", {{"dot.png", png}});
  what.folder = "paper";
  what.content = {{"paper/main.tex", what.content.at("main.tex")}, {"dot.png", png}};
  expect_same(host(), what, tex_engine::xelatex);
}

// A plain xdvipdfmx reads settings and font maps of the project before it opens the file that it translates.
TEST_F(SameFiles, OfPdfsWithTheirOwnSettings) {
  for (const char* name : {"dvipdfmx.cfg", "Dvipdfmx.CFG", "dvipdfmx-paper.cfg", "pdftex.map", "kanjix.map"}) {
    auto what = xe("\\font\\x=cmr10 \\x x", "",
                   {{name, std::string(name).ends_with("map") ? "cmr10 CMR10 <cmr7.pfb\n" : "z 0\nV 4\n"}});
    what.plainly = {"xdvipdfmx"};
    expect_same(host(), what, tex_engine::xelatex);
  }
}

TEST_F(SameFiles, OfBrokenAndMissingXdvs) {
  for (const char* xdv : {"", "not an XDV", "\xf7\x07"}) {
    const auto run = [&](texbuild::process_runner& runner) {
      const auto place = host().folder({{"main.xdv", xdv}});
      if (*xdv == '\0') std::filesystem::remove(place.root / "main.xdv");
      auto what = warm_host::command_in(place, {"xdvipdfmx", "-q", "-E", "-o", "main.pdf", "main.xdv"});
      auto ran = run_in(runner, what);
      return std::tuple(ran.result.exit_status, ran.said, place.all());
    };
    const auto before = host().engines().stats();
    EXPECT_EQ(run(*plain_sandbox()), run(host().engines())) << xdv;
    EXPECT_EQ(host().engines().stats().warm, before.warm + 1);
  }
}

TEST_F(SameFiles, OfABibliographyWithoutAControlFile) {
  const auto run = [&](texbuild::process_runner& runner) {
    const auto place = host().folder();
    auto ran = run_in(runner, warm_host::command_in(place, {"biber", "main"}));
    return std::tuple(ran.result.exit_status, ran.said, place.all().size());
  };
  const auto before = host().engines().stats();
  EXPECT_EQ(run(*plain_sandbox()), run(host().engines()));
  EXPECT_EQ(host().engines().stats().warm, before.warm + 1);
}

}  // namespace
