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
    {errc::payment_required, 402, "payment_required", "Payment required"},
    {errc::internal, 500, "server_error", "Internal server error"},
};

boost::json::object body_of(std::string_view code, std::string_view message, std::string_view details) {
  boost::json::object body;
  body["code"] = code;
  body["message"] = message;
  body["details"] = valid_utf8(details);
  return body;
}

/// What is said of a limit, by its reason.
std::string_view message_of(const error& e, std::string_view otherwise) {
  if (e.reason() == "monthly_limit_exceeded") return "Monthly build limit exceeded";
  if (e.reason() == "concurrent_limit_exceeded") return "Concurrent build limit exceeded";
  if (e.reason() == "storage_limit_exceeded") return "Storage limit exceeded";
  if (e.reason() == "endpoint_limit_exceeded") return "Endpoint limit exceeded";
  if (e.reason() == "subscription_paused") return "Subscription is paused";
  return otherwise;
}

boost::json::value number(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  if (static_cast<double>(whole) == value) return whole;
  return value;
}

void add_usage(boost::json::object& body, const error& e) {
  const bool told = e.usage() || e.reason() == "subscription_paused";
  if (!told) return;
  body["reason"] = e.reason();
  if (!e.usage()) return;
  body["used"] = number(e.usage()->used);
  body["limit"] = number(e.usage()->limit);
  const auto& reset = e.usage()->reset_at;
  body["reset_at"] = reset ? boost::json::value(rfc3339(*reset)) : boost::json::value();
}

const row& row_of(errc code) {
  for (const auto& r : rows)
    if (r.code == code) return r;
  return rows[std::size(rows) - 1];
}

}  // namespace

int status_of(errc code) { return row_of(code).status; }

reply problem(int status, std::string_view code, std::string_view message, std::string_view details) {
  reply out(status);
  out.body = boost::json::serialize(body_of(code, message, details));
  return out;
}

reply problem(const error& e) {
  const auto& r = row_of(e.code());
  std::string details = e.detail();
  if (!e.subject().empty() && details.find(e.subject()) == std::string::npos)
    details = e.subject() + (details.empty() ? "" : ": " + details);
  reply out(r.status);
  auto body = body_of(r.word, message_of(e, r.message), details);
  add_usage(body, e);
  out.body = boost::json::serialize(body);
  out.cause = e.cause();
  if (r.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (e.retry_after()) out.headers.emplace_back("Retry-After", std::to_string(e.retry_after()->count()));
  if (!e.retry_after() && r.status == 503) out.headers.emplace_back("Retry-After", "10");
  return out;
}

}  // namespace texbuild::server
