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

/// Stem of the files that a parked xdvipdfmx was started with: longer than any job's, so that the job's fits in its
/// place.
inline constexpr char long_placeholder[] =
    "texbuild-job-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
/// What a parked biber opens to wait; in a job, the job's text is in it.
inline constexpr char text_file[] = "/texbuild/job";

enum class order : std::uint32_t {
  open_room = 1,  ///< to a fork server; with the room's socket. Answered by `opened`, then by `ready` on that socket
  run = 2,        ///< to a room; with the job's output and the socket that is told how it ends
};

/// From the host. Names end in a zero.
struct request {
  order what = order::run;
  char job[most_name] = {};      ///< open_room: folder below /jobs that becomes /job
  char scratch[most_name] = {};  ///< open_room: the same for /tmp
  char folder[most_name] = {};   ///< run: working folder below /job; "" is /job itself
  char name[most_name] = {};     ///< run: stem of the job's files
  std::int64_t now = 0;          ///< run: seconds since 1970 that count as the start of the run
  std::int64_t today = 0;        ///< run: the same, of the time that TeX shows
  std::uint64_t most_file_bytes = 0;
  std::uint64_t most_memory_bytes = 0;  ///< of address space
  std::uint64_t most_cpu_seconds = 0;
  std::uint64_t most_processes = 0;
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

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
