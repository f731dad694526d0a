// JSON from strangers: one meaning or none. RFC 8259 in UTF-8, of bounded depth, no member name twice in an object.
#pragma once

#include <texbuild/error.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace data {

/// `errc::invalid_input`, with words for whoever wrote the text. Takes time and memory in proportion to the text, which
/// the caller has bounded. `depth` is how many objects and arrays may lie in one another.
result<boost::json::value> parse_strict_json(std::string_view text, std::size_t depth = 16);

/// The text of a member that is a string; null if the member is missing or something else.
const boost::json::string* find_text(const boost::json::object& in, std::string_view name) noexcept;

/// A member that is an object; null if it is missing or something else.
const boost::json::object* find_object(const boost::json::object& in, std::string_view name) noexcept;
/// A member that is a list; null if it is missing or something else.
const boost::json::array* find_array(const boost::json::object& in, std::string_view name) noexcept;
/// The text of a member; "" if it is missing or something else.
std::string text_of(const boost::json::object& in, std::string_view name);
/// A member that is a whole number which fits; empty if it is missing or something else.
std::optional<std::int64_t> whole_of(const boost::json::object& in, std::string_view name) noexcept;
/// A member that is a number, whole or not.
std::optional<double> number_of(const boost::json::object& in, std::string_view name) noexcept;
/// A member that is true; false if it is missing or something else.
bool is_true(const boost::json::object& in, std::string_view name) noexcept;

inline std::string_view view(const boost::json::string& s) noexcept { return {s.data(), s.size()}; }
inline boost::json::string_view view(std::string_view s) noexcept { return {s.data(), s.size()}; }

}  // namespace data
}  // namespace v0
}  // namespace texbuild
