#include "server/tool/warm_command.hpp"

#include "server/tool/arguments.hpp"
#include "server/tool/data_folder.hpp"
#include "server/tool/exit_code.hpp"
#include "server/tool/interruption.hpp"
#include "server/tool/progress_line.hpp"
#include "server/tool/terminal_text.hpp"

#include <texbuild/engine.hpp>

#include <iostream>
#include <unistd.h>

namespace texbuild_tool {
namespace {

namespace po = boost::program_options;

int refuse(const texbuild::error& e) {
  const int exit = exit_code_of(e);
  if (exit != interrupted) std::cerr << "texbuild: " << printable(e.detail()) << '\n';
  if (exit == cannot_build) std::cerr << "  texbuild doctor says what is missing\n";
  return exit;
}

}  // namespace

int run_warm_command(std::span<const std::string> arguments) {
  po::options_description options("Options");
  options.add_options()("data-dir", po::value<std::string>()->value_name("FOLDER"),
                        "whose cache; default $XDG_CACHE_HOME/texbuild or ~/.cache/texbuild")(
      "quiet,q", po::bool_switch(), "errors only")("help,h", po::bool_switch(), "this text");
  const auto values = parse_arguments(arguments, options);
  if (!values) {
    std::cerr << "texbuild: " << printable(values.error().detail()) << "\n  texbuild warm --help lists the options\n";
    return bad_input;
  }
  if ((*values)["help"].as<bool>()) {
    std::cout
        << "Usage: texbuild warm [--data-dir FOLDER]\n\n"
           "Makes the font cache (LuaTeX's database of fonts, common bitmaps), so that no build has to. Takes up to\n"
           "minutes the first time and after an update of TeX Live, nothing otherwise. A server started with the same\n"
           "--data-dir uses it too.\n\n"
        << options << "\nExit codes: 0 the cache is there; 2 wrong usage; 3 this machine cannot; 130 interrupted\n";
    return success;
  }
  const interruption signals;
  const auto cache =
      font_cache_folder(values->count("data-dir") == 0 ? "" : (*values)["data-dir"].as<std::string>(), read_variable);
  if (cache.empty()) {
    std::cerr << "texbuild: there is no folder for the cache; name one with --data-dir\n";
    return bad_input;
  }
  texbuild::engine_options with;
  with.accept_only = true;
  with.cache_folder = cache;
  auto engine = texbuild::engine::open(with);
  if (!engine) return refuse(engine.error());

  progress_style style;
  style.quiet = (*values)["quiet"].as<bool>();
  style.live = is_live_terminal(STDERR_FILENO, read_variable);
  style.columns = terminal_columns(STDERR_FILENO);
  progress_line progress(std::cerr, style);
  bool made = false;
  const auto done = engine->warm(
      [&](std::string_view program) {
        made = true;
        progress.say("making the font cache: " + std::string(program));
      },
      signals.token());
  progress.clear();
  if (signals.exit_code() != 0) return signals.exit_code();
  if (!done) return refuse(done.error());
  if (!style.quiet)
    std::cout << (made ? "the font cache is made: " : "the font cache was there: ") << cache.string() << std::endl;
  return success;
}

}  // namespace texbuild_tool
