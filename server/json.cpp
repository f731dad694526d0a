#include "server/json.hpp"

#include "server/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace texbuild::server {

namespace json = boost::json;

reply answer(const json::object& body, int status) {
  reply out(status);
  out.body = json::serialize(body);
  return out;
}

json::value when(const std::optional<std::chrono::system_clock::time_point>& t) {
  return t ? json::value(rfc3339(*t)) : json::value();
}

result<body_fields> body_fields::read(const request& r) {
  boost::system::error_code failed;
  json::parse_options strict;
  strict.max_depth = 8;
  auto value = json::parse(r.body, failed, {}, strict);
  if (failed || !value.is_object())
    return error(errc::invalid_input, "the body must be a JSON object").with_subject("body");
  return body_fields(std::move(value.as_object()));
}

bool body_fields::has(std::string_view name) const {
  const auto* v = members_.if_contains(name);
  return v != nullptr && !v->is_null();
}

result<std::string> body_fields::text(std::string_view name, std::size_t most) const {
  const auto* v = members_.if_contains(name);
  if (v == nullptr) return error(errc::invalid_input, "is missing").with_subject(std::string(name));
  if (!v->is_string() || v->get_string().empty() || v->get_string().size() > most)
    return error(errc::invalid_input, "must be a text of 1 to " + std::to_string(most) + " characters")
        .with_subject(std::string(name));
  return std::string(v->get_string().c_str(), v->get_string().size());
}

}  // namespace texbuild::server
