// Any bytes are a log: the parsers neither crash nor hang, and say little.
#include "src/tex/log_parser.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto summary = texbuild::tex::parse_log(text, "chapters");
  const bool many = summary.diagnostics.size() > 200 || texbuild::tex::parse_bibtex_log(text).size() > 200 ||
                    texbuild::tex::parse_biber_log(text).size() > 200 ||
                    texbuild::tex::parse_makeindex_log(text).size() > 200;
  return many ? (std::abort(), 0) : 0;
}
