// Where a process waits, and what comes back out of it: a forked child with a job to do.
#pragma once

#include "src/warm/protocol.hpp"

namespace texbuild {
inline namespace v0 {
namespace warm {

/// Waits for orders on the control socket and carries them out; returns only in a job, with its request. The process
/// that waits ends when the socket does. `suits`, if there is one, looks in the job's folder whether it is one for this
/// program; if not, the plain one does it.
const request& park(bool (*suits)() = nullptr);

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
