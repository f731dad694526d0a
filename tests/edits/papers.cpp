#include "tests/edits/paper.hpp"
#include "tests/edits/picture.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// What every kind of document can hold.
const std::vector<std::string>& common_lines() {
  static const std::vector<std::string> all{
      "Another paragraph with the number <n> and some words more.",
      "",
      "% comment <n>",
      "Words in \\textbf{bold <n>} and \\emph{italics}.",
      "\\section{Section <n>}\\label{s<n>}",
      "\\subsection{Part <n>}\\label{s<n>}",
      "See section~\\ref{s<k>} on page~\\pageref{s<k>}.",
      "A note\\footnote{Number <n>, see \\ref{s<k>}.} at the foot.",
      "\\[ x_{<n>} = \\sum_{i=1}^{<n>} i^2 \\]",
      "\\begin{equation}\\label{s<n>} e^{<n>} \\end{equation}",
      "\\begin{itemize}\n\\item First of <n>\n\\item Second\n\\end{itemize}",
      "{\\small\nSmall words <n>.\n\nMore of them.\n}",
      "\\begin{figure}[ht]\nA figure\\caption{Figure <n>}\\label{s<n>}\n\\end{figure}",
      "\\begin{verbatim}\nx_{<n>} \\begin{document}\n\\end{verbatim}",
      "\\verb|\\x<n>|",
      "\\def\\mine{defined by <n>}",
      "It is \\ifdefined\\mine\\mine\\else not defined\\fi{} here.",
      "\\typeout{message <n>}",
      "\\iftrue\nTrue <n>\n\\else\nfalse\n\\fi",
      "Line \\the\\inputlineno{} of \\jobname{} on \\today.",
      "\\IfFileExists{extra.tex}{\\input{extra}}{No extra <n>.}",
      "\\InputIfFileExists{extra<k>}{}{}",
      "\\newread\\r \\openin\\r=extra.tex \\ifeof\\r No file.\\else\\read\\r to\\rr\\rr\\fi\\closein\\r",
      "\\newpage",
      "\\newwrite\\w\\immediate\\openout\\w=made<n>.txt\\immediate\\write\\w{made <n>}\\immediate\\closeout\\w\n"
      "\\input{made<n>.txt}",
      "\\setcounter{page}{<n>}",
      "\\tracingonline=0 \\tracingcommands=1 \\relax\\tracingcommands=0",
      "\\hbox to 2000pt{wide}"};
  return all;
}

std::vector<std::string> common_commands() {
  return {"\\newcommand\\more<n>{more}",
          "\\newcommand\\mine{mine <n>}",
          "% comment <n>, not \\begin{document}",
          "",
          "\\setlength{\\parindent}{<k>pt}",
          "\\addtolength{\\textwidth}{-<k>pt}",
          "\\AtBeginDocument{\\typeout{begins <n>}}",
          "\\AtEndDocument{\\typeout{ends <n>}The end <n>.}",
          "\\pagestyle{headings}",
          "\\typeout{preamble <n>}",
          "\\InputIfFileExists{local.cfg}{}{\\typeout{nothing local}}",
          "\\IfFileExists{extra.tex}{\\def\\mine{there is an extra}}{\\def\\mine{there is none}}",
          "\\usepackage{mystyle}",
          "\\hyphenation{num-ber<k>}",
          "\\usepackage{ifthen}",
          "\\iffalse\n\\begin{document}\n\\fi",
          "\\raggedbottom\\sloppy"};
}

const std::string my_style =
    "\\ProvidesPackage{mystyle}[2026/03/01 mine]\n\\AtBeginDocument{\\typeout{my style}}\n"
    "\\newcommand\\styled[1]{\\textit{#1}}\n";

sources common_missing() {
  return {{"extra.tex", "Extra words <n>.\n"},
          {"local.cfg", "\\typeout{local <n>}\\def\\mine{local <n>}\n"},
          {"mystyle.sty", my_style},
          {"main.aux", "\\relax\n\\newlabel{s1}{{<n>}{<n>}}\n"}};
}

