// /api/build: making, listing, watching, stopping and deleting builds.
#pragma once

#include "server/router.hpp"
#include "server/services.hpp"

#include <vector>

namespace texbuild::server {

std::vector<route> build_routes(services& s);

/// The build that a path names, if it is the user's own. `errc::not_found`, `errc::forbidden`.
result<build_info> own_build(services& s, const request& r);

}  // namespace texbuild::server
