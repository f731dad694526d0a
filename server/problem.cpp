#include "server/problem.hpp"

#include "server/text.hpp"

#include <boost/json.hpp>

namespace texbuild::server {
namespace {

struct row {
  errc code;
  int status;
  std::string_view word;
  std::string_view message;
};

// The documented table, and the rows that the contract adds.
constexpr row rows[] = {
    {errc::invalid_input, 400, "invalid_input", "Invalid request parameters"},
    {errc::not_found, 404, "not_found", "Resource not found"},
    {errc::unauthorized, 401, "unauthorized", "Missing or invalid authentication"},
    {errc::forbidden, 403, "forbidden", "Access denied"},
    {errc::conflict, 409, "conflict", "Resource conflict"},
    {errc::gone, 410, "gone", "Resource is no longer available"},
    {errc::payload_too_large, 413, "payload_too_large", "Payload too large"},
    {errc::unsupported_media_type, 415, "unsupported_media_type", "Unsupported media type"},
    {errc::rate_limited, 429, "rate_limited", "Rate limit exceeded"},
    {errc::limit_exceeded, 403, "limit_exceeded", "Usage limit exceeded"},
    {errc::compilation_failed, 400, "compilation_failed", "LaTeX compilation failed"},
    {errc::insufficient_storage, 503, "insufficient_storage", "Insufficient disk space"},
    {errc::unavailable, 503, "unavailable", "Service unavailable"},
    {errc::provider_error, 502, "provider_error", "An outside service failed"},
    {errc::canceled, 503, "unavailable", "Service unavailable"},
    {errc::timed_out, 503, "unavailable", "Service unavailable"},
    {errc::internal, 500, "server_error", "Internal server error"},
};

const row& row_of(errc code) {
  for (const auto& r : rows)
    if (r.code == code) return r;
  return rows[std::size(rows) - 1];
}

}  // namespace

int status_of(errc code) { return row_of(code).status; }

reply problem(int status, std::string_view code, std::string_view message, std::string_view details) {
  reply out(status);
  boost::json::object body;
  body["code"] = code;
  body["message"] = message;
  body["details"] = as_utf8(details);
  out.body = boost::json::serialize(body);
  return out;
}

reply problem(const error& e) {
  const auto& r = row_of(e.code());
  std::string details = e.detail();
  if (!e.subject().empty() && details.find(e.subject()) == std::string::npos)
    details = e.subject() + (details.empty() ? "" : ": " + details);
  auto out = problem(r.status, r.word, r.message, details);
  out.cause = e.cause();
  if (r.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (e.retry_after()) out.headers.emplace_back("Retry-After", std::to_string(e.retry_after()->count()));
  if (!e.retry_after() && r.status == 503) out.headers.emplace_back("Retry-After", "10");
  return out;
}

}  // namespace texbuild::server
