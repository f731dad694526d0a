// Documents that look at the engine, or that fail.
#pragma once

#include <map>
#include <ostream>
#include <string>

namespace oddities {

inline std::string article(const std::string& body, const std::string& preamble = "") {
  return "\\documentclass{article}\n" + preamble + "\n\\begin{document}\n" + body + "\n\\end{document}\n";
}

struct oddity {
  const char* name;
  std::string text;
  std::map<std::string, std::string> others = {};
};

inline void PrintTo(const oddity& what, std::ostream* out) { *out << what.name; }

inline const oddity errors[] = {
    {"EmptyFile", ""},
    {"OneWord", "x"},
    {"UndefinedOnTheFirstLine", "\\undefined\n" + article("x")},
    {"UndefinedOnTheFifthLine", article("a\n\\undefined b")},
    {"MissingInput", article("\\input{nosuch}")},
    {"MissingImage", article("\\includegraphics{nosuch}", "\\usepackage{graphicx}")},
    {"MissingClass", "\\documentclass{nosuch}\n\\begin{document}x\\end{document}\n"},
    {"MissingPackage", article("x", "\\usepackage{nosuch}")},
    {"RunawayArgument", article("\\textbf{a\n\nb}")},
    {"RunawayAtTheEnd", article("\\def\\a#1{}\\a{ never closed")},
    {"NoEnd", "\\documentclass{article}\n\\begin{document}\nx\n"},
    {"NoEndNoNewline", "\\documentclass{article}\n\\begin{document}\nx"},
    {"NoBegin", "\\documentclass{article}\nx\n"},
    {"EndInGroup", article("{\\bgroup")},
    {"ExtraBrace", article("a}b}")},
    {"MissingDollar", article("a_b")},
    {"EmergencyStop", article("\\errorstopmode\\undefined\\undefined")},
    {"FatalEnd", "\\batchmode\\csname @@end\\endcsname"},
    {"StackOverflow", article("\\def\\a{\\a\\par}\\a")},
    {"InputStackOverflow", article("\\def\\a{x\\a{}}\\a")},
    {"TooManyErrors", article([] {
       std::string many;
       for (int i = 0; i < 110; ++i) many += "\\undefined ";
       return many;
     }())},
    {"ErrorContext", article("\\errorcontextlines=100 \\def\\a#1{\\undefined #1}\\def\\b{\\a{\\undefined}}\\b")},
    {"ErrorContextBeforeTheFirstFile", "\\errorcontextlines=100 \\undefined\n" + article("x")},
    {"ErrorMessage", article("\\errhelp{help}\\errmessage{mine}\\PackageError{p}{m}{h}")},
    {"InvalidCharacter", article("a\x01"
                                 "b\x7f")},
};
inline const oddity looks[] = {
    {"Typein", article("\\typein[\\x]{say}\\x")},
    {"ReadTerminal", article("\\read-1 to\\x \\show\\x")},
    {"ReadTerminalWithPrompt", article("\\read16 to\\x \\show\\x")},
    {"ReadAfterError", "\\scrollmode\\read16 to\\x\n"},
    {"ErrorstopRead", "\\errorstopmode\\read16 to\\x\n"},
    {"Jobname", article("\\jobname\\typeout{\\jobname}\\the\\inputlineno\\typeout{\\the\\inputlineno}")},
    {"LineOfTheFirst", "\\message{\\the\\inputlineno}\n" + article("x")},
    {"Everyjob", article("\\typeout{\\the\\everyjob}\\typeout{\\meaning\\everyjob}")},
    {"Interaction", article("\\typeout{\\the\\interactionmode}\\scrollmode\\typeout{\\the\\interactionmode}")},
    {"MacrosLeft", article("\\typeout{\\meaning\\x;\\meaning\\y;\\meaning\\dospecials}\\ifdefined\\y\\undefinedA\\fi"
                           "\\ifdefined\\x\\undefinedB\\fi")},
    {"Groups",
     "\\message{\\the\\currentgrouplevel,\\the\\currentgrouptype,\\the\\currentiflevel,"
     "\n\\the\\currentiftype,\\the\\currentifbranch}\\showgroups\\showifs\n" +
         article("x")},
    {"Today", article("\\today\\typeout{\\today\\the\\time}\\typeout{\\the\\year-\\the\\month-\\the\\day}")},
    {"Openout",
     article("\\newwrite\\w\\immediate\\openout\\w=made.txt\\immediate\\write\\w{one}"
             "\\immediate\\closeout\\w\\newread\\r\\openin\\r=made.txt\\read\\r to\\x \\typeout{\\meaning\\x}"
             "\\ifeof\\r\\else\\read\\r to\\x\\fi\\closein\\r")},
    {"OpenoutLog", article("\\newwrite\\w\\immediate\\openout\\w=other.log\\immediate\\write\\w{**first "
                           "13 JAN 2018 14:05}\\immediate\\closeout\\w")},
    {"OpenoutOwnSource", article("\\newwrite\\w\\immediate\\openout\\w=main.tex\\immediate\\write\\w{mine}"
                                 "\\immediate\\closeout\\w") +
                             std::string(8000, '%') + "\nmore\n"},
    {"OpenoutManyTimes", article("\\newwrite\\w\\immediate\\openout\\w=a.txt\\immediate\\write\\w{1}"
                                 "\\immediate\\openout\\w=a.txt\\immediate\\write\\w{2}\\immediate\\closeout\\w"
                                 "\\input{a.txt}")},
    {"OpenoutOutside", article("\\newwrite\\w\\immediate\\openout\\w=../x.txt ")},
    {"OpenoutTexbuildJob", article("\\newwrite\\w\\immediate\\openout\\w=texbuild-job.txt\\immediate\\write\\w{x}"
                                   "\\immediate\\closeout\\w\\input{texbuild-job.txt}")},
    {"Filecontents", "\\begin{filecontents*}{made.sty}\n\\def\\made{yes}\n\\end{filecontents*}\n" +
                         article("\\made", "\\usepackage{made}")},
    {"LongLines", article(std::string(30000, 'x') + "\n\\typeout{" + std::string(9000, 'y') + "}")},
    {"CarriageReturns",
     "\\documentclass{article}\r\n\\begin{document}\r\nx\\typeout{\\the\\inputlineno}\r\n\\undefined\r\n"
     "\\end{document}\r\n"},
    {"ByteOrderMark", "\xef\xbb\xbf" + article("\xc3\xa4\xe2\x82\xac")},
    {"Utf16", std::string("\xff\xfe\\\0r\0e\0l\0a\0x\0\n\0", 20)},
    {"NotUtf8", article("a\xe4"
                        "b\\typeout{\xe4}")},
    {"Latin1", article("\xe4\xf6\xfc", "\\usepackage[latin1]{inputenc}")},
    {"Scantokens", article("\\scantokens{\\undefined a}\\scantokens{\\typeout{\\the\\inputlineno}}")},
    {"TracingAll", article("\\tracingall a $x^2$ \\textbf{b}\\showbox255 \\tracingnone")},
    {"TracingFromTheFirstLine",
     "\\tracingonline=0 \\tracingcommands=2 \\tracingmacros=2 \\tracingrestores=1 "
     "\n\\tracinggroups=1 \\tracingifs=1 \\tracingscantokens=1 \\tracingassigns=1 \n" +
         article("x")},
    {"TracingStats", "\\tracingstats=2 \n" + article("\\hbox to 1000pt{}\n\n\\vbox to 2in{x}")},
    {"TracingLostAndParagraphs", article("\\tracingparagraphs=1 \\tracingpages=1 \\tracingoutput=1 a b c\n\nd")},
    {"Random", article("\\typeout{\\ifdefined\\pdfuniformdeviate\\else x\\fi}")},
    {"Show", article("\\show\\undefined\\showthe\\hsize\\showtokens{a}\\show\\jobname\\show\\everyjob")},
    {"Restricted", article("\\typeout{\\ifdefined\\pdfshellescape\\the\\pdfshellescape\\fi}"
                           "\\immediate\\write18{id}\\immediate\\write18{kpsewhich article.cls}")},
    {"EndlineChar", "\\endlinechar=-1 \\catcode`\\%=12 \\message{%}\\catcode`\\%=14 \n" + article("x")},
    {"CategoryCodesAtTheStart",
     "\\message{\\the\\catcode`\\{\\the\\catcode`\\@\\the\\endlinechar\\the\\escapechar}\n" + article("x")},
    {"MarksInsertsAndFonts", article("\\showlists\\showboxdepth=9 \\showboxbreadth=99 \\shipout\\hbox{x}")},
    {"AfterEnd", article("x") + "\\undefined\nmore\n"},
    {"InputItself", "\\ifdefined\\again\\expandafter\\endinput\\fi\n\\def\\again{}\\input main.tex\n" + article("x")},
    {"Hyperref", article("\\section{a}\\url{x}", "\\usepackage{hyperref}")},
    {"MetafontFonts", "\\documentclass{article}\\begin{document}\\font\\x=ecrm1000 at 13pt \\x abc\\end{document}\n"},
    {"MissingFont", article("\\font\\x=nosuchfont \\x abc")},
    {"TypeoutOfTheFirstLine", "\\typeout{**\\begingroup\\read16 to\\x}\n" + article("x")},
};

}  // namespace oddities
