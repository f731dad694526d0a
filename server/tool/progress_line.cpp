#include "server/tool/progress_line.hpp"

#include "server/tool/terminal_text.hpp"

#include <ostream>

namespace texbuild_tool {

using kind = texbuild::build_event::kind;

void progress_line::show(const texbuild::build_event& event) {
  const std::scoped_lock lock(mutex_);
  if (event.what == kind::pass) {
    if (event.pass != pass_) page_ = 0;
    pass_ = event.pass;
    program_ = printable(event.text);
  } else if (event.what == kind::page) {
    page_ = event.page;
  }
  if (style_.quiet) return;
  if (event.what == kind::output) {
    if (style_.verbose) out_ << printable(event.text) << '\n';
    return;
  }
  if (event.what != kind::pass && event.what != kind::page) return;
  const auto run = "pass " + std::to_string(pass_ < 1 ? 1 : pass_);
  if (!style_.live || style_.verbose) {
    if (event.what == kind::pass) out_ << run << ": " << program_ << std::endl;
    return;
  }
  const char* const dot = style_.utf8 ? " \u00b7 " : ", ";
  std::string text = std::to_string(event.progress) + "%" + dot + run + dot + program_;
  text.insert(0, text.find('%') < 3 ? 3 - text.find('%') : 0, ' ');
  if (event.what == kind::page) {
    text += dot + ("page " + std::to_string(event.page));
    if (event.pages >= event.page) text += " of " + std::to_string(event.pages);
  }
  draw(text);
}

void progress_line::say(std::string_view words) {
  const std::scoped_lock lock(mutex_);
  if (style_.quiet) return;
  if (style_.live && !style_.verbose) {
    draw(printable(words));
  } else {
    out_ << printable(words) << std::endl;
  }
}

void progress_line::clear() {
  const std::scoped_lock lock(mutex_);
  wipe();
}

void progress_line::restart() {
  const std::scoped_lock lock(mutex_);
  wipe();
  pass_ = page_ = 0;
  program_.clear();
}

int progress_line::pages() const {
  const std::scoped_lock lock(mutex_);
  return page_;
}

void progress_line::draw(const std::string& text) {
  out_ << '\r' << shortened(text, style_.columns - 1) << "\x1b[K" << std::flush;
  drawn_ = true;
}

void progress_line::wipe() {
  if (drawn_) out_ << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace texbuild_tool
