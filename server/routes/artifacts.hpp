// The files of a build: signed links to them, and the files themselves.
#pragma once

#include "server/router.hpp"
#include "server/services.hpp"

#include <vector>

namespace texbuild::server {

std::vector<route> artifact_routes(services& s);

}  // namespace texbuild::server
