// A stream to a file that mends lines on their way: in a job, a log and a .blg speak of the parked engine in a few
// places, of the line that it was started with, the time, the stem of its files. There they speak of the job.
#pragma once

#include <cstdio>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// In files whose name ends in `suffix`, `from` is shown as `to`. The texts must live on; at most 4 rules.
void show_as(const char* suffix, const char* from, const char* to);
/// What TeX and bibtex count differently from a plain run, by no doing of the document: how deep in its buffer lines
/// stand, and the strings that it was started with.
struct counts {
  int buffer = 0;
  int strings = 0;
  int string_characters = 0;
};
/// In logs, where TeX shows the line that it was started with: the first of the two lines of that. At most 2.
void show_context_as(const char* from, const char* to);
/// In logs, these are taken off what TeX says.
void show_less(const counts& by);

/// `plain` itself when no rule is for the name; else a stream that owns it.
std::FILE* mended(std::FILE* plain, const char* name);

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
