#include "server/routes/webhooks.hpp"

#include "server/problem.hpp"

namespace texbuild::server {
namespace {

reply razorpay(services& s, request& r) {
  const auto received =
      s.money.receive_razorpay(r.body, r.header("x-razorpay-signature"), r.header("x-razorpay-event-id"));
  if (!received) {
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
  // What is stored survives whatever happens now; what fails to be applied here is applied by the next sweep.
  reply out;
  out.body = R"({"received":true})";
  if (const auto applied = s.money.apply(); !applied) out.cause = applied.error().cause();
  return out;
}

}  // namespace

std::vector<route> webhook_routes(services& s) {
  return {
      route("POST", "/api/webhooks/razorpay", access::open, body_kind::text,
            [&s](request& r) { return razorpay(s, r); }),
  };
}

}  // namespace texbuild::server
