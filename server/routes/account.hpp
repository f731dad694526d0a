// /api/user, /api/subscription, /api/coupon: who one is, what one may use, and buying more of it.
#pragma once

#include "server/router.hpp"
#include "server/services.hpp"

#include <vector>

namespace texbuild::server {

std::vector<route> account_routes(services& s);

}  // namespace texbuild::server
