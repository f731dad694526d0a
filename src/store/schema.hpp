// The tables, and how an older database becomes a newer one.
#pragma once

#include <texbuild/database.hpp>

namespace texbuild {
inline namespace v0 {
namespace store {

/// Brings the database to the present version; harmless when it is there. `errc::unavailable` if it is ahead of us.
result<void> migrate(database& db);

}  // namespace store
}  // namespace v0
}  // namespace texbuild