paper common() {
  paper p;
  p.lines = common_lines();
  p.commands = common_commands();
  p.missing = common_missing();
  p.swaps = {{"\\usepackage{mystyle}\n", "\\usepackage{ifthen}\n"}, {"letters", "words"}};
  return p;
}

std::string entries(int count) {
  std::string out;
  for (int i = 1; i <= count; ++i) {
    const auto n = std::to_string(i);
    out += "@book{key" + n + ", author = {Author " + std::string(1, static_cast<char>('Z' - i)) + "}, title = {Title " +
           n + "}, publisher = {P}, year = {19" + std::to_string(70 + i) + "}}\n";
  }
  return out;
}

/// The bytes of a file of the installation.
std::string installed(const std::string& name) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(("cat \"$(kpsewhich " + name + ")\"").c_str(), "r"),
                                                   ::pclose);
  std::string out;
  char part[4096];
  while (const auto got = std::fread(part, 1, sizeof part, pipe.get())) out.append(part, got);
  if (out.empty()) throw std::runtime_error(name + " is not installed");
  return out;
}

}  // namespace

paper article_paper() {
  auto p = common();
  p.files["main.tex"] =
      "\\documentclass{article}\n"
      "\\usepackage{graphicx}\n"
      "\\title{A Paper}\\author{Somebody}\\date{\\today}\n"
      "\\begin{document}\n"
      "\\maketitle\n"
      "\\tableofcontents\n"
      "\\section{First}\\label{s1}\n"
      "Some words on the first matter, with a reference to section~\\ref{s2} on page~\\pageref{s2}.\n"
      "\n"
      "As \\cite{key1} says, there are letters.\n"
      "\\input{parts/a}\n"
      "\\section{Second}\\label{s2}\n"
      "\\includegraphics[width=2cm]{picture}\n"
      "\n"
      "More words, and \\cite{key2}.\n"
      "\\bibliographystyle{plain}\n"
      "\\bibliography{refs}\n"
      "\\end{document}\n";
  p.files["parts/a.tex"] =
      "\\subsection{Of a part}\\label{s3}\n"
      "These words are in a file of their own, see \\ref{s1}.\n";
  p.files["refs.bib"] = entries(3);
  p.files["picture.png"] = png_picture(1);
  append(p.lines, {"As \\cite{key<k>} says.", "As \\cite{key1,key3} say.", "\\includegraphics[height=1cm]{picture}",
                   "\\includegraphics[height=1cm]{picture<k>}", "\\bibliography{more}", "\\listoffigures",
                   "\\input{parts/a}", "\\input{parts/b}"});
  append(p.commands, {"\\usepackage{hyperref}", "\\graphicspath{{parts/}}", "\\nofiles", "\\usepackage{cite}"});
  append(p.swaps, {{"{plain}", "{alpha}"},
                   {"\\documentclass{article}", "\\documentclass[11pt,twocolumn]{article}"},
                   {"\\documentclass{article}", "\\documentclass{report}"},
                   {"\\usepackage{graphicx}", "\\usepackage{hyperref,graphicx}"},
                   {"\\bibliography{refs}", "\\bibliography{refs,more}"}});
  p.missing["picture.pdf"] = pdf_picture(3);  // goes before picture.png
  p.missing["parts/b.tex"] = "Another part <n>.\\label{s<n>}\n";
  p.missing["parts/picture.pdf"] = pdf_picture(4);
  p.missing["picture5.png"] = png_picture(5);
  p.missing["more.bib"] = "@misc{more, title = {More}, author={B}}\n";
  p.missing["main.bbl"] = "\\begin{thebibliography}{1}\\bibitem{key1} Mine <n>.\\end{thebibliography}\n";
  p.missing["graphics.cfg"] = "\\ExecuteOptions{pdftex}\\typeout{my graphics.cfg}\n";  // hides the installed one
  p.missing["omscmr.fd"] =
      "\\ProvidesFile{omscmr.fd}\\DeclareFontFamily{OMS}{cmr}{\\skewchar\\font 48 }\n"
      "\\DeclareFontShape{OMS}{cmr}{m}{n}{<->cmsy10}{}\n";
  return p;
}

