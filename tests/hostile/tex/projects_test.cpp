// Hostile projects that need more than one file: settings of other programs, names that mean something to a shell or to
// TeX, files that pose as TeX's own.
#include "tests/hostile/tex/ground.hpp"
#include "tests/project/zip_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;
using hostile::ground;
using ::testing::HasSubstr;
using ::testing::Not;
using texbuild::build_request;
using texbuild::build_status;
using texbuild::tex_engine;
using texbuild_test::zip_builder;

const char* const plain = "\\documentclass{article}\\begin{document}harmless\\end{document}\n";

struct HostileProjects : ::testing::Test {
  static ground& place() {
    static ground one;
    return one;
  }
  zip_builder zip;
  temporary_folder folder;
  build_request request;

  texbuild::build_outcome build() {
    const auto file = folder.path() / "project.zip";
    zip.save(file);
    const auto source = texbuild::project::from_zip(file).value();
    const auto running =
        place().let_loose(::testing::UnitTest::GetInstance()->current_test_info()->name(), source, request);
    auto outcome = place().expect_nothing_leaked(*running);
    place().expect_nothing_left();
    return outcome;
  }
  void add(const std::string& name, const std::string& text) { zip.add(name, place().filled(text)); }
};

// Each of these would leave "ran", switch shell escape on or fail the build if anything honoured it.
TEST_F(HostileProjects, BringNoSettingsOfTheirOwn) {
  add("main.tex",
      "\\documentclass{article}\\usepackage{makeidx}\\makeindex\\begin{document}\n"
      "\\immediate\\write18{touch ran}\\openin1=@SECRET@.txt \\ifeof1 \\else\\typeout{LEAK-@TOKEN@}\\fi\n"
      "harmless\\index{a}\\ifnum\\pdfshellescape=1 "
      "LEAK-@TOKEN@\\fi\\cite{a}\\bibliographystyle{plain}\\bibliography{a}\n"
      "\\end{document}\n");
  add("a.bib", "@misc{a, title={A}, author={B}}\n");
  const std::string run = "touch ran\n";
  add(".latexmkrc", "system('touch ran'); $pdflatex = 'touch ran';\n");
  add("latexmkrc", "system('touch ran');\n");
  add("Makefile", "all:\n\ttouch ran\n");
  add("makefile", "all:\n\ttouch ran\n");
  add("arara.yaml", "!config\npaths: [ 'ran' ]\n");
  add("texmf.cnf",
      "shell_escape = t\nopenin_any = a\nopenout_any = a\nTEXINPUTS = @DATA@//\nshell_escape_commands = touch\n");
  add("web2c/texmf.cnf", "shell_escape = t\n");
  add("texmf/web2c/texmf.cnf", "shell_escape = t\n");
  add("texmf-dist/web2c/texmf.cnf", "shell_escape = t\n");
  add("texmfcnf.lua", "os.execute('touch ran')\n");
  add("fmtutil.cnf", "pdflatex pdftex - -shell-escape *pdflatex.ini\n");
  add("mktex.cnf", run);
  add("updmap.cfg", "Map @SECRET@.txt\n");
  add("biber.conf", "<config><output_directory>/tmp</output_directory></config>\n");
  add(".biber.conf", "garbage\n");
  add(".bashrc", run);
  add(".profile", run);
  add(".perlrc", run);
  add("pdflatex", "#!/bin/sh\ntouch ran\n");
  add("bibtex", "#!/bin/sh\ntouch ran\n");
  add("makeindex", "#!/bin/sh\ntouch ran\n");
  add("sitecustomize.py", "import os; os.system('touch ran')\n");
  add("strict.pm", "system('touch ran'); 1;\n");
  add(".chktexrc", run);
  add(".git/config", "[core]\n\tfsmonitor = touch ran\n");
  add("ls-R", "% ls-R\n./:\n@SECRET@.txt\n");
  add("aliases", "main.tex @SECRET@.txt\n");
  const auto outcome = build();
  EXPECT_EQ(outcome.info.status, build_status::completed) << outcome.info.message;
}

