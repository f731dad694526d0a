#include "server/tool/doctor_command.hpp"

#include "server/tool/arguments.hpp"
#include "server/tool/exit_code.hpp"
#include "server/tool/installation_report.hpp"
#include "server/tool/terminal_text.hpp"

#include <iostream>
#include <unistd.h>

namespace texbuild_tool {

namespace po = boost::program_options;

int run_doctor_command(std::span<const std::string> arguments) {
  po::options_description options("Options");
  options.add_options()("json", po::bool_switch(), "one JSON object on stdout")("help,h", po::bool_switch(),
                                                                                "this text");
  const auto values = parse_arguments(arguments, options);
  if (!values) {
    std::cerr << "texbuild: " << printable(values.error().detail()) << "\n  texbuild doctor --help lists the options\n";
    return bad_input;
  }
  if ((*values)["help"].as<bool>()) {
    std::cout << "Usage: texbuild doctor [--json]\n\n"
                 "Looks for the sandbox, the TeX engines and their helper programs; starts each once.\n\n"
              << options
              << "\nExit codes: 0 all that is required is there; 3 something required is missing; 2 wrong usage\n";
    return success;
  }
  const auto findings = texbuild::inspect_installation(nullptr);
  if ((*values)["json"].as<bool>()) {
    std::cout << to_json(findings) << std::endl;
  } else {
    print_installation(std::cout, findings, is_utf8_locale(read_variable), ::geteuid() == 0);
  }
  return is_complete(findings) ? success : cannot_build;
}

}  // namespace texbuild_tool
