#include "server/routes/webhooks.hpp"

#include "server/problem.hpp"

namespace texbuild::server {
namespace {

/// The answer to a webhook that was received, or was not. What is stored survives whatever happens now; what fails to
/// be applied here is applied by the next sweep.
template <class Apply>
reply answer_webhook(services& s, request& r, const result<bool>& received, Apply apply) {
  if (received) {
    reply out;
    out.body = R"({"received":true})";
    if (const auto applied = apply(); !applied) out.cause = applied.error().cause();
    return out;
  }
  switch (received.error().code()) {
    case errc::unauthorized: {
      auto too_often = s.rates.count_stranger(r);
      auto out = too_often ? std::move(*too_often) : problem(received.error());
      std::erase_if(out.headers, [](const auto& h) { return h.first == "WWW-Authenticate"; });
      return out;
    }
    case errc::invalid_input:
      return problem(received.error());
    default:  // not stored: any 5xx, so that it is sent again
      return problem(error(errc::internal, received.error().detail(), received.error().cause()));
  }
}

reply razorpay(services& s, request& r) {
  const auto received =
      s.money.receive_razorpay(r.body, r.header("x-razorpay-signature"), r.header("x-razorpay-event-id"));
  return answer_webhook(s, r, received, [&] { return s.money.apply(); });
}

webhook_headers headers_of(const request& r, const std::string& family) {
  const auto header = [&](const char* name) { return std::string(r.header(family + name)); };
  return {header("-id"), header("-timestamp"), header("-signature")};
}

reply clerk(services& s, request& r) {
  return answer_webhook(s, r, s.users.receive_clerk(r.body, headers_of(r, "svix")), [&] { return s.users.apply(); });
}

reply polar(services& s, request& r) {
  return answer_webhook(s, r, s.shop.receive_polar(r.body, headers_of(r, "webhook")), [&] { return s.shop.apply(); });
}

}  // namespace

std::vector<route> webhook_routes(services& s) {
  const auto with = [&s](reply (*handler)(services&, request&)) {
    return [&s, handler](request& r) { return handler(s, r); };
  };
  std::vector<route> all{
      route("POST", "/api/webhooks/razorpay", access::open, body_kind::text, with(razorpay)),
      route("POST", "/api/webhooks/clerk", access::open, body_kind::text, with(clerk)),
      route("POST", "/api/webhooks/polar", access::open, body_kind::text, with(polar)),
  };
  all[0].signed_by = "x-razorpay-signature";
  all[1].signed_by = "svix-signature";
  all[2].signed_by = "webhook-signature";
  return all;
}

}  // namespace texbuild::server