TEST_F(HostileProjects, WithAFormatOfTheirOwnDoNoHarm) {
  add("main.tex", plain);
  zip.add("pdflatex.fmt", std::string(100'000, '\xff'));
  zip.add("latex.fmt", "garbage");
  zip.add("pdftex.map", place().filled("cmr10 CMR10 <@SECRET@.pfb\n"));
  zip.add("cmr10.tfm", std::string(500, '\xff'));
  zip.add("8r.enc", "garbage");
  (void)build();
}

TEST_F(HostileProjects, WithAFormatForLuaDoNoHarm) {
  add("main.tex", plain);
  zip.add("lualatex.fmt", std::string(100'000, '\xff'));
  add("luaotfload.conf", "[misc]\nstatistics = true\n");
  add("luatex.lua", "os.execute('touch ran')\n");
  add("lualibs.lua", "os.execute('touch ran')\n");
  add("luaotfload-main.lua", "os.execute('touch ran')\n");
  add("texmfcnf.lua", "os.execute('touch ran')\n");
  request.engine = tex_engine::lualatex;
  (void)build();
}

TEST_F(HostileProjects, CannotChooseAFormatOrOptionsByTheirFirstLine) {
  add("main.tex", "%&pdflatex -shell-escape --translate-file=@SECRET@.txt\n" + std::string(plain) +
                      "\\immediate\\write18{touch ran}\n");
  (void)build();
}

TEST_F(HostileProjects, AreAnsweredByTheKindOfEngineThatIsKnown) {
  add("main.tex", "% !TEX program = touch ran\n% !TEX TS-program = ../../bin/sh\n" + std::string(plain));
  request.engine = tex_engine::automatic;
  EXPECT_EQ(build().info.status, build_status::completed);
}

TEST_F(HostileProjects, MayHaveFilesWithNamesThatAShellWouldRun) {
  for (const char* name : {"`touch ran`.tex", "$(touch ran).tex", "a;touch ran;.tex", "a'b.tex", "a & touch ran.tex",
                           "-shell-escape.tex", "--help.tex", "%n%s.tex", "#1.tex", "~root.tex", "^^5c.tex", "a b.tex",
                           "\xc3\xa9\xe6\x96\x87.tex", "{.tex", "}.tex"})
    add(name, "x");
  add("main.tex", plain);
  EXPECT_EQ(build().info.status, build_status::completed);
}

// The name reaches TeX's command line, the job's name, bibtex, makeindex and the artifacts.
TEST_F(HostileProjects, NameNoCommandAndNoOptionByTheirMainFile) {
  std::vector<std::unique_ptr<hostile::attack>> all;
  std::vector<fs::path> files;
  for (const std::string name : {"`touch ran`.tex",
                                 "$(touch ran).tex",
                                 "a;touch ran.tex",
                                 "a&touch ran.tex",
                                 "|touch ran.tex",
                                 "-shell-escape.tex",
                                 "--jobname=ran.tex",
                                 "a\"b.tex",
                                 "a'b.tex",
                                 "#1.tex",
                                 "$x$.tex",
                                 "^^M.tex",
                                 "a%b.tex",
                                 "~.tex",
                                 "~root/main.tex",
                                 "a  b.tex",
                                 "{a}.tex",
                                 "a{b.tex",
                                 "\xc3\xa9\xe6\x96\x87.tex",
                                 "a=b.tex",
                                 "a,b.tex",
                                 "..tex",
                                 "...tex",
                                 ".tex",
                                 "main",
                                 "main.tex.tex",
                                 "&pdflatex.tex",
                                 "a*b?.tex",
                                 "$HOME.tex",
                                 "$TEXINPUTS/x.tex",
                                 "[a].tex",
                                 "<a>.tex",
                                 "nul.tex",
                                 "texput.tex",
                                 "others.tex",
                                 "pdf.tex"}) {
    zip_builder one;
    one.add(name,
            "\\documentclass{article}\\usepackage{makeidx}\\makeindex\\begin{document}\n"
            "harmless\\index{a}\\cite{a}\\bibliographystyle{plain}\\bibliography{a}\\end{document}\n");
    one.add("a.bib", "@misc{a, title={A}, author={B}}\n");
    files.push_back(folder.path() / (std::to_string(files.size()) + ".zip"));
    one.save(files.back());
    request.main_file = name;
    const auto source = texbuild::project::from_zip(files.back());
    if (!source || !source->main_file(request.main_file)) continue;  // refused at the door: as good
    all.push_back(place().let_loose(name, *source, request));
  }
  EXPECT_GT(all.size(), 20u) << "nearly all of them are names that a file may have";
  for (const auto& running : all) {
    SCOPED_TRACE(running->name);
    const auto outcome = place().expect_nothing_leaked(*running);
    // TeX has no way to name a file with a quote, and takes $HOME for a variable.
    const bool possible = running->name.find('"') == std::string::npos && running->name != "$HOME.tex";
    EXPECT_EQ(outcome.succeeded(), possible) << outcome.info.message;
    EXPECT_EQ(outcome.pdf.has_value(), possible);
  }
  place().expect_nothing_left();
}

}  // namespace
