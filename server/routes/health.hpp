// /healthz and /readyz: for whoever watches over the server.
#pragma once

#include "server/router.hpp"
#include "server/services.hpp"

#include <vector>

namespace texbuild::server {

std::vector<route> health_routes(services& s);

}  // namespace texbuild::server
