// Single passes of documents that look at the engine, or that fail: the log, the errors in it and all files are those
// of a plain run.
#include "tests/warm/oddities.hpp"
#include "tests/warm/same_files.hpp"

namespace {

using oddities::article;
using oddities::errors;
using oddities::looks;
using oddities::oddity;
using texbuild::tex_engine;

constexpr tex_engine all[] = {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex};

document one_pass(std::string text, files others = {}) {
  document what;
  what.most_steps = 1;
  what.content = std::move(others);
  what.content["main.tex"] = std::move(text);
  return what;
}

struct SameOddity : SameFiles, ::testing::WithParamInterface<oddity> {};

TEST_P(SameOddity, LeavesTheSameFiles) {
  for (const auto engine : all) expect_same(host(), one_pass(GetParam().text, GetParam().others), engine);
}

INSTANTIATE_TEST_SUITE_P(Errors, SameOddity, ::testing::ValuesIn(errors), [](const auto& p) { return p.param.name; });

INSTANTIATE_TEST_SUITE_P(Looks, SameOddity, ::testing::ValuesIn(looks), [](const auto& p) { return p.param.name; });

TEST_F(SameFiles, OfWhatOnlyPdfTexHas) {
  const files eps = {{"pic.eps",
                      "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\nnewpath 0 0 moveto 20 20 lineto "
                      "stroke\nshowpage\n%%EOF\n"}};
  for (const auto& text :
       {article("\\typeout{\\pdfcreationdate\\pdffilemoddate{main.tex}\\pdffilesize{main.tex}\\pdfmdfivesum "
                "file{main.tex}}"),
        article("x", "\\pdfmapfile{}"), article("x", "\\pdfmapfile{+nosuch.map}"),
        article("x", "\\pdfmapline{=cmr10 CMR10 <cmr10.pfb}"),
        article("\\typeout{\\pdfuniformdeviate1000 \\pdfnormaldeviate}", "\\pdfsetrandomseed 42"),
        article("\\ifnum\\pdfelapsedtime<60000 \\typeout{young}\\fi\\the\\pdflastobj",
                "\\pdfcompresslevel=0 \\pdfobjcompresslevel=0 "),
        article("x", "\\pdfoutput=0 "), article("x", "\\pdfoutput=0 \\synctex=0 "), article("x", "\\synctex=-1 "),
        article("\\pdftracingfonts=1 \\showbox\\voidb@x\\setbox0=\\hbox{x}\\showbox0"),
        article("\\typeout{\\pdftexbanner\\the\\pdftexversion\\pdftexrevision}")})
    expect_same(host(), one_pass(text), tex_engine::pdflatex);
  expect_same(host(), one_pass(article("\\includegraphics{pic.eps}", "\\usepackage{graphicx}"), eps),
              tex_engine::pdflatex);
}

TEST_F(SameFiles, OfWhatOnlyXeTexHas) {
  for (const auto& text :
       {"\\XeTeXinputencoding \"latin1\"\n" + article("\xe4"),
        "\\XeTeXdefaultencoding \"latin1\"\n" + article("\\input{part}"),
        article("\\font\\x=\"[lmroman10-regular]:+smcp\" \\x abc"), article("\\font\\x=\"Latin Modern Roman\" \\x abc"),
        article("\\typeout{\\the\\XeTeXversion\\XeTeXrevision}"), article("x", "\\synctex=0 "),
        article("\\XeTeXtracingfonts=1 \\font\\x=\"[lmroman10-regular]\" \\x abc")})
    expect_same(host(), one_pass(text, {{"part.tex", "\xe4\n"}}), tex_engine::xelatex);
}

TEST_F(SameFiles, OfWhatOnlyLuaTexHas) {
  for (const char* lua :
       {"tex.print(os.date('\\@percentchar Y'))", "texio.write_nl(tostring(arg and arg[0])..status.filename)",
        "texio.write_nl(os.getenv('HOME')..lfs.currentdir())",
        "texio.write_nl(tex.jobname..tostring(status.linenumber)..tostring(status.shell_escape))", "error('mine')",
        "texio.write_nl(tostring(os.getenv('LD_PRELOAD')))", "os.exit(3)",
        "for k,v in pairs(os.env) do if k:find('TEXBUILD') or k:find('LD_') then texio.write_nl(k..'='..v) end end"})
    expect_same(host(), one_pass(article("\\directlua{" + std::string(lua) + "}")), tex_engine::lualatex);
}

}  // namespace
