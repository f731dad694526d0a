// Who asks, and whether he may: before a body is read.
#pragma once

#include "server/session.hpp"

#include <optional>

namespace texbuild::server {

// A reply is a refusal. All block on the database: call them from the pool.

/// Who asks. Fills in the request's user.
std::optional<reply> identify(session_context& c, const route& to, request& r);
/// Whether he may: how often, and how much he may upload.
std::optional<reply> allow(session_context& c, const route& to, request& r);
/// Both.
std::optional<reply> admit(session_context& c, const route& to, request& r);

}  // namespace texbuild::server
