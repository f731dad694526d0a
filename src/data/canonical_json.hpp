// The one text of a JSON value: RFC 8785 (JSON Canonicalization Scheme), for signatures over JSON.
#pragma once

#include <texbuild/error.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace data {

/// Members sorted by UTF-16 code units, numbers as ECMAScript prints doubles, no space. `errc::invalid_input` for what
/// is no JSON, for names that occur twice, and for numbers beyond the range of a double.
result<std::string> canonical_json(std::string_view text);

/// As ECMAScript's Number::toString; "null" for what is not finite, as JSON.stringify has it.
std::string number_text(double value);
/// The nearest double, 0 for what is too small; nothing for what is too large or no number of JSON.
std::optional<double> number_value(std::string_view token);

}  // namespace data
}  // namespace v0
}  // namespace texbuild
