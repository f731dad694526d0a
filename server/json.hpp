// JSON in and out of routes.
#pragma once

#include "server/exchange.hpp"

#include <texbuild/error.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace texbuild::server {

reply answer(const boost::json::object& body, int status = 200);

/// RFC 3339, or null.
boost::json::value when(const std::optional<std::chrono::system_clock::time_point>& t);

/// The members of a request's body that is a JSON object, each a text that is not empty.
class body_fields {
 public:
  /// `errc::invalid_input`.
  static result<body_fields> read(const request& r);
  /// False for one that is null, too.
  [[nodiscard]] bool has(std::string_view name) const;
  /// `errc::invalid_input` names the member.
  [[nodiscard]] result<std::string> text(std::string_view name, std::size_t most = 200) const;

 private:
  explicit body_fields(boost::json::object members) : members_(std::move(members)) {}
  boost::json::object members_;
};

}  // namespace texbuild::server
