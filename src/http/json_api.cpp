#include "src/http/json_api.hpp"

#include "src/data/strict_json.hpp"

#include <boost/json/serialize.hpp>

namespace texbuild {
inline namespace v0 {
namespace http {

const boost::json::object* json_answer::object() const noexcept { return body ? body->if_object() : nullptr; }

std::string origin_of(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/v1")) url.resize(url.size() - 3);
  return url;
}

result<json_answer> ask(http_client& http, http_request request, const boost::json::object* body) {
  request.headers.emplace_back("Accept", "application/json");
  if (body != nullptr) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = boost::json::serialize(*body);
  }
  const auto answer = http.send(std::move(request));
  if (!answer) return answer.error();
  json_answer out;
  out.status = answer->status;
  out.retry_after = std::string(answer->header("Retry-After"));
  if (auto parsed = data::parse_strict_json(answer->body, 32)) out.body = std::move(*parsed);
  return out;
}

}  // namespace http
}  // namespace v0
}  // namespace texbuild