paper book_paper() {
  auto p = common();
  p.files["main.tex"] =
      "\\documentclass{report}\n"
      "\\usepackage{makeidx,longtable}\n"
      "\\input{macros}\n"
      "\\makeindex\n"
      "\\begin{document}\n"
      "\\tableofcontents\n"
      "\\listoffigures\n"
      "\\include{chapters/c1}\n"
      "\\include{chapters/c2}\n"
      "\\bibliographystyle{plain}\n"
      "\\bibliography{refs}\n"
      "\\printindex\n"
      "\\end{document}\n";
  for (const std::string n : {"1", "2", "3"})
    p.files["chapters/c" + n + ".tex"] = "\\chapter{Chapter " + n + "}\\label{s" + n +
                                         "}\n"
                                         "Words of this chapter\\index{word " +
                                         n + "}, see \\pageref{s1} and \\cite{key" + n +
                                         "}.\n"
                                         "\\section{A section}\n"
                                         "\\term{Terms} are in the index too.\n";
  p.files["macros.tex"] = "\\newcommand\\term[1]{\\emph{#1}\\index{#1}}\n\\newcommand\\unused{not used}\n";
  p.files["refs.bib"] = entries(4);
  p.preambles = {"macros.tex"};
  append(p.lines,
         {"A word\\index{entry <k>} for the index.", "\\index{entry <n>!sub}", "\\chapter{Chapter <n>}\\label{s<n>}",
          "\\include{chapters/c3}", "\\include{chapters/c1}", "As \\cite{key<k>} says.", "\\term{term <n>}",
          "\\begin{longtable}{l|l}\n<n> & a cell\\\\\nlonger cell & x\\\\\n\\end{longtable}", "\\clearpage",
          "\\addtocontents{toc}{\\protect\\vspace{<k>pt}}",
          "\\begin{table}\n\\caption{T<n>}\n\\end{table}\n\\listoftables"});
  append(p.commands,
         {"\\includeonly{chapters/c1}", "\\includeonly{chapters/c1,chapters/c2}", "\\nofiles", "\\usepackage{imakeidx}",
          "\\setcounter{tocdepth}{<k>}", "\\usepackage{nomencl}\\makenomenclature", "\\let\\chaptermark\\sectionmark"});
  append(p.swaps, {{"\\include{chapters/c2}", "\\input{chapters/c2}"},
                   {"\\makeindex\n", "%\\makeindex\n"},
                   {"{plain}", "{unsrt}"},
                   {"\\documentclass{report}", "\\documentclass[a4paper,12pt]{book}"},
                   {"\\tableofcontents", "\\relax"},
                   {"\\printindex", "\\relax{}"}});
  p.missing["main.ist"] = "headings_flag 1\n";
  p.missing["main.toc"] = "\\contentsline {chapter}{Mine <n>}{1}{}%\n";
  return p;
}

