#include "server/tool/arguments.hpp"

#include "server/tool/suggestion.hpp"

#include <boost/program_options/parsers.hpp>

#include <vector>

namespace texbuild_tool {

namespace po = boost::program_options;
using texbuild::errc;
using texbuild::error;

texbuild::result<po::variables_map> parse_arguments(std::span<const std::string> arguments,
                                                    const po::options_description& options,
                                                    const po::positional_options_description& positional) {
  po::variables_map values;
  try {
    // Guessing would make `--syn` work today and be ambiguous tomorrow.
    constexpr int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    const std::vector<std::string> words(arguments.begin(), arguments.end());
    po::store(po::command_line_parser(words).options(options).positional(positional).style(style).run(), values);
    po::notify(values);
    return values;
  } catch (const po::unknown_option& e) {
    std::vector<std::string> known;
    for (const auto& option : options.options()) known.push_back("--" + option->long_name());
    const auto& typed = e.get_option_name();
    return error(errc::invalid_input, "unknown option '" + typed + "'" + did_you_mean(typed, known));
  } catch (const po::too_many_positional_options_error&) {
    return error(errc::invalid_input, positional.max_total_count() == 0 ? "this command takes no arguments"
                                                                        : "too many arguments; give one input");
  } catch (const po::error& e) {
    return error(errc::invalid_input, e.what());
  }
}

}  // namespace texbuild_tool
