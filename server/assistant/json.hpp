// Members of JSON objects that others sent: what is missing or something else is empty.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace texbuild::assistant {

inline std::string text_of(const boost::json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string().c_str(), v->get_string().size()) : std::string();
}

inline std::int64_t number_of(const boost::json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_int64() ? v->get_int64() : 0;
}

inline const boost::json::object* object_in(const boost::json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v == nullptr ? nullptr : v->if_object();
}

}  // namespace texbuild::assistant
