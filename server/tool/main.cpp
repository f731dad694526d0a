// texbuild: the command-line tool. One row of the table for each command.
#include "server/tool/admin_command.hpp"
#include "server/tool/build_command.hpp"
#include "server/tool/doctor_command.hpp"
#include "server/tool/exit_code.hpp"
#include "server/tool/suggestion.hpp"
#include "server/tool/terminal_text.hpp"
#include "server/tool/warm_command.hpp"

#include <texbuild/version.hpp>

#include <array>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace texbuild_tool;

struct command_row {
  std::string_view name;
  std::string_view summary;
  int (*run)(std::span<const std::string> arguments);
};

constexpr std::array commands{
    command_row{"build", "make a PDF from a ZIP, a folder or a .tex file", run_build_command},
    command_row{"doctor", "say what is installed, what is missing and how to get it", run_doctor_command},
    command_row{"warm", "make the font cache that all builds share", run_warm_command},
    command_row{"coupon", "of a server: make, list and disable coupons", run_coupon_command},
    command_row{"plan", "of a server: list its plans", run_plan_command},
    command_row{"user", "of a server: show a user, give a plan, read the audit trail", run_user_command},
};

void print_help(std::ostream& out) {
  out << "texbuild " << texbuild::version() << ": builds LaTeX projects, in a sandbox\n\n"
      << "Usage: texbuild COMMAND [options]\n\nCommands:\n";
  for (const auto& row : commands)
    out << "  " << row.name << std::string(10 - row.name.size(), ' ') << row.summary << '\n';
  out << "\nOptions:\n"
         "  --help      this text; texbuild COMMAND --help says more\n"
         "  --version   the version\n"
         "\nExamples:\n"
         "  texbuild build paper.zip -o paper.pdf\n"
         "  texbuild build letter.tex --watch\n"
         "  texbuild doctor\n"
         "\nExit codes:\n"
         "  0    done\n"
         "  1    the document has errors\n"
         "  2    wrong usage or bad input\n"
         "  3    this machine cannot build (no sandbox, no TeX)\n"
         "  130  interrupted\n";
}

int run(std::span<const std::string> arguments) {
  if (arguments.empty()) {
    print_help(std::cerr);
    return bad_input;
  }
  const auto& word = arguments.front();
  const auto rest = arguments.subspan(1);
  for (const auto& row : commands)
    if (row.name == word) return row.run(rest);
  if (word == "--version" || word == "-V" || word == "version") {
    std::cout << "texbuild " << texbuild::version() << '\n';
    return success;
  }
  if (word == "help" && !rest.empty()) {
    const std::array help{std::string("--help")};
    for (const auto& row : commands)
      if (row.name == rest.front()) return row.run(help);
  }
  if (word == "--help" || word == "-h" || word == "help") {
    print_help(std::cout);
    return success;
  }
  std::vector<std::string> known{"--help", "--version"};
  for (const auto& row : commands) known.emplace_back(row.name);
  std::cerr << "texbuild: unknown " << (word.starts_with('-') ? "option" : "command") << " '" << printable(word) << "'"
            << did_you_mean(word, known) << " (texbuild --help lists all)\n";
  return bad_input;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return run(arguments);
  } catch (const std::exception& e) {
    std::cerr << "texbuild: " << printable(e.what()) << '\n';
    return cannot_build;
  }
}
