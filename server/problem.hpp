// The one place where an error becomes a status and a body: {"code", "message", "details"}.
#pragma once

#include "server/exchange.hpp"

#include <texbuild/error.hpp>

#include <string>
#include <string_view>

namespace texbuild::server {

/// The reply for an error of the library or of a route. Shows `detail()` and `subject()`, never `cause()`.
reply problem(const error& e);
/// The same for what only HTTP knows: a method that a path does not have, a header that is too long, …
reply problem(int status, std::string_view code, std::string_view message, std::string_view details);

/// The status of an error.
int status_of(errc code);

}  // namespace texbuild::server