// A body that takes its time: most of a pass is behind each place that is edited.
paper long_paper() {
  auto p = common();
  p.files["main.tex"] =
      "\\documentclass{report}\n"
      "\\usepackage{graphicx}\n"
      "\\newcount\\turns\n"
      "\\newcommand\\busy{\\par{\\turns=0 \\loop\\ifnum\\turns<60000 \\advance\\turns by 1 \\repeat}}\n"
      "\\newwrite\\notes\n"
      "\\makeindex\n"
      "\\begin{document}\n"
      "\\tableofcontents\n"
      "\\immediate\\openout\\notes=notes.txt\n"
      "\\include{chapters/c1}\n"
      "\\input{chapters/c2}\n"
      "\\busy\n"
      "\\chapter{The last}\\label{s4}\n"
      "Words of the main file, see \\ref{s1}.\n"
      "\\busy\n"
      "\\immediate\\closeout\\notes\n"
      "\\section{Notes}\n"
      "\\input{notes.txt}\n"
      "\\busy\n"
      "More words at the end, on page~\\pageref{s4}.\n"
      "\\end{document}\n";
  for (const std::string n : {"1", "2"})
    p.files["chapters/c" + n + ".tex"] = "\\chapter{Chapter " + n + "}\\label{s" + n +
                                         "}\n"
                                         "Words of this chapter\\index{word " +
                                         n +
                                         "}, see page~\\pageref{s4}.\n"
                                         "\\busy\n"
                                         "\\section{A section}\n"
                                         "\\includegraphics{picture" +
                                         n +
                                         ".png} and words.\n"
                                         "\\immediate\\write\\notes{A note of chapter " +
                                         n +
                                         ".}\n"
                                         "\\busy\n"
                                         "\\begin{figure}\nA figure\\caption{Of chapter " +
                                         n +
                                         "}\n\\end{figure}\n"
                                         "Still more words\\footnote{And a note.}.\n";
  p.files["picture1.png"] = png_picture(1);
  p.files["picture2.png"] = png_picture(2);
  append(p.lines, {"\\busy", "\\immediate\\write\\notes{Note <n>.}", "\\write\\notes{Late note <n>.}",
                   "\\index{entry <n>}", "\\includegraphics{picture<k>.png}", "\\chapter{Chapter <n>}\\label{s<n>}",
                   "\\clearpage", "\\begin{center}\nCentred <n>\n\n\\busy\nStill.\n\\end{center}",
                   "{\\bfseries Bold <n>\n\n\\busy\nstill bold.\\par}", "\\catcode`\\!=12 \\catcode`\\|=12 |!|"});
  append(p.swaps,
         {{"\\include{chapters/c1}", "\\input{chapters/c1}"}, {"\\input{chapters/c2}", "\\include{chapters/c2}"}});
  p.missing["picture7.png"] = png_picture(7);
  return p;
}

