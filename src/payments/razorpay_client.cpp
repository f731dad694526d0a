// The four calls of Razorpay's API, version 1.
#include "src/base/percent.hpp"
#include "src/crypto/base64.hpp"
#include "src/data/strict_json.hpp"
#include "src/http/json_api.hpp"
#include "src/payments/razorpay_json.hpp"

#include <texbuild/http.hpp>
#include <texbuild/payments.hpp>

#include <boost/json.hpp>

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace {

namespace json = boost::json;

/// The word that marks an error after which nothing was changed there.
constexpr const char* refused = "refused";

/// What Razorpay said is wrong, for the log; its errors have several shapes, and a proxy may answer with HTML.
std::string what_razorpay_said(const http::json_answer& answer) {
  const auto said = "HTTP " + std::to_string(answer.status);
  const auto* top = answer.object();
  const auto* inner = top != nullptr ? data::find_object(*top, "error") : nullptr;
  const auto* text = inner != nullptr ? data::find_text(*inner, "description") : nullptr;
  return text == nullptr ? said : said + ": " + std::string(data::view(*text).substr(0, 500));
}

result<json::object> call(const razorpay_account& account, http_client& http, const char* method, std::string path,
                          const json::object* body) {
  http_request request(method, http::origin_of(account.api_url) + "/v1" + path);
  request.timeout = account.timeout;
  request.headers.emplace_back("Authorization",
                               "Basic " + crypto::base64_encode(account.key_id + ":" + account.key_secret));
  const auto answer = http::ask(http, std::move(request), body);
  if (!answer) return answer.error();
  const auto status = answer->status;
  if (status == 401)
    return error(errc::provider_error, "Razorpay does not accept this server's keys", what_razorpay_said(*answer))
        .with_reason(refused);
  if (status >= 400 && status < 500)
    return error(errc::provider_error, "Razorpay refused the request", what_razorpay_said(*answer))
        .with_reason(refused);
  if (!answer->is_success())
    return error(errc::provider_error, "Razorpay failed; try again later", what_razorpay_said(*answer));
  if (answer->object() == nullptr)
    return error(errc::provider_error, "Razorpay's answer cannot be read; try again later",
                 what_razorpay_said(*answer));
  return *answer->object();
}

result<razorpay_subscription> subscription_of(const result<json::object>& answer) {
  if (!answer) return answer.error();
  auto read = payments::read_subscription(*answer);
  if (!read) return error(errc::provider_error, "Razorpay's answer is no subscription; try again later");
  return std::move(*read);
}

}  // namespace

razorpay_client::razorpay_client(razorpay_account account, std::shared_ptr<http_client> http)
    : account_(std::move(account)), http_(std::move(http)) {}

result<razorpay_subscription> razorpay_client::create(const razorpay_order& order) const {
  json::object body;
  body["plan_id"] = order.plan;
  body["total_count"] = order.total_count;
  body["quantity"] = 1;
  body["customer_notify"] = true;
  if (!order.offer.empty()) body["offer_id"] = order.offer;
  if (order.expires_at)
    body["expire_by"] = std::chrono::floor<std::chrono::seconds>(order.expires_at->time_since_epoch()).count();
  json::object notes;
  for (const auto& [name, value] : order.notes) notes[name] = value;
  if (!notes.empty()) body["notes"] = std::move(notes);
  auto made = subscription_of(call(account_, *http_, "POST", "/subscriptions", &body));
  if (made && !made->short_url.starts_with("https://") && !made->short_url.starts_with("http://"))
    return error(errc::provider_error, "Razorpay gave no address to pay at; try again later");
  return made;
}

result<razorpay_subscription> razorpay_client::fetch(std::string_view id) const {
  return subscription_of(call(account_, *http_, "GET", "/subscriptions/" + percent_encoded(id), nullptr));
}

result<razorpay_subscription> razorpay_client::cancel(std::string_view id, bool at_cycle_end) const {
  const json::object body{{"cancel_at_cycle_end", true}};
  return subscription_of(call(account_, *http_, "POST", "/subscriptions/" + percent_encoded(id) + "/cancel",
                              at_cycle_end ? &body : nullptr));
}

result<std::vector<razorpay_subscription>> razorpay_client::list(std::string_view plan,
                                                                 std::chrono::system_clock::time_point since) const {
  const auto from = std::chrono::floor<std::chrono::seconds>(since.time_since_epoch()).count();
  const auto answer =
      call(account_, *http_, "GET",
           "/subscriptions?plan_id=" + percent_encoded(plan) + "&from=" + std::to_string(from) + "&count=100", nullptr);
  if (!answer) return answer.error();
  const auto* items = answer->if_contains("items");
  if (items == nullptr || !items->is_array())
    return error(errc::provider_error, "Razorpay's answer is no list; try again later");
  std::vector<razorpay_subscription> out;
  for (const auto& item : items->get_array()) {
    if (const auto* o = item.if_object()) {
      if (auto read = payments::read_subscription(*o)) out.push_back(std::move(*read));
    }
  }
  return out;
}

}  // namespace v0
}  // namespace texbuild
