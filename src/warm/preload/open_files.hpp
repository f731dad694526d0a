// The regular files that a parked process holds. A forked child shares their offsets with its siblings, and those that
// are written belong to a folder that is not its own: it gets each of them anew, as it stood.
#pragma once

namespace texbuild {
inline namespace v0 {
namespace warm {

/// Notes what was opened under a descriptor. A name longer than can be kept makes the process unfit for parking.
void note_open(int fd, const char* name, bool writing);

/// A file has another name now.
void note_renamed(const char* from, const char* to);

/// Before parking: looks at every descriptor above 2. False when there is one that cannot be handed to a child; sockets
/// and pipes of our own are passed over by `keep`.
bool survey_open_files(const int* keep, int kept);

/// After that: opens what was written and closed again, so that the child can have it too. False: that is too much.
bool hold_closed_files();

/// In the child, in its working folder, which is `folder` below /job; "" is /job itself. Null: it is the one that the
/// parked process was in. 0 or an errno.
int reopen_files(const char* folder);

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
