// pdfTeX and LuaTeX remember when they were started, for /CreationDate: in a job that is the job's time. They keep it
// in variables without a name, or on the heap, so the engine is started at a time that nobody has, and what holds it is
// found by that.
#pragma once

#include <cstdint>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// As TeX writes the time that nobody has.
inline constexpr char start_time_in_logs[] = "13 JAN 2018 14:05";

/// From now on `time` gives the time that nobody has.
void hold_time();

/// Whether anyone has asked for the time yet.
bool time_was_asked();

/// Before parking: where the engine keeps it.
void find_start_time();

/// In a job: `time` gives the real one again, and the engine was started at `seconds` since 1970.
void set_start_time(std::int64_t seconds);

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
