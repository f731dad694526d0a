// Calls of services that speak JSON over HTTP. What an answer means, each client decides for itself.
#pragma once

#include <texbuild/error.hpp>
#include <texbuild/http.hpp>

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace http {

/// An answer, whatever its status.
struct json_answer {
  int status = 0;
  std::optional<boost::json::value> body;  ///< nothing, if what came is no JSON
  std::string retry_after;                 ///< the header

  [[nodiscard]] bool is_success() const noexcept { return status >= 200 && status < 300; }
  /// The body, if it is an object.
  [[nodiscard]] const boost::json::object* object() const noexcept;
};

/// The origin of an address setting: without a slash at its end, and without the `/v1` that some write.
std::string origin_of(std::string url);

/// Sends a request, with a JSON body if there is one, and reads what comes. Blocks. Errors of the client only.
result<json_answer> ask(http_client& http, http_request request, const boost::json::object* body = nullptr);

}  // namespace http
}  // namespace v0
}  // namespace texbuild
