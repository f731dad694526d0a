// How the tool ends. Scripts rely on these numbers.
#pragma once

#include <texbuild/error.hpp>

namespace texbuild_tool {

enum exit_code : int {
  success = 0,          ///< there is a PDF (or: all that is required is installed)
  document_failed = 1,  ///< TeX ran, the document has errors; a partial PDF may be there
  bad_input = 2,        ///< the command line or the project is wrong; nothing was run
  cannot_build = 3,     ///< this machine lacks something: no sandbox, no TeX, no disk space
  interrupted = 130,    ///< stopped by Ctrl-C; 128 plus the number for other signals
};

/// Whether the caller can mend it (`bad_input`) or the machine's owner must (`cannot_build`).
inline exit_code exit_code_of(const texbuild::error& e) {
  switch (e.code()) {
    case texbuild::errc::canceled:
      return interrupted;
    case texbuild::errc::unavailable:
    case texbuild::errc::insufficient_storage:
    case texbuild::errc::timed_out:
    case texbuild::errc::internal:
      return cannot_build;
    default:
      return bad_input;
  }
}

}  // namespace texbuild_tool
