// Streams over a user's TeX files. TeX asks for more of a file when it has used up a whole line and never looks ahead,
// so the moment at which a stream is read at the start of a line is an exact place to leave a copy of the job.
#pragma once

#include "src/warm/protocol.hpp"

#include <cstdio>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// In a job: where it may leave copies. `resumed` is called in the job of a copy, before that goes on.
void watch_sources(const request& job, void (*resumed)());

/// Whether a file of that name is read by such a stream.
bool is_source(const char* name);
/// Null when it cannot be opened, or not by such a stream.
std::FILE* open_source(const char* name);

/// Bytes read of a source that is open, or -1.
std::int64_t bytes_read(const char* name);

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