// What happens before \begin{document} and goes on behind it.
paper preamble_paper() {
  auto p = common();
  p.files["main.tex"] =
      "\\documentclass{article}\\pdfsetrandomseed 7\n"
      "\\begin{filecontents*}[overwrite]{made.tex}\n"
      "Made by the preamble.\n"
      "\\begin{document}\n"
      "\\end{filecontents*}\n"
      "\\newwrite\\notes\\immediate\\openout\\notes=notes.txt\n"
      "\\immediate\\write\\notes{from the preamble}\n"
      "\\newread\\data\\openin\\data=data.txt\n"
      "\\read\\data to\\firstline\n"
      "\\edef\\drawn{\\pdfuniformdeviate 1000}\n"
      "\\edef\\mine{\\today}\n"
      "\\edef\\size{\\pdffilesize{data.txt}}\n"
      "\\InputIfFileExists{local.cfg}{}{}\n"
      "\\usepackage{mystyle}\n"
      "\\makeindex\n"
      "\\begin{document}\n"
      "Drawn: \\drawn, and \\pdfuniformdeviate 1000; size \\size; \\mine.\n"
      "\n"
      "First: \\firstline\\read\\data to\\secondline{} second: \\secondline.\n"
      "\\immediate\\write\\notes{from the body}\n"
      "\\section{One}\\label{s1}\\index{one}\n"
      "\\styled{Words} in a style of my own, page \\pageref{s1}.\n"
      "\\immediate\\closeout\\notes\n"
      "\\input{notes.txt}\n"
      "\\end{document}\n";
  p.files["data.txt"] = "the first line\nthe second line\nthe third line\n";
  p.files["mystyle.sty"] = my_style;
  append(p.lines, {"\\immediate\\write\\notes{note <n>}", "\\write\\notes{late note <n> on \\thepage}",
                   "Drawn again: \\pdfuniformdeviate 1000.", "\\read\\data to\\nextline Next: \\nextline.",
                   "Size \\pdffilesize{main.tex} and sum \\pdfmdfivesum file{data.txt}.",
                   "\\newread\\r\\openin\\r=main.tex \\read\\r to\\rr\\closein\\r\\typeout{\\meaning\\rr}",
                   "\\pdfsetrandomseed <n>\\relax", "\\index{entry <n>}", "\\input{made}"});
  append(p.commands,
         {"\\immediate\\write\\notes{note <n> of the preamble}",
          "\\read\\data to\\firstline",
          "\\edef\\size{\\pdffilesize{main.tex}}",
          "\\edef\\size{\\pdfmdfivesum file{main.tex}}",
          "\\edef\\size{\\pdffiledump offset 0 length 12{data.txt}}",
          "\\edef\\size{\\pdffilesize{extra.tex}}",
          "\\edef\\drawn{\\pdfnormaldeviate}",
          "\\pdfsetrandomseed <n>",
          "\\scrollmode",
          "\\batchmode",
          "\\errorcontextlines=100",
          "\\tracingpages=1",
          "\\tracingmacros=1 \\relax\\tracingmacros=0",
          "\\newread\\whole\\openin\\whole=main.tex \\loop\\unless\\ifeof\\whole\\readline\\whole to\\lastline\\repeat",
          "\\let\\olddocument\\document\\def\\document{\\typeout{begins}\\olddocument}",
          "\\write\\notes{never shipped}",
          "\\openout\\notes=other<n>.txt",
          "\\pdfcompresslevel=0",
          "\\synctex=0",
          "\\endlinechar=32",
          "\\everypar{\\typeout{par}}",
          "\\AtEndDocument{\\input{made}}",
          "\\pdfinfo{/Title (T<n>)}",
          "\\catcode`\\!=13 \\def!{exclaimed}"});
  append(p.swaps, {{"\\begin{document}\nDrawn", "\\begin{document}Drawn"},
                   {"\\begin{document}\nDrawn", "\\begin {document}\nDrawn"},
                   {"\\begin{document}\nDrawn", "\\newcommand\\start{\\begin{document}}\\start\nDrawn"},
                   {"\\begin{document}\nDrawn", "\\def\\x{\\begin{document}}\n\\x{}\nDrawn"},
                   {"\\pdfsetrandomseed 7", "\\pdfsetrandomseed 8"},
                   {"the second line", "another second line"},
                   {"\\documentclass{article}", "\\documentclass[12pt]{article}"}});
  p.missing["article.cls"] = "\\LoadClass{report}\n";
  p.missing["texmf.cnf"] = "max_print_line=200\n";
  return p;
}

// Where the preamble is not in the main file.
paper head_paper() {
  auto p = common();
  p.files["main.tex"] =
      "\\input{head}\n"
      "\\section{One}\\label{s1}\n"
      "Words of the main file, page~\\pageref{s1}.\n"
      "\\input{tail}\n";
  p.files["head.tex"] =
      "\\documentclass{article}\n"
      "\\usepackage{graphicx}\n"
      "\\begin{document}\n"
      "Words of the head.\n";
  p.files["tail.tex"] =
      "Words of the tail, see \\ref{s1}.\n"
      "\\includegraphics{picture.png}\n"
      "\\end{document}\n";
  p.files["picture.png"] = png_picture(2);
  append(p.lines, {"\\endinput", "\\input{tail}"});
  append(p.swaps, {{"\\input{head}", "\\input head\\relax"},
                   {"\\input{head}\n", "\\input{head}"},
                   {"\\begin{document}\n", "\\begin{document}%\n"}});
  return p;
}

