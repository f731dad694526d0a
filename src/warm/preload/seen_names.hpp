// The names of a user's files that a job has met, and how they looked when it first did. A copy that it leaves can be
// used again where all of them look the same.
#pragma once

#include "src/warm/protocol.hpp"

namespace texbuild {
inline namespace v0 {
namespace warm {

/// From now on names are noted.
void begin_seeing();

/// Looks at it, if this is the first time. Those of TeX Live do not count.
void note_name(const char* name);
/// The names in the folder were read, and not only to find one that is spelled otherwise: nobody can tell from outside
/// what came of that.
void note_listing(const char* folder);

/// Sends all of it, in messages; `about` is the last one but for its names. `reading(name)`: how much of a file that is
/// open has been read, or -1. False when there was too much to note or to send.
bool send_sights(int socket, const sights& about, std::int64_t (*reading)(const char* name));

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
