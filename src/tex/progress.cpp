#include "src/tex/progress.hpp"

#include <algorithm>
#include <cctype>

namespace texbuild {
inline namespace v0 {
namespace tex {

void progress_meter::begin(const step& next) {
  end();
  constexpr double of_a_pass = 0.5;
  constexpr double of_a_helper = 0.15;
  const bool engine = next.kind == step_kind::engine;
  counts_pages_ = engine || next.kind == step_kind::dvipdf;
  share_ = next.kind == step_kind::done ? 0 : (1 - done_) * (engine ? of_a_pass : of_a_helper);
  page_ = 0;
}

void progress_meter::end(int pages) {
  done_ += share_;
  share_ = 0;
  pages_ = pages > 0 ? pages : pages_;
  if (counts_pages_ && pages_ < page_) {
    pages_ = page_;
  }
  counts_pages_ = false;
  line_.clear();
  scanned_ = 0;
  skipping_ = skipping::nothing;
}

int progress_meter::progress() const noexcept {
  constexpr double typical_pages = 10;  // of an unknown document: half of the way after so many
  const double page = page_;
  const double part = pages_ > 0 ? std::min(1.0, page / pages_) : page / (page + typical_pages);
  const double whole = done_ + share_ * part;
  shown_ = std::clamp(static_cast<int>(whole * 100), shown_, 99);
  return shown_;
}

bool progress_meter::feed(std::string_view chunk) {
  if (!counts_pages_) {
    return false;
  }
  constexpr std::size_t longest = 4096;
  const int before = page_;
  while (!chunk.empty()) {
    const auto newline = chunk.find('\n');
    const auto piece = chunk.substr(0, newline);
    line_ += piece.substr(0, longest - std::min(longest, line_.size()));
    const bool complete = newline != std::string_view::npos;
    scan_line(complete);
    chunk.remove_prefix(complete ? newline + 1 : chunk.size());
    if (complete) {
      line_.clear();
      scanned_ = 0;
    }
  }
  return page_ != before;
}

// Counts "[12" followed by what TeX prints next at the end of a page. Not the number itself: it may start anew.
void progress_meter::scan_line(bool complete) {
  const std::string_view line(line_);
  const auto is_page = [line] { return line.size() > 1 && line[0] == '[' && line[1] >= '0' && line[1] <= '9'; };
  if (skipping_ == skipping::font) {
    skipping_ = complete && line.starts_with("mktex") ? skipping::nothing : skipping::font;
    return;
  }
  if (skipping_ == skipping::box) {
    if (!is_page()) {
      const bool blank = line.find_first_not_of(" \r") == std::string_view::npos;
      skipping_ = complete && blank ? skipping::nothing : skipping::box;
      return;
    }
    skipping_ = skipping::nothing;
  }
  constexpr std::string_view message_starts[] = {"! ", "l.", "LaTeX", "Package ", "Class ", "(Font)", "pdfTeX warning"};
  const bool message = std::ranges::any_of(message_starts, [line](std::string_view s) { return line.starts_with(s); });
  if (line.starts_with("Overfull \\") || line.starts_with("Underfull \\")) {
    skipping_ = complete ? skipping::box : skipping::nothing;
    return;
  }
  if (line.find("kpathsea: Running mktex") != std::string_view::npos) {
    skipping_ = complete ? skipping::font : skipping::nothing;
    return;
  }
  if (message) {
    return;
  }
  for (auto open = line.find('[', scanned_); open != std::string_view::npos; open = line.find('[', scanned_)) {
    auto end = open + 1;
    while (end < line.size() && (std::isdigit(static_cast<unsigned char>(line[end])) != 0 || line[end] == '.')) {
      ++end;
    }
    if (end == line.size() && !complete) {
      scanned_ = open;  // more of the number may come
      return;
    }
    const bool closes = end == line.size() || std::string_view("]{<( \r").find(line[end]) != std::string_view::npos;
    const bool begins = open == 0 || std::string_view(" )]}>").find(line[open - 1]) != std::string_view::npos;
    constexpr std::size_t longest_number = 24;
    if (closes && begins && end > open + 1 && end - open < longest_number) {
      ++page_;
    }
    scanned_ = end;
  }
  scanned_ = line.size();
}

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
