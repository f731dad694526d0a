#include "src/tex/log_parser.hpp"

#include "src/tex/file_stack.hpp"
#include "src/tex/log_text.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace tex {
namespace {

constexpr std::size_t most_names = 1000;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

void add_name(std::vector<std::string>& names, std::string_view name) {
  auto good = clean(name, 1000);
  std::erase(good, '"');  // TeX quotes a job's name that has blanks: No file "my paper".bbl.
  if (good.starts_with("./")) {
    good.erase(0, 2);
  }
  if (!good.empty() && names.size() < most_names && std::ranges::find(names, good) == names.end()) {
    names.push_back(std::move(good));
  }
}

// What stands between a quote (`, ' or ") and the next one (' or ").
std::string_view between_quotes(std::string_view text) {
  const auto open = text.find_first_of("`'\"");
  if (open == std::string_view::npos) {
    return {};
  }
  const auto close = text.find_first_of("'\"", open + 1);
  return close == std::string_view::npos ? std::string_view{} : text.substr(open + 1, close - open - 1);
}

// "./a b.tex:12: message" in its three parts.
struct located {
  std::string_view file;
  int line = 0;
  std::string_view message;
};

std::optional<located> as_located(std::string_view text) {
  constexpr std::size_t longest_name = 512;
  for (auto colon = text.find(':'); colon < longest_name; colon = text.find(':', colon + 1)) {
    auto end = colon + 1;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') {
      ++end;
    }
    if (end == colon + 1 || end + 1 >= text.size() || text[end] != ':' || text[end + 1] != ' ') {
      continue;
    }
    const auto file = text.substr(0, colon);
    const auto dot = file.rfind('.');
    if (dot == std::string_view::npos || dot + 1 == file.size() || file.front() == '(' || file.front() == '[' ||
        file.find_first_of("/ ", dot) != std::string_view::npos) {
      return std::nullopt;
    }
    return located{file, number_at(text.substr(colon + 1)), text.substr(end + 2)};
  }
  return std::nullopt;
}

// "[\\directlua]:1: boom": LuaTeX says no more of an error in Lua code.
bool is_lua_error(std::string_view line) {
  return line.starts_with("[\\") && line.substr(0, 40).find("lua]:") != std::string_view::npos;
}

bool is_error_start(std::string_view line) {
  return is_lua_error(line) || line.starts_with("! ") || line.starts_with("!pdfTeX error") ||
         line.starts_with("!luaTeX error") || as_located(line).has_value();
}

// The line number of "l.12 \foo"; 0 if it is no such line.
int source_line(std::string_view line) { return line.starts_with("l.") ? number_at(line.substr(2)) : 0; }

// "LaTeX Warning: …", "Package x Warning: …": who warns ("LaTeX", "x", "Font") and where the message begins.
struct warning_start {
  std::string_view who;
  std::string_view message;
};

std::optional<warning_start> as_warning(std::string_view line) {
  constexpr std::string_view word = " Warning: ";
  constexpr std::size_t longest_head = 80;
  const auto at = line.substr(0, longest_head + word.size()).find(word);
  const bool known = line.starts_with("LaTeX") || line.starts_with("Package ") || line.starts_with("Class ") ||
                     line.starts_with("Module ");
  if (!known || at == std::string_view::npos) {
    return std::nullopt;
  }
  const auto head = line.substr(0, at);
  return warning_start{head.substr(head.rfind(' ') + 1), line.substr(at + word.size())};
}

// Takes the number off "… on input line 12." and tells it.
int take_input_line(std::string& message) {
  constexpr std::string_view words = " on input line ";
  const auto at = message.rfind(words);
  if (at == std::string::npos) {
    return 0;
  }
  const auto digits = at + words.size();
  const auto end = std::min(message.find_first_not_of("0123456789", digits), message.size());
  const int line = number_at(std::string_view(message).substr(digits));
  if (line > 0 && (end == message.size() || message.substr(end) == ".")) {
    message.erase(at);
    message += message.ends_with('.') ? "" : ".";
  }
  return line;
}

