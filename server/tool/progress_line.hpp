// How far a build is, on stderr: one line that is rewritten on a terminal, a few plain lines elsewhere.
#pragma once

#include <texbuild/build.hpp>

#include <cstddef>
#include <iosfwd>
#include <mutex>
#include <string>
#include <string_view>

namespace texbuild_tool {

struct progress_style {
  bool quiet = false;    ///< nothing at all
  bool verbose = false;  ///< every line that the programs print
  bool live = false;     ///< a terminal: one line, rewritten
  bool utf8 = false;
  std::size_t columns = 80;
};

/// Thread safe.
class progress_line {
 public:
  progress_line(std::ostream& out, progress_style style) : out_(out), style_(style) {}
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() { clear(); }

  void show(const texbuild::build_event& event);
  /// Words for what is not a build, such as "making the font cache: lualatex".
  void say(std::string_view words);
  /// Takes the rewritten line away; call before anything else is printed.
  void clear();
  /// Forgets the last build.
  void restart();

  /// Pages of the last run of TeX, as far as it got.
  [[nodiscard]] int pages() const;

 private:
  void draw(const std::string& text);
  void wipe();

  std::ostream& out_;
  progress_style style_;
  mutable std::mutex mutex_;
  std::string program_;
  int pass_ = 0;
  int page_ = 0;
  bool drawn_ = false;
};

}  // namespace texbuild_tool
