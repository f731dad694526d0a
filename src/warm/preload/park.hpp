// Where a process waits, and what comes back out of it: a forked child with a job to do. And how such a job leaves a
// copy of itself that waits in the same way.
#pragma once

#include "src/warm/protocol.hpp"

namespace texbuild {
inline namespace v0 {
namespace warm {

/// Waits for orders on the control socket and carries them out; returns only in a job, with its request. The process
/// that waits ends when the socket does. `suits`, if there is one, looks in the job's folder whether it is one for this
/// program; if not, the plain one does it.
const request& park(bool (*suits)() = nullptr);

/// In a job: leaves a copy of itself as it is now, which waits, stopped, for orders on a socket of its own. `at`: see
/// `sights`. Gives true in a job of that copy, false in the one that goes on. No more than `request::copies`.
bool leave_copy(std::int64_t at);

/// Processor time of this process.
std::int64_t cpu_us();

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