// A line of the source as TeX shows it: "^^M" at its end is where the line ended.
std::string shown_source(std::string_view line) {
  constexpr std::string_view end_of_line = "^^M";
  auto text = clean(line);
  if (text.ends_with(end_of_line)) {
    text.resize(text.size() - end_of_line.size());
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

class log_reader {
 public:
  log_reader(std::string_view text, std::string_view working_folder) : lines_(text), folder_(working_folder) {}

  log_summary run() {
    while (const auto* next = lines_.peek()) {
      const auto line = *next;
      lines_.drop();
      if (!read_error(line) && !read_warning(line) && !read_missing_characters(line) && !read_box(line) &&
          !read_fact(line)) {
        files_.read(line);
      }
    }
    if (stop_ && !found_.has_errors()) {
      found_.add(std::move(*stop_));
    }
    summary_.diagnostics = found_.take();
    return std::move(summary_);
  }

 private:
  bool read_error(std::string_view line);
  bool read_warning(std::string_view line);
  bool read_missing_characters(std::string_view line);
  bool read_box(std::string_view line);
  bool read_fact(std::string_view line);
  void read_output(std::string_view line);
  [[nodiscard]] std::string continued(std::string_view first, std::string_view who);
  void read_source_lines(diagnostic& error, std::string& undefined);
  void note_names(std::string_view message);

  [[nodiscard]] std::string here() const { return files_.top().empty() ? "" : project_path(files_.top(), folder_); }

  log_lines lines_;
  std::string_view folder_;
  file_stack files_;
  diagnostic_list found_;
  std::optional<diagnostic> stop_;  // "Emergency stop", which counts only if nothing better is said
  std::string runaway_;
  log_summary summary_;
};

// The rest of a message that goes on in the next lines as "(who)   more" or with blanks.
std::string log_reader::continued(std::string_view first, std::string_view who) {
  constexpr std::size_t longest = 4000;
  std::string message(first.substr(0, longest));
  const auto prefix = "(" + std::string(who) + ")";
  while (const auto* next = lines_.peek()) {
    std::string_view line(*next);
    if (line.starts_with(prefix)) {
      line.remove_prefix(prefix.size());
    } else if (!line.starts_with("   ")) {
      break;
    }
    const auto begin = line.find_first_not_of(' ');
    if (begin == std::string_view::npos) {
      break;
    }
    if (message.size() < longest) {
      message.append(message.ends_with(' ') ? "" : " ").append(line.substr(begin));
    }
    lines_.drop();
  }
  return message;
}

void log_reader::note_names(std::string_view message) {
  if (has(message, "can't find file") || has(message, "can't write on file") ||
      ((has(message, "ile `") || has(message, "ile '") || has(message, "ile \"")) && has(message, "not found"))) {
    const auto at = std::min(message.find("ile "), message.size());
    add_name(summary_.not_found, between_quotes(message.substr(at)));
  }
}

// Reads on to "l.12 …", which is where the error is, and over the help that follows.
void log_reader::read_source_lines(diagnostic& error, std::string& undefined) {
  constexpr std::size_t most_lines = 40;
  constexpr std::size_t most_help = 15;
  std::size_t at = 0;
  for (const std::string* next = nullptr; at < most_lines && (next = lines_.peek(at)) != nullptr; ++at) {
    if (is_error_start(*next)) {
      return;  // this error shows no source; the next one is read by itself
    }
    if (source_line(*next) == 0) {
      if (at == 0 || undefined.empty()) {
        const auto control = next->rfind('\\');
        undefined = control == std::string::npos ? "" : next->substr(control);
      }
      continue;
    }
    if (error.line == 0) {
      error.line = source_line(*next);
    }
    if (at == 0) {
      const auto control = next->rfind('\\');
      undefined = control == std::string::npos ? "" : next->substr(control);
    }
    error.context += error.context.empty() ? "" : "\n";
    error.context += shown_source(*next);
    if (const auto* rest = lines_.peek(at + 1); rest != nullptr && rest->starts_with(' ')) {
      if (const auto text = shown_source(*rest); text.find_first_not_of(' ') != std::string::npos) {
        const auto begin = rest->find_first_not_of(' ');
        error.context += "\n" + std::string(std::min<std::size_t>(begin, 100), ' ') + text;
      }
      ++at;
    }
    lines_.drop(at + 1);
    for (std::size_t help = 0; help < most_help; ++help) {
      next = lines_.peek();
      if (next == nullptr || next->empty() || is_error_start(*next) || next->starts_with("*** (")) {
        return;
      }
      lines_.drop();
    }
    return;
  }
}

bool log_reader::read_error(std::string_view line) {
  if (line.starts_with("Runaway ")) {
    runaway_ = clean(line);
    if (const auto* next = lines_.peek()) {
      runaway_ += "\n" + clean(*next);
      lines_.drop();
    }
    return true;
  }
  if (line.starts_with("xdvipdfmx:fatal:")) {
    found_.add({severity::error, "", 0, clean(line.substr(16)), ""});
    summary_.fatal = true;
    return true;
  }
  diagnostic error;
  std::string_view message;
  if (line.starts_with("! ") || line.starts_with("!pdfTeX error") || line.starts_with("!luaTeX error")) {
    message = line.substr(line.starts_with("! ") ? 2 : 1);
    // At the end of the main file TeX has closed it before it complains.
    error.file = files_.top().empty() ? project_path(files_.last_closed(), folder_) : here();
  } else if (is_lua_error(line)) {
    message = line;
    error.file = here();
  } else if (const auto place = as_located(line)) {
    message = place->message;
    error.file = project_path(place->file, folder_);
    error.line = place->line;
  } else {
    return false;
  }
  message.remove_prefix(std::min(message.find_first_not_of(' '), message.size()));
  if (message.starts_with("==> Fatal error")) {
    summary_.fatal = true;
    return true;
  }
  const auto who_end = message.find(" Error: ");
  const auto who = who_end < 80 ? message.substr(0, who_end) : std::string_view{};
  auto text = continued(message, who.substr(who.rfind(' ') + 1));
  note_names(text);
  error.context = std::exchange(runaway_, {});
  std::string undefined;
  read_source_lines(error, undefined);
  if (text.starts_with("Undefined control sequence") && undefined.size() > 1) {
    text = "Undefined control sequence " + undefined;
  }
  error.message = clean(text);
  summary_.fatal = summary_.fatal || has(text, "TeX capacity exceeded") || has(text, "That makes 100 errors");
  if (text.starts_with("Emergency stop")) {
    summary_.fatal = true;
    constexpr std::size_t most_lines = 6;
    for (std::size_t at = 0; at < most_lines; ++at) {
      const auto* next = lines_.peek(at);
      if (next != nullptr && next->starts_with("*** (")) {
        error.message = "Emergency stop: " + clean(next->substr(5, next->rfind(')') - 5));
        lines_.drop(at + 1);
        break;
      }
    }
    if (auto* cause = found_.last_error(); cause != nullptr && cause->line == 0) {
      cause->line = error.line;
      cause->context += cause->context.empty() ? error.context : "";
    }
    stop_ = std::move(error);
    return true;
  }
  found_.add(std::move(error));
  return true;
}

// "Missing character: There is no x in font y!"; LuaTeX puts the next one, or the next file, on the same line.
bool log_reader::read_missing_characters(std::string_view line) {
  constexpr std::string_view start = "Missing character: ";
  if (!line.starts_with(start)) {
    return false;
  }
  while (line.starts_with(start)) {
    const auto end = std::min(line.find('!', std::min(line.find(" in font "), line.size())), line.size() - 1) + 1;
    found_.add({severity::warning, here(), 0, clean(line.substr(0, end))});
    line.remove_prefix(end);
  }
  files_.read(line);
  return true;
}

bool log_reader::read_warning(std::string_view line) {
  constexpr std::string_view driver = "xdvipdfmx:warning:";
  diagnostic warning(severity::warning, "", 0, "");
  if (const auto start = as_warning(line)) {
    auto message = continued(start->message, start->who);
    if (const auto command = message.find("`makeindex "); command != std::string::npos) {
      const auto end = std::min(message.find('\'', command), message.size());
      add_name(summary_.index_commands, std::string_view(message).substr(command + 1, end - command - 1));
    }
    std::string low(message);
    std::ranges::transform(low, low.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    summary_.rerun_requested = summary_.rerun_requested || has(message, "Label(s) may have changed") ||
                               (has(low, "rerun") && !has(low, "run biber") && !has(low, "run bibtex") &&
                                !has(low, "run) biber") && !has(low, ")run biber") && !has(low, ")run bibtex"));
    note_names(message);
    warning.line = take_input_line(message);
    warning.message = clean(std::string(line.substr(0, line.size() - start->message.size())) + message);
    warning.file = warning.line > 0 || !is_outside(files_.top()) ? here() : "";
  } else if (line.starts_with(driver)) {
    warning.message = clean(line.substr(driver.size()));
  } else if (line.starts_with("pdfTeX warning")) {
    warning.message = clean(line);
  } else {
    return false;
  }
  found_.add(std::move(warning));
  return true;
}

bool log_reader::read_box(std::string_view line) {
  if (!line.starts_with("Overfull \\") && !line.starts_with("Underfull \\")) {
    return false;
  }
  diagnostic box(severity::info, here(), 0, "");
  std::string message(line);
  for (const std::string_view words : {" in paragraph at lines ", " in alignment at lines ", " detected at line "}) {
    if (const auto at = message.find(words); at != std::string::npos) {
      box.line = number_at(std::string_view(message).substr(at + words.size()));
      message.erase(at);
      break;
    }
  }
  box.message = clean(message);
  // The text of the box, up to an empty line: its parentheses are the author's.
  constexpr std::size_t most_lines = 10;
  for (std::size_t count = 0; count < most_lines; ++count) {
    const auto* next = lines_.peek();
    if (next == nullptr || next->find_first_not_of(' ') == std::string::npos || next->starts_with('[') == false) {
      if (next != nullptr && next->starts_with('\\')) {
        lines_.drop();
        continue;
      }
      break;
    }
    if (!next->starts_with("[]") && !next->starts_with("[] ")) {
      break;  // "[3]": a page
    }
    box.context = box.context.empty() ? clean(*next) : box.context;
    lines_.drop();
  }
  found_.add(std::move(box));
  return true;
}

bool log_reader::read_fact(std::string_view line) {
  if (line.starts_with("No file ")) {
    auto name = line.substr(8);
    name = name.substr(0, name.rfind('.'));
    add_name(summary_.missing_files, name);
    return true;
  }
  if (line.starts_with("Output written on ")) {
    read_output(line);
    return true;
  }
  if (line.starts_with(" ==> Fatal error occurred")) {
    summary_.fatal = true;
    return true;
  }
  constexpr std::string_view ran =
      "runsystem(makeindex ";  // imakeidx with shell escape has run it already: run it alike
  if (const auto end = line.find(")..."); line.starts_with(ran) && end != std::string_view::npos) {
    add_name(summary_.index_commands, line.substr(10, end - 10));
    return true;
  }
  return line.starts_with("No pages of output");
}

// "Output written on a b.pdf (3 pages, 12345 bytes)."
void log_reader::read_output(std::string_view line) {
  const auto open = line.rfind('(');
  if (open == std::string_view::npos) {
    return;
  }
  summary_.pages = number_at(line.substr(open + 1));
  if (const auto comma = line.find(", ", open); comma != std::string_view::npos) {
    std::uint64_t bytes = 0;
    for (auto digit = comma + 2; digit < line.size() && line[digit] >= '0' && line[digit] <= '9' && digit < comma + 18;
         ++digit) {
      bytes = bytes * 10 + static_cast<std::uint64_t>(line[digit] - '0');
    }
    summary_.output_bytes = bytes;
  }
}

}  // namespace

log_summary parse_log(std::string_view text, std::string_view working_folder) {
  return log_reader(text, working_folder).run();
}

std::string first_error(const std::vector<diagnostic>& diagnostics) {
  const auto found = std::ranges::find(diagnostics, severity::error, &diagnostic::level);
  return found == diagnostics.end() ? std::string{} : to_string(*found);
}

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
