// Who asks, and whether he may: before a body is read.
#pragma once

#include "server/session.hpp"

#include <optional>

namespace texbuild::server {

/// A reply is a refusal. Fills in the request's user. Blocks on the database: call it from the pool.
std::optional<reply> admit(session_context& c, const route& to, request& r);

}  // namespace texbuild::server
