// Page and progress from what an engine prints while it runs.
#pragma once

#include "src/tex/pass_planner.hpp"

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace tex {

/// One object per build. Every pass takes half of what is left, for nobody knows how many there will be.
class progress_meter {
 public:
  /// `known_pages` of the last build of the same document; 0 if not known.
  explicit progress_meter(int known_pages = 0) : pages_(known_pages) {}

  /// A step starts.
  void begin(const step& next);
  /// The step ended; `pages` as the log has it, 0 if not known.
  void end(int pages = 0);
  /// A piece of the program's output, cut anywhere. True if a page was finished.
  bool feed(std::string_view chunk);

  /// Pages shipped in this step.
  [[nodiscard]] int page() const noexcept { return page_; }
  /// Pages that it will have; 0 if not known.
  [[nodiscard]] int pages() const noexcept { return pages_; }
  /// 0 … 99, never falling.
  [[nodiscard]] int progress() const noexcept;

 private:
  void scan_line(bool complete);

  double done_ = 0;   // share of the work before this step
  double share_ = 0;  // of this step
  int page_ = 0;
  int pages_ = 0;
  mutable int shown_ = 0;
  std::string line_;         // the one that is being printed
  std::size_t scanned_ = 0;  // of it
  bool counts_pages_ = false;
  // Lines with numbers in brackets that are no pages: the text of an overfull box, and METAFONT making a font.
  enum class skipping { nothing, box, font };
  skipping skipping_ = skipping::nothing;
};

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
