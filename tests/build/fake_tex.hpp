// An engine of a few lines: writes what a test tells it to, below the folder that the command names.
#pragma once

#include "tests/build/temporary_folder.hpp"

#include <texbuild/process.hpp>
#include <texbuild/testing.hpp>

#include <filesystem>
#include <functional>
#include <string>

/// Writes a log and a PDF as a good run of the engine does.
inline texbuild::result<texbuild::process_result> good_run(const texbuild::command& c,
                                                           const texbuild::output_sink& output) {
  const auto folder = c.root / c.folder;
  write_file(folder / "main.log", "This is pdfTeX\n(./main.tex)\nOutput written on main.pdf (1 page, 9 bytes).\n");
  write_file(folder / "main.pdf", "%PDF-fake");
  write_file(folder / "main.aux", "\\relax \n");
  write_file(folder / "main.synctex.gz", "gz");
  output("[1] ");
  return texbuild::process_result{};
}

inline texbuild::result<texbuild::process_result> failed_run(const texbuild::command& c, const texbuild::output_sink&) {
  const auto folder = c.root / c.folder;
  write_file(folder / "main.log",
             "This is pdfTeX\n(./main.tex\n./main.tex:3: Undefined control sequence.\nl.3 \\oops\n         \n)\n"
             "No pages of output.\n");
  texbuild::process_result r;
  r.exit_status = 1;
  return r;
}
