#include "server/tool/build_options.hpp"

#include "server/tool/arguments.hpp"

#include <sstream>

namespace texbuild_tool {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;
using texbuild::errc;
using texbuild::error;

constexpr int most_seconds = 24 * 60 * 60;

po::options_description visible_options() {
  po::options_description options("Options");
  auto add = options.add_options();
  add("output,o", po::value<std::string>()->value_name("FILE"),
      "the PDF; default: the main file's name in this folder");
  add("engine", po::value<std::string>()->value_name("NAME"),
      "pdflatex, xelatex, lualatex or auto (the default: what the document asks for)");
  add("main", po::value<std::string>()->value_name("FILE"), "the file to compile, seen from the project's root");
  add("synctex", po::value<std::string>()->value_name("FILE"), "also write the SyncTeX file (.synctex.gz)");
  add("log", po::value<std::string>()->value_name("FILE"), "also write TeX's log");
  add("timeout", po::value<int>()->value_name("SECONDS"), "stop the build after that long; default 300");
  add("shell-escape", po::bool_switch(), "let the document run commands (inside the sandbox)");
  add("clean", po::bool_switch(),
      "begin with nothing: neither an earlier result nor an earlier build's aux files serve");
  add("project", po::value<std::string>()->value_name("NAME"),
      "which document this is, for going on from its last build; default: its folder and main file");
  add("watch", po::bool_switch(), "build again whenever a file of the project changes; Ctrl-C ends it");
  add("warnings", po::bool_switch(), "list all warnings, not only their number");
  add("json", po::bool_switch(), "one JSON object on stdout (one line for each build)");
  add("quiet,q", po::bool_switch(), "errors only");
  add("verbose,v", po::bool_switch(), "show what TeX prints");
  add("data-dir", po::value<std::string>()->value_name("FOLDER"),
      "where fonts made once and each document's last build (for a week) are kept; default $XDG_CACHE_HOME/texbuild or "
      "~/.cache/texbuild");
  add("help,h", po::bool_switch(), "this text");
  return options;
}

std::string text_of(const po::variables_map& values, const char* name) {
  return values.count(name) == 0 ? std::string() : values[name].as<std::string>();
}

error wrong(std::string what, const char* option) {
  return error(errc::invalid_input, std::move(what)).with_subject(option);
}

}  // namespace

texbuild::result<build_options> parse_build_options(std::span<const std::string> arguments) {
  auto options = visible_options();
  options.add_options()("input", po::value<std::string>(), "");
  po::positional_options_description positional;
  positional.add("input", 1);
  const auto parsed = parse_arguments(arguments, options, positional);
  if (!parsed) return parsed.error();
  const auto& values = *parsed;

  build_options out;
  out.help = values["help"].as<bool>();
  if (out.help) return out;
  out.input = text_of(values, "input");
  if (out.input.empty())
    return wrong("nothing to build; give a ZIP, a folder or a .tex file: texbuild build paper.zip", "input");
  for (const char* name : {"output", "synctex", "log", "data-dir", "main", "project"})
    if (values.count(name) != 0 && text_of(values, name).empty())
      return wrong("--" + std::string(name) + " needs a name", name);
  out.pdf = text_of(values, "output");
  out.synctex = text_of(values, "synctex");
  out.log = text_of(values, "log");
  out.data_folder = text_of(values, "data-dir");
  out.project = text_of(values, "project");
  constexpr std::size_t longest_project = 200;
  if (out.project.size() > longest_project) return wrong("--project takes at most 200 bytes", "project");
  if (values.count("main") != 0) out.main_file = text_of(values, "main");
  if (values.count("engine") != 0) {
    const auto word = text_of(values, "engine");
    const auto engine = texbuild::parse_tex_engine(word);
    if (!engine)
      return wrong("there is no engine '" + word + "'; choose pdflatex, xelatex, lualatex or auto", "engine");
    out.engine = *engine;
  }
  if (values.count("timeout") != 0) {
    const int seconds = values["timeout"].as<int>();
    if (seconds < 1 || seconds > most_seconds) return wrong("--timeout must be 1 to 86400 seconds", "timeout");
    out.timeout = std::chrono::seconds(seconds);
  }
  out.shell_escape = values["shell-escape"].as<bool>();
  out.clean = values["clean"].as<bool>();
  out.watch = values["watch"].as<bool>();
  out.json = values["json"].as<bool>();
  out.quiet = values["quiet"].as<bool>();
  out.verbose = values["verbose"].as<bool>();
  out.warnings = values["warnings"].as<bool>();
  if (out.quiet && out.verbose) return wrong("--quiet and --verbose exclude each other", "quiet");
  return out;
}

std::string build_help() {
  std::ostringstream out;
  out << "Usage: texbuild build [options] INPUT\n\n"
         "Makes a PDF from a LaTeX project: a ZIP, a folder, or a single .tex file (its folder is the project).\n"
         "Bibliography, index and glossary programs run when the document needs them, TeX as often as it takes.\n"
         "Everything runs in a sandbox: no network, and of your files only the project.\n"
         "A document that did not change since its last build today is not built again; an edit takes one pass.\n\n"
      << visible_options()
      << "\nExamples:\n"
         "  texbuild build paper.zip -o paper.pdf\n"
         "  texbuild build thesis/ --main book.tex --engine lualatex\n"
         "  texbuild build letter.tex --watch\n"
         "  texbuild build paper.zip --json | jq -r '.diagnostics[].message'\n"
         "\nExit codes:\n"
         "  0    there is a PDF\n"
         "  1    the document has errors (what TeX made of it all the same is written, and said to be partial)\n"
         "  2    wrong usage, or a project that cannot be read\n"
         "  3    this machine cannot build; texbuild doctor says what to install\n"
         "  130  interrupted\n";
  return out.str();
}

}  // namespace texbuild_tool
