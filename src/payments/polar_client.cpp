// The calls of Polar's API, and its webhooks' bodies.
#include "src/base/percent.hpp"
#include "src/data/strict_json.hpp"
#include "src/http/json_api.hpp"

#include <texbuild/http.hpp>
#include <texbuild/polar.hpp>
#include <texbuild/text.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace texbuild {
inline namespace v0 {
namespace {

namespace json = boost::json;
using time_point = std::chrono::system_clock::time_point;

// A customer with hundreds of meters, each with its customer and its meter in it.
constexpr std::uint64_t most_bytes = 8u << 20;
constexpr int most_pages = 2;  // of a hundred meters
constexpr std::size_t longest_metadata = 500;

/// What Polar said is wrong, for the log: `detail` is a text or a list.
std::string what_polar_said(const http::json_answer& answer) {
  auto said = "HTTP " + std::to_string(answer.status);
  const auto* top = answer.object();
  const auto* detail = top != nullptr ? top->if_contains("detail") : nullptr;
  if (detail != nullptr) {
    const auto words = detail->is_string() ? std::string(data::view(detail->get_string())) : json::serialize(*detail);
    said += ": " + words.substr(0, 500);
  }
  return said;
}

std::chrono::seconds seconds_in(const std::string& header) {
  unsigned value = 0;
  const auto [end, failed] = std::from_chars(header.data(), header.data() + header.size(), value);
  const bool whole = failed == std::errc() && end == header.data() + header.size();
  return std::chrono::seconds(whole ? std::clamp(value, 1U, 3600U) : 5U);
}

result<json::object> call(const polar_account& account, http_client& http, const char* method, const std::string& path,
                          const json::object* body = nullptr) {
  http_request request(method, http::origin_of(account.api_url) + "/v1" + path);
  request.timeout = account.timeout;
  request.most_bytes = most_bytes;
  request.headers.emplace_back("Authorization", "Bearer " + account.access_token);
  const auto answer = http::ask(http, std::move(request), body);
  if (!answer) return answer.error();
  const auto status = answer->status;
  if (status == 401 || status == 403)
    return error(errc::provider_error, "Polar does not accept this server's access token", what_polar_said(*answer));
  if (status == 404) return error(errc::not_found, "Polar knows nothing of the kind", what_polar_said(*answer));
  if (status == 400 || status == 413 || status == 422)
    return error(errc::invalid_input, "Polar refused the request", what_polar_said(*answer));
  if (status == 429)
    return error(errc::rate_limited, "Polar was asked too often; try again later", what_polar_said(*answer))
        .with_retry_after(seconds_in(answer->retry_after));
  if (!answer->is_success())
    return error(errc::provider_error, "Polar failed; try again later", what_polar_said(*answer));
  if (answer->object() == nullptr)
    return error(errc::provider_error, "Polar's answer cannot be read; try again later", what_polar_said(*answer));
  return *answer->object();
}

error unreadable(const char* what) {
  return error(errc::provider_error, std::string("Polar's answer is no ") + what + "; try again later");
}

result<polar_checkout> checkout_of(const result<json::object>& answer) {
  if (!answer) return answer.error();
  polar_checkout out;
  out.id = data::text_of(*answer, "id");
  out.status = data::text_of(*answer, "status");
  out.url = data::text_of(*answer, "url");
  out.product = data::text_of(*answer, "product_id");
  out.expires_at = parse_rfc3339(data::text_of(*answer, "expires_at"));
  if (out.id.empty() || (!out.url.starts_with("https://") && !out.url.starts_with("http://")))
    return unreadable("checkout");
  return out;
}

polar_customer read_customer(const json::object& o) {
  polar_customer out;
  out.id = data::text_of(o, "id");
  out.external_id = data::text_of(o, "external_id");
  out.email = data::text_of(o, "email");
  return out;
}

result<polar_customer> customer_of(const result<json::object>& answer) {
  if (!answer) return answer.error();
  auto out = read_customer(*answer);
  if (out.id.empty()) return unreadable("customer");
  return out;
}

}  // namespace

polar_client::polar_client(polar_account account, std::shared_ptr<http_client> http)
    : account_(std::move(account)), http_(std::move(http)) {}

result<polar_checkout> polar_client::create_checkout(const polar_checkout_wish& wish) const {
  json::object body;
  body["products"] = json::array{wish.product};
  if (!wish.customer.empty()) {
    body["customer_id"] = wish.customer;
  } else {
    body["external_customer_id"] = wish.external_id;
    if (!wish.email.empty()) body["customer_email"] = wish.email;
  }
  if (!wish.success_url.empty()) body["success_url"] = wish.success_url;
  json::object metadata;
  for (const auto& [name, value] : wish.metadata)
    if (!value.empty()) metadata[name] = value.substr(0, longest_metadata);
  if (!metadata.empty()) body["metadata"] = std::move(metadata);
  return checkout_of(call(account_, *http_, "POST", "/checkouts/", &body));
}

result<polar_checkout> polar_client::fetch_checkout(std::string_view id) const {
  return checkout_of(call(account_, *http_, "GET", "/checkouts/" + percent_encoded(id)));
}

result<polar_customer> polar_client::find_customer(std::string_view external_id) const {
  return customer_of(call(account_, *http_, "GET", "/customers/external/" + percent_encoded(external_id)));
}

result<polar_customer> polar_client::create_customer(std::string_view external_id, std::string_view email) const {
  const json::object body{{"external_id", external_id}, {"email", email}};
  return customer_of(call(account_, *http_, "POST", "/customers/", &body));
}

result<double> polar_client::consumed(std::string_view customer) const {
  double sum = 0;
  for (int page = 1; page <= most_pages; ++page) {
    const auto answer =
        call(account_, *http_, "GET",
             "/customer-meters/?customer_id=" + percent_encoded(customer) + "&limit=100&page=" + std::to_string(page));
    if (!answer) return answer.error();
    const auto* items = data::find_array(*answer, "items");
    if (items == nullptr) return unreadable("list of meters");
    for (const auto& item : *items) {
      const auto* meter = item.if_object();
      const auto units = meter == nullptr ? std::nullopt : data::number_of(*meter, "consumed_units");
      if (!units) return unreadable("list of meters");
      sum += *units;
    }
    const auto* pages = data::find_object(*answer, "pagination");
    if (pages == nullptr || data::whole_of(*pages, "max_page").value_or(0) <= page) break;
  }
  return sum;
}

result<void> polar_client::ingest(std::span<const polar_usage> events) const {
  json::array list;
  for (const auto& e : events) {
    json::object metadata;
    metadata["tokens"] = e.prompt_tokens + e.completion_tokens;
    metadata["prompt_tokens"] = e.prompt_tokens;
    metadata["completion_tokens"] = e.completion_tokens;
    if (!e.model.empty()) metadata["model"] = e.model.substr(0, longest_metadata);
    json::object o;
    o["name"] = "ai_usage";
    if (e.customer.empty()) {
      o["external_customer_id"] = e.user;
    } else {
      o["customer_id"] = e.customer;
    }
    o["external_id"] = e.id;
    o["timestamp"] = rfc3339(e.at);
    o["metadata"] = std::move(metadata);
    list.push_back(std::move(o));
  }
  const json::object body{{"events", std::move(list)}};
  const auto answer = call(account_, *http_, "POST", "/events/ingest", &body);
  if (!answer) return answer.error();
  return {};
}

result<polar_event> parse_polar_event(std::string_view body, time_point received) {
  const auto whole = data::parse_strict_json(body, 32);
  if (!whole) return whole.error();
  const auto* top = whole->if_object();
  polar_event event;
  if (top != nullptr) event.name = data::text_of(*top, "type");
  if (event.name.empty()) return error(errc::invalid_input, "the body is no event: it has no \"type\"");
  event.at = parse_rfc3339(data::text_of(*top, "timestamp")).value_or(received);
  const auto* o = data::find_object(*top, "data");
  if (o == nullptr) return event;
  for (const char* name : {"created_at", "modified_at"})
    if (const auto changed = parse_rfc3339(data::text_of(*o, name))) event.at = *changed;
  event.id = data::text_of(*o, "id");
  event.status = data::text_of(*o, "status");
  event.product = data::text_of(*o, "product_id");
  event.checkout = data::text_of(*o, "checkout_id");
  event.subscription = data::text_of(*o, "subscription_id");
  event.customer = data::text_of(*o, "customer_id");
  event.user = data::text_of(*o, "external_customer_id");
  event.paid = data::is_true(*o, "paid") || event.status == "paid";
  const auto* customer = data::find_object(*o, "customer");
  if (event.name.starts_with("customer.")) customer = o;
  if (customer != nullptr) {
    const auto who = read_customer(*customer);
    if (!who.id.empty()) event.customer = who.id;
    event.external = !who.external_id.empty();
    if (event.external) event.user = who.external_id;
  }
  if (event.name.starts_with("checkout.")) event.checkout = event.id;
  if (event.name.starts_with("subscription.")) event.subscription = event.id;
  if (const auto* metadata = data::find_object(*o, "metadata")) {
    event.deployment = data::text_of(*metadata, polar_metadata_deployment);
    if (event.user.empty()) event.user = data::text_of(*metadata, polar_metadata_user);
  }
  return event;
}

}  // namespace v0
}  // namespace texbuild
