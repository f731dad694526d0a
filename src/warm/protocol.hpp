// What the host and a parked process say to each other: messages of fixed size over a socket of packets that the
// process was started with, descriptors beside them. Nothing in here is parsed; text is handed on as it is. Shared with
// the preloaded object, so: plain data only.
#pragma once

#include <cstdint>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// Descriptors that a parked engine is started with.
inline constexpr int control_descriptor = 12;  ///< the socket of packets
inline constexpr int filter_descriptor = 10;   ///< the system call filter of its children, to be read

inline constexpr std::uint32_t most_text = 6000;
inline constexpr std::uint32_t most_name = 256;
inline constexpr std::uint32_t most_copies = 16;     ///< that one job may leave
inline constexpr std::uint32_t most_sights = 16384;  ///< bytes of names in one message
inline constexpr std::uint32_t most_messages = 16;   ///< that say what one copy has seen

/// Stem of the files that a parked xdvipdfmx was started with: longer than any job's, so that the job's fits in its
/// place.
inline constexpr char long_placeholder[] =
    "texbuild-job-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
/// What a parked biber opens to wait; in a job, the job's text is in it.
inline constexpr char text_file[] = "/texbuild/job";

enum class order : std::uint32_t {
  open_room = 1,  ///< to a fork server; with the room's socket. Answered by `opened`, then by `ready` on that socket
  run = 2,        ///< to a room or a copy; with the job's output, the socket that is told how it ends, one per copy
  still = 3,      ///< to a room: everything in it but its first process stops. Answered by `opened`
  go = 4,         ///< to a room: the process `process` goes on. Answered by `opened`
  end = 5,        ///< to a room: that process ends
};

/// From the host. Names end in a zero.
struct request {
  order what = order::run;
  char job[most_name] = {};      ///< open_room: folder, below jobs/ or projects/, that becomes /job
  char scratch[most_name] = {};  ///< open_room: the same for /tmp
  char folder[most_name] = {};   ///< run: working folder below /job; "" is /job itself
  char name[most_name] = {};     ///< run: stem of the job's files
  std::int64_t now = 0;          ///< run: seconds since 1970 that count as the start of the run
  std::int64_t today = 0;        ///< run: the same, of the time that TeX shows
  std::uint64_t most_file_bytes = 0;
  std::uint64_t most_memory_bytes = 0;  ///< of address space
  std::uint64_t most_cpu_seconds = 0;
  std::uint64_t most_processes = 0;
  std::int32_t process = 0;      ///< go: as the room counts
  std::uint32_t copies = 0;      ///< run: that it may leave, each parked at the start of a line
  std::int64_t document_at = 0;  ///< run: byte of the main file that begins a line: the first copy; 0: none
  char also_in[most_name] = {};  ///< run: a source, as seen from the working folder, in which there is to be one …
  std::int64_t also_at = 0;      ///< run: … at this byte; 0: none
  std::int64_t pause_us = 0;     ///< run: processor time between further copies, in the document; 0: none
  std::uint32_t text_bytes = 0;
  std::uint32_t variables = 0;  ///< how many "NAME=value" words, each ending in a zero, lie before the text
  char text[most_text] = {};    ///< run: the variables, then what the engine reads where it was parked
};

/// From a fork server, with a descriptor of the room's first process. From a room: it is closed and waits for jobs.
struct opened {
  std::int32_t failed = 0;  ///< an errno, or 0
  std::int32_t step = 0;    ///< which one failed; for the log
};

inline constexpr std::uint32_t not_suited = 2;

/// From a room, when a job is over; or first from the job itself, when it cannot begin: it gives the socket up before
/// it runs any user's text, so that no document can say so.
struct ended {
  std::uint32_t begun = 1;  ///< 0: it cannot; `not_suited`: the plain program would read files of the job's earlier
  std::int32_t status = 0;  ///< of `wait`
  std::int64_t cpu_us = 0;
  std::int64_t peak_memory_kb = 0;
};

/// How a name looked to a job when it first met it.
enum class sight_kind : std::uint32_t {
  nothing = 1,
  file = 2,
  other = 3,    ///< such as a folder
  listing = 4,  ///< the names in a folder
  reading = 5,  ///< a file of which the first `read` bytes have been read; instead of `file`
};

/// One name of what a copy has seen; `length` bytes of it follow. As seen from the job's working folder.
struct sight {
  sight_kind kind = sight_kind::nothing;
  std::uint32_t length = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t changed_ns = 0;
  std::int64_t read = 0;
};

/// From a job to whoever may use the copy that it leaves, on the copy's own socket: what the copy depends on. This
/// comes from a process that has run a user's text: it is data, and about that user's files only.
struct sights {
  std::uint32_t last = 0;    ///< nothing follows
  std::int32_t process = 0;  ///< last: the copy, as the room counts
  std::int64_t at = 0;       ///< last: byte of the main file where it was left; -1: within another file
  std::int64_t cpu_us = 0;   ///< last: processor time of all that it has done
  std::uint32_t bytes = 0;   ///< of `names`
  char names[most_sights] = {};
};

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
