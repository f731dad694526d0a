// Where the programs wait that are no TeX engines and write no file before they know the job. xdvipdfmx: at the file
// that it translates; by then it has read its settings, the lists of all files and the map of all fonts, but has not
// looked at the time, of which it makes the PDF's identifier. biber: at a file that is there only for that.
#pragma once

#include "src/warm/protocol.hpp"

namespace texbuild {
inline namespace v0 {
namespace warm {

/// At the start of xdvipdfmx, with its arguments.
void expect_driver(char** argv);

/// The placeholder's .xdv.
bool is_driver_input(const char* name);

/// Before xdvipdfmx waits at `input`, as it gave it to `fopen`: false when this is not the xdvipdfmx that we know.
bool driver_can_wait(const char* input);

/// In a job's folder, before it begins: no file there is one that a plain xdvipdfmx would have read by now.
bool driver_suits();

/// In a job: its names take the place of the placeholder's, among its arguments and wherever it has stored them.
void name_driver_files(const request& job);

/// In a job: a descriptor that its text can be read from; -1 if there is none.
int text_descriptor(const request& job);

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
