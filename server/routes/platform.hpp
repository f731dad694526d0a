// Assistants for sale: checkout, deployments, their status, the balance; and the functions that Inngest calls.
#pragma once

#include "server/router.hpp"
#include "server/services.hpp"

#include <vector>

namespace texbuild::server {

std::vector<route> platform_routes(services& s, bool functions_are_signed);

}  // namespace texbuild::server
