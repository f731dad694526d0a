// The headers that every reply carries: its request's id, the limit that was counted, what browsers are to know.
#pragma once

#include "server/exchange.hpp"

#include <string>
#include <vector>

namespace texbuild::server {

/// `cors_origins`: the web pages that may call the API; none: no word about it.
void add_common_headers(reply& out, const request& r, const std::string& request_id,
                        const std::vector<std::string>& cors_origins);

}  // namespace texbuild::server