// A main file in a folder; it finds its other files from the project's root.
paper folder_paper() {
  auto p = common();
  p.main = "paper/main.tex";
  p.files["paper/main.tex"] =
      "\\documentclass{article}\n"
      "\\begin{document}\n"
      "\\section{One}\\label{s1}\n"
      "Words of the main file, see \\ref{s2}.\n"
      "\\input{part}\n"
      "\\input{sub/deep}\n"
      "\\cite{key1}\n"
      "\\bibliographystyle{plain}\\bibliography{refs}\n"
      "\\end{document}\n";
  p.files["part.tex"] = "\\section{In the root}\\label{s2}\nWords of a part.\n";
  p.files["paper/sub/deep.tex"] = "Words below.\n";
  p.files["refs.bib"] = entries(2);
  append(p.lines, {"As \\cite{key<k>} says.", "\\input{part}"});
  append(p.swaps, {{"\\input{part}", "\\input{../part}"}});
  p.missing["paper/part.tex"] = "Words of a nearer part <n>.\\label{s2}\n";
  p.missing["sub/deep.tex"] = "Words of another deep part.\n";
  p.missing["paper/refs.bib"] = "@misc{key1, title={Nearer <n>}, author={Z}}\n";
  return p;
}

paper talk_paper() {
  auto p = common();
  p.files["main.tex"] =
      "\\documentclass{beamer}\n"
      "\\title{A Talk}\n"
      "\\begin{document}\n"
      "\\begin{frame}\n\\titlepage\n\\end{frame}\n"
      "\\section{One}\n"
      "\\begin{frame}[fragile]{A}\n"
      "Some words here, \\verb|x_1|.\n"
      "\\end{frame}\n"
      "\\section{Two}\n"
      "\\begin{frame}{B}\n"
      "First words\\pause{} and then more.\n"
      "\\tableofcontents\n"
      "\\end{frame}\n"
      "\\end{document}\n";
  p.lines = {"\\begin{frame}{Frame <n>}\nWords of a frame.\n\\end{frame}",
             "\\begin{frame}[fragile]{Frame <n>}\n\\begin{verbatim}\n<n>\n\\end{verbatim}\n\\end{frame}",
             "\\begin{frame}<2>\\label{s<n>}\nOnly \\only<2>{two}\\hyperlink{s<k>}{there}.\n\\end{frame}",
             "\\section{Section <n>}",
             "\\subsection{Part <n>}",
             "Words <n>.",
             "\\pause",
             "% comment <n>"};
  append(p.commands, {"\\usetheme{Madrid}", "\\setbeamertemplate{navigation symbols}{}", "\\author{A<n>}"});
  return p;
}

paper plot_paper() {
  auto p = common();
  p.files["main.tex"] =
      "\\documentclass{article}\n"
      "\\usepackage{pgfplots}\n"
      "\\begin{document}\n"
      "\\section{A plot}\\label{s1}\n"
      "Some words about a plot.\n"
      "\n"
      "\\begin{tikzpicture}\\begin{axis}[width=5cm]\\addplot table {data.dat};\\addplot {x^2};\\end{axis}"
      "\\end{tikzpicture}\n"
      "\n"
      "Words below it, \\pgfmathparse{rnd}\\pgfmathresult.\n"
      "\\end{document}\n";
  p.files["data.dat"] = "x y\n0 1\n1 3\n2 2\n";
  append(p.lines, {"\\tikz\\draw (0,0) -- (<n>pt,1);", "\\tikz\\fill[red] (0,0) circle (<k>pt);",
                   "\\pgfmathparse{rnd*<n>}\\pgfmathresult"});
  append(p.commands, {"\\pgfplotsset{compat=1.18}", "\\usetikzlibrary{calc}", "\\pgfmathsetseed{<n>}"});
  append(p.swaps, {{"width=5cm", "width=6cm"}, {"{x^2}", "{x^3}"}, {"data.dat", "more.dat"}});
  p.missing["more.dat"] = "x y\n0 0\n1 <n>\n";
  return p;
}

