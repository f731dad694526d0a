// What routes work with. Made once, in server.cpp; outlives every request.
#pragma once

#include "server/limits.hpp"

#include <texbuild/accounts.hpp>
#include <texbuild/assistants.hpp>
#include <texbuild/engine.hpp>
#include <texbuild/environment.hpp>
#include <texbuild/inngest.hpp>
#include <texbuild/notifier.hpp>
#include <texbuild/payments.hpp>
#include <texbuild/signed_url.hpp>
#include <texbuild/storefront.hpp>

namespace texbuild::server {

struct services {
  engine& builds;
  const url_signer& links;
  const limits& rates;
  billing& money;
  notifier& notices;
  accounts& users;
  storefront& shop;
  assistants& bots;
  const inngest_endpoint& functions;
  bool serves_inngest;  ///< else functions run here, and nobody from outside runs them
  const clock& time;
  int created_status;  ///< of POST /build: 201, or 200 for clients that take nothing else

  services(engine& b, const url_signer& l, const limits& r, billing& m, notifier& n, accounts& u, storefront& sh,
           assistants& a, const inngest_endpoint& f, bool fs, const clock& t, int created)
      : builds(b),
        links(l),
        rates(r),
        money(m),
        notices(n),
        users(u),
        shop(sh),
        bots(a),
        functions(f),
        serves_inngest(fs),
        time(t),
        created_status(created) {}
};

}  // namespace texbuild::server
