// The walls of a room: what stands between a job and everything that is not its own.
#pragma once

#include "src/warm/protocol.hpp"

namespace texbuild {
inline namespace v0 {
namespace warm {

/// Reads the system call filter that rooms get. False when there is none.
bool load_filter(int from);

/// A child in user, mount, PID and IPC namespaces of its own. 0 in the child; there, `pidfd` is untouched.
int clone_room(int& pidfd);

/// In the child: shows the room's two folders as /job and /tmp, hides all others, gives up every right and closes
/// the list of system calls. Gives 0 or an errno, and the step that failed.
int confine(const request& room, int& step);

/// In a job of the room: the limits that the kernel keeps for one process.
int set_limits(const request& job);

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