paper biber_paper() {
  auto p = common();
  p.files["main.tex"] =
      "\\documentclass{article}\n"
      "\\usepackage[style=numeric]{biblatex}\n"
      "\\addbibresource{refs.bib}\n"
      "\\begin{document}\n"
      "\\section{One}\\label{s1}\n"
      "Some words, \\cite{key1} and \\cite{key2}.\n"
      "\\printbibliography\n"
      "\\end{document}\n";
  p.files["refs.bib"] = entries(4);
  append(p.lines, {"As \\cite{key<k>} says.", "\\nocite{*}"});
  append(p.commands, {"\\addbibresource{more.bib}"});
  append(p.swaps, {{"style=numeric", "style=authoryear"}, {"key1", "key3"}});
  p.missing["more.bib"] = "@misc{more, title = {More}, author={B}}\n";
  p.missing["biblatex.cfg"] = "\\typeout{my biblatex.cfg}\n";
  return p;
}

paper xelatex_paper() {
  auto p = common();
  p.engine = texbuild::tex_engine::xelatex;
  p.files["main.tex"] =
      "\\documentclass{article}\\setrandomseed 7\n"
      "\\usepackage{fontspec,graphicx}\n"
      "\\setmainfont{Mine.otf}\n"
      "\\begin{document}\n"
      "\\tableofcontents\n"
      "\\section{One – ä}\\label{s1}\n"
      "Some words in a font of the project, see \\ref{s1} and \\cite{key1}.\n"
      "\\includegraphics[width=1cm]{picture}\n"
      "\\bibliographystyle{plain}\\bibliography{refs}\n"
      "\\end{document}\n";
  p.files["Mine.otf"] = installed("lmroman10-regular.otf");
  p.files["picture.png"] = png_picture(2);
  p.files["refs.bib"] = entries(2);
  append(p.lines, {"{\\fontspec{lmsans10-bold.otf} bold words <n>}", "As \\cite{key<k>} says.",
                   "Drawn: \\uniformdeviate 1000.", "\\special{pdf:docinfo << /Title (T<n>) >>}"});
  append(p.commands, {"\\setsansfont{Latin Modern Sans}", "\\usepackage{hyperref}"});
  append(p.swaps, {{"Mine.otf", "Other.otf"}, {"Mine.otf", "lmroman10-italic.otf"}});
  p.missing["Other.otf"] = installed("lmsans10-bold.otf");
  p.missing["lmroman10-italic.otf"] = installed("lmmono10-regular.otf");
  p.missing["picture.pdf"] = pdf_picture(6);
  return p;
}

paper lualatex_paper() {
  auto p = common();
  p.engine = texbuild::tex_engine::lualatex;
  p.files["main.tex"] =
      "\\documentclass{article}\\directlua{math.randomseed(7)}\n"
      "\\directlua{counter = 1; local f = io.open('data.txt'); first = f and f:read('*l') or 'none'; "
      "if f then f:close() end; later = io.open('data.txt'); if later then later:read('*l') end}\n"
      "\\begin{document}\n"
      "\\section{One}\\label{s1}\n"
      "Lua says \\directlua{tex.print(counter .. first)}; see \\ref{s1} and \\cite{key1}.\n"
      "\n"
      "And then \\directlua{tex.print(later and later:read('*l') or 'nothing')} and "
      "\\directlua{tex.print(math.random(1000))}.\n"
      "\\bibliographystyle{plain}\\bibliography{refs}\n"
      "\\end{document}\n";
  p.files["data.txt"] = "the first line\nthe second line\n";
  p.files["refs.bib"] = entries(2);
  p.lines.insert(p.lines.end(), {"\\directlua{counter = counter + <n>}", "Now \\directlua{tex.print(counter)}.",
                                 "\\directlua{texio.write_nl('lua <n>')}", "\\directlua{error('lua <n>')}",
                                 "As \\cite{key<k>} says."});
  append(p.commands, {"\\directlua{counter = <n>}", "\\directlua{counter = lfs.isfile('extra.tex') and 10 or 20}",
                      "\\directlua{counter = lfs.attributes('data.txt', 'size') or 0}",
                      "\\directlua{for line in io.lines('main.tex') do counter = line:len() end}"});
  p.missing["mine.lua"] = "counter = 99\n";
  return p;
}
