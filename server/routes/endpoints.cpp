#include "server/routes/endpoints.hpp"

#include "server/json.hpp"
#include "server/problem.hpp"
#include "server/text.hpp"

#include <boost/json.hpp>

namespace texbuild::server {
namespace {

namespace json = boost::json;

json::object shown(const webhook_endpoint& e) {
  json::object o;
  o["id"] = e.id;
  o["url"] = e.url;
  o["status"] = e.disabled_at ? "disabled" : e.failing_since ? "failing" : "active";
  o["created_at"] = rfc3339(e.created_at);
  o["disabled_at"] = when(e.disabled_at);
  o["failing_since"] = when(e.failing_since);
  o["waiting"] = e.waiting;
  o["last_attempt_at"] = when(e.last_attempt_at);
  o["last_status"] = e.last_status == 0 ? json::value() : json::value(e.last_status);
  o["last_error"] = e.last_error.empty() ? json::value() : json::value(e.last_error);
  return o;
}

reply add_endpoint(services& s, request& r) {
  const auto body = body_fields::read(r);
  if (!body) return problem(body.error());
  const auto url = body->text("url", notifier::longest_url);
  if (!url) return problem(url.error());
  const auto made = s.notices.add(r.user, *url);
  if (!made) return problem(made.error());
  auto o = shown(*made);
  o["secret"] = made->secret;
  auto out = answer(o, 201);
  out.headers.emplace_back("Location", "/api/webhooks/endpoints/" + made->id);
  out.headers.emplace_back("Cache-Control", "no-store");
  return out;
}

reply list_endpoints(services& s, request& r) {
  const auto all = s.notices.list(r.user);
  if (!all) return problem(all.error());
  json::array endpoints;
  for (const auto& e : *all) endpoints.push_back(shown(e));
  json::object o;
  o["endpoints"] = std::move(endpoints);
  return answer(o);
}

/// By `/{id}` or `?id=`.
reply delete_endpoint(services& s, request& r) {
  const auto id = r.captures.empty() ? r.parameter("id") : r.captures.front();
  if (!id) return problem(error(errc::invalid_input, "is missing").with_subject("id"));
  if (const auto gone = s.notices.remove(r.user, *id); !gone) return problem(gone.error());
  json::object o;
  o["status"] = "deleted";
  o["message"] = "Nothing is sent there any more";
  return answer(o);
}

}  // namespace

std::vector<route> endpoint_routes(services& s) {
  const auto with = [&s](reply (*handler)(services&, request&)) {
    return [&s, handler](request& r) { return handler(s, r); };
  };
  return {
      route("POST", "/api/webhooks/endpoints", access::user, body_kind::text, with(add_endpoint)),
      route("GET", "/api/webhooks/endpoints", access::user, body_kind::none, with(list_endpoints)),
      route("DELETE", "/api/webhooks/endpoints", access::user, body_kind::none, with(delete_endpoint)),
      route("DELETE", "/api/webhooks/endpoints/{id}", access::user, body_kind::none, with(delete_endpoint)),
  };
}

}  // namespace texbuild::server
