#include "server/routes/platform.hpp"

#include "server/json.hpp"
#include "server/problem.hpp"
#include "server/text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace texbuild::server {
namespace {

namespace json = boost::json;

constexpr std::uint64_t inngest_call_bytes = 5 << 20;  // it sends up to 4 MiB
constexpr std::uint64_t refused_call_bytes = 16 << 10;

reply checkout(services& s, request& r) {
  const auto body = body_fields::read(r);
  if (!body) return problem(body.error());
  assistant_wish wish;
  struct member {
    const char* name;
    std::string& into;
    const char* otherwise;  // null: it is required
  };
  wish.channel = "telegram";
  for (const auto& m : {member{"model", wish.model, nullptr}, member{"channel", wish.channel, "telegram"},
                        member{"channelToken", wish.token, nullptr}, member{"tier", wish.tier, ""}}) {
    if (m.otherwise != nullptr && !body->has(m.name)) continue;
    auto value = body->text(m.name);
    if (!value) return problem(value.error());
    m.into = std::move(*value);
  }
  const auto made = s.shop.checkout(r.user, wish);
  if (!made) {
    // Documented: a failure of Polar is a 500 here, not a 502.
    auto out = problem(made.error());
    if (made.error().code() == errc::provider_error) out.status = 500;
    return out;
  }
  json::object o;
  o["sessionUrl"] = made->url;
  o["deploymentId"] = made->deployment;
  return answer(o);
}

json::value or_null(const std::string& text) { return text.empty() ? json::value() : json::value(valid_utf8(text)); }

reply deployments(services& s, request& r) {
  const auto all = s.bots.list(r.user);
  if (!all) return problem(all.error());
  json::array list;
  for (const auto& d : *all) {
    json::object o;
    o["id"] = d.id;
    o["model"] = d.model;
    o["channel"] = d.channel;
    o["status"] = to_string(d.status);
    o["providerUrl"] = or_null(d.provider_url);
    o["errorMessage"] = or_null(d.error_message);
    o["createdAt"] = rfc3339(d.created_at);
    o["updatedAt"] = rfc3339(d.updated_at);
    list.push_back(std::move(o));
  }
  json::object o;
  o["deployments"] = std::move(list);
  return answer(o);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex_digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !hex_digit) return false;
  }
  return true;
}

reply deployment_status(services& s, request& r) {
  const auto id = lower_case(r.parameter("id").value_or(""));
  if (!is_uuid(id))
    return problem(error(errc::invalid_input, "must be the id of a deployment: a UUID").with_subject("id"));
  if (auto too_often = s.rates.count_visitor(r)) return std::move(*too_often);
  const auto d = s.bots.find(id);
  if (!d) return problem(d.error());
  json::object o;
  o["status"] = to_string(d->status);
  o["channel"] = d->channel;
  o["deploymentId"] = d->id;
  if (!d->provider_url.empty()) o["providerUrl"] = valid_utf8(d->provider_url);
  if (!d->error_message.empty()) o["errorMessage"] = valid_utf8(d->error_message);
  if (d->status == deployment_status::active && d->channel == "telegram" && !d->bot.empty())
    o["channelLink"] = "https://t.me/" + d->bot;
  return answer(o);
}

reply balance(services& s, request& r) {
  const auto credit = s.shop.credit(r.user);
  if (!credit) return problem(credit.error());
  const auto dollars = [](double value) {
    const auto whole = static_cast<std::int64_t>(value);
    return static_cast<double>(whole) == value ? json::value(whole) : json::value(value);
  };
  json::object o;
  o["balance"] = dollars(credit->balance());
  o["creditLimit"] = dollars(credit->limit());
  return answer(o);
}

reply functions(services& s, request& r) {
  // Anybody may ask for a sync, which asks Inngest; and who sends what is not signed is a stranger.
  if (r.method == "PUT")
    if (auto too_often = s.rates.count_stranger(r)) return std::move(*too_often);
  inngest_request in;
  in.method = r.method;
  in.url = r.path;
  char next = '?';
  for (const auto& [name, value] : r.query) {
    in.url += next + percent_encode(name) + "=" + percent_encode(value);
    next = '&';
  }
  in.headers.assign(r.headers.begin(), r.headers.end());
  in.body = std::move(r.body);
  auto said = s.functions.answer(in);
  if (said.status == 401)
    if (auto too_often = s.rates.count_stranger(r)) return std::move(*too_often);
  reply out(said.status);
  out.body = std::move(said.body);
  for (auto& header : said.headers) {
    if (lower_case(header.first) == "content-type") {
      out.content_type = std::move(header.second);
    } else {
      out.headers.push_back(std::move(header));
    }
  }
  return out;
}

}  // namespace

std::vector<route> platform_routes(services& s, bool functions_are_signed) {
  const auto with = [&s](reply (*handler)(services&, request&)) {
    return [&s, handler](request& r) { return handler(s, r); };
  };
  const auto other = rate_class::other;
  std::vector<route> all{
      route("POST", "/api/checkout", access::user, body_kind::text, with(checkout), rate_class::checkout,
            work::outside),
      route("GET", "/api/deployments", access::user, body_kind::none, with(deployments), rate_class::deployments),
      route("GET", "/api/v1/deployments", access::user, body_kind::none, with(deployments), rate_class::deployments),
      route("GET", "/api/status", access::open, body_kind::none, with(deployment_status), other, work::outside),
      route("GET", "/api/user/balance", access::user, body_kind::none, with(balance), other, work::outside),
      route("GET", "/api/inngest", access::open, body_kind::none, with(functions)),
  };
  for (const char* method : {"POST", "PUT"}) {
    const bool is_call = method == std::string_view("POST");
    all.emplace_back(method, "/api/inngest", access::open, body_kind::text, with(functions), other,
                     is_call ? work::calls : work::outside);
    if (functions_are_signed) all.back().signed_by = "x-inngest-signature";
    // Whoever is refused anyway need not send much.
    all.back().most_text = s.serves_inngest ? inngest_call_bytes : refused_call_bytes;
  }
  return all;
}

}  // namespace texbuild::server
