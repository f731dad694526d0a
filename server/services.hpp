// What routes work with. Made once, in server.cpp; outlives every request.
#pragma once

#include <texbuild/engine.hpp>
#include <texbuild/environment.hpp>
#include <texbuild/signed_url.hpp>

namespace texbuild::server {

struct services {
  engine& builds;
  const url_signer& links;
  const clock& time;
  int created_status;  ///< of POST /build: 201, or 200 for clients that take nothing else

  services(engine& b, const url_signer& l, const clock& t, int created)
      : builds(b), links(l), time(t), created_status(created) {}
};

}  // namespace texbuild::server
