// /api/webhooks: what outside services tell us.
#pragma once

#include "server/router.hpp"
#include "server/services.hpp"

#include <vector>

namespace texbuild::server {

std::vector<route> webhook_routes(services& s);

}  // namespace texbuild::server
