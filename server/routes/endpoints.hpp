// /api/webhooks/endpoints: where users are told of their builds.
#pragma once

#include "server/router.hpp"
#include "server/services.hpp"

namespace texbuild::server {

std::vector<route> endpoint_routes(services& s);

}  // namespace texbuild::server
