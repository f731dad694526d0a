#include "server/routes/health.hpp"

#include "server/problem.hpp"

namespace texbuild::server {

std::vector<route> health_routes(services& s) {
  return {
      route("GET", "/healthz", access::open, body_kind::none,
            [](request&) {
              reply out;
              out.body = R"({"status":"ok"})";
              return out;
            }),
      route("GET", "/readyz", access::open, body_kind::none,
            [&s](request&) {
              if (const auto ready = s.builds.ready(); !ready) {
                // Whatever is wrong, it is this server that is not ready.
                return problem(error(errc::unavailable, ready.error().detail(), ready.error().cause()));
              }
              reply out;
              out.body = R"({"status":"ready"})";
              return out;
            }),
  };
}

}  // namespace texbuild::server
