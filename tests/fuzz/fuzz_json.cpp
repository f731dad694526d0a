// JSON and expressions that strangers write: what counts as JSON for one reader does for the other, canonical text is
// its own canonical text, and nothing that is read leads out of the text.
#include "src/data/canonical_json.hpp"
#include "src/data/json_slice.hpp"
#include "src/data/strict_json.hpp"
#include "src/functions/expression.hpp"

#include <texbuild/json_text.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace texbuild;

void check_parts(const json_text& value, unsigned depth) {  // NOLINT(misc-no-recursion): as deep as the text
  if (depth == 0) return;
  for (const auto& [name, part] : value.members()) {
    if (!data::check_json(part.text()) || json_text(name).as_text() != name) std::abort();
    check_parts(part, depth - 1);
  }
  for (const auto& part : value.elements()) {
    if (!data::check_json(part.text())) std::abort();
    check_parts(part, depth - 1);
  }
  if (value.as_text() && json_text(*value.as_text()).as_text() != value.as_text()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const bool good = data::check_json(text).has_value();
  // Boost.JSON reads no exponents beyond its own range, which RFC 8259 leaves to each reader.
  const bool far = text.find_first_of("eE") != std::string_view::npos;
  if (good != data::parse_strict_json(text, data::json_depth).has_value() && !(good && far)) std::abort();
  if (const auto once = data::canonical_json(text)) {
    if (!good || data::canonical_json(*once).value() != *once) std::abort();
  }
  if (good) {
    const auto value = json_text::parse(std::string(text)).value();
    check_parts(value, 8);
    for (const char* pointer : {"/a/0", "/", "/0/a~1b", ""}) (void)value.find(pointer);
    const auto source = functions::expression::parse(value.as_text().value_or(""));
    if (source) (void)source->holds(value, value);
  }
  if (const auto read = functions::expression::parse(text)) (void)read->holds(json_text(), json_text());
  return 0;
}
