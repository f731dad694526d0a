// The logs of bibtex, biber and makeindex.
#include "src/tex/log_parser.hpp"
#include "src/tex/log_text.hpp"

#include <optional>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace tex {
namespace {

// "… line 12 of file refs.bib": where it is.
bool take_place(std::string_view line, std::string_view folder, diagnostic& d) {
  const auto at = line.rfind("line ");
  const auto of = at == std::string_view::npos ? at : line.find(" of file ", at);
  if (of == std::string_view::npos) {
    return false;
  }
  d.line = number_at(line.substr(at + 5));
  d.file = project_path(line.substr(of + 9), folder);
  return true;
}

// Cuts "---line 12 of file x" and the like off the end.
std::string_view without_place(std::string_view line) {
  const auto dashes = line.rfind("--line ");
  auto text = line.substr(0, dashes);
  while (text.ends_with('-') || text.ends_with(' ')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

std::vector<diagnostic> parse_bibtex_log(std::string_view text, std::string_view working_folder) {
  diagnostic_list found;
  log_lines lines(text);
  std::string before;  // an error's words may stand on the line before its place
  while (const auto* next = lines.peek()) {
    const std::string line = *next;
    lines.drop();
    constexpr std::string_view warns = "Warning--";
    if (line.starts_with(warns)) {
      diagnostic d(severity::warning, "", 0, clean(std::string_view(line).substr(warns.size())));
      if (const auto* place = lines.peek(); place != nullptr && place->starts_with("--line ")) {
        take_place(*place, working_folder, d);
        lines.drop();
      }
      found.add(std::move(d));
    } else if (line.find("---line ") != std::string::npos) {
      diagnostic d(severity::error, "", 0, clean(without_place(line)));
      take_place(line, working_folder, d);
      if (d.message.empty()) {
        d.message = clean(before);
      }
      if (const auto* culprit = lines.peek(); culprit != nullptr && culprit->starts_with(" : ")) {
        d.context = clean(culprit->substr(3));
      }
      found.add(std::move(d));
    } else if (line.starts_with("I couldn't open ") || line.starts_with("I found no ") ||
               line.starts_with("Sorry---you've exceeded BibTeX's")) {
      diagnostic d(severity::error, "", 0, "");
      if (const auto* place = lines.peek();
          place != nullptr && (place->starts_with("---line ") || line.starts_with("I found no "))) {
        take_place(*place, working_folder, d);
      }
      d.message = clean(without_place(line));
      found.add(std::move(d));
      if (const auto* place = lines.peek(); place != nullptr && place->starts_with("---line ")) {
        lines.drop();
      }
    }
    before = line;
  }
  return found.take();
}

std::vector<diagnostic> parse_biber_log(std::string_view text, std::string_view working_folder) {
  diagnostic_list found;
  log_lines lines(text);
  std::string source;  // the database that is being read
  for (; const auto* next = lines.peek(); lines.drop()) {
    std::string_view line(*next);  // "[123] Utils.pm:209> WARN - …", or on the terminal "WARN - …"
    if (const auto head = line.find("> "); line.starts_with('[') && head < 80) {
      line.remove_prefix(head + 2);
    }
    constexpr std::string_view found_source = "INFO - Found BibTeX data source '";
    if (line.starts_with(found_source) && line.ends_with('\'')) {
      const auto name = line.substr(found_source.size());
      source = project_path(name.substr(0, name.size() - 1), working_folder);
    }
    std::optional<severity> level;
    if (line.starts_with("ERROR - ") || line.starts_with("FATAL - ")) {
      level = severity::error;
    } else if (line.starts_with("WARN - ")) {
      level = severity::warning;
    }
    if (!level) {
      continue;
    }
    const auto message = line.substr(line.find(" - ") + 3);
    diagnostic d(*level, "", 0, clean(message));
    // "BibTeX subsystem: /tmp/biber_tmp_X/<hash>_12.utf8, line 3, syntax error: …" is about a copy of the source.
    const auto copy = message.find("/biber_tmp_");
    const auto at = message.find(", line ");
    if (copy < at && at != std::string_view::npos) {
      d.file = source;
      d.line = number_at(message.substr(at + 7));
      const auto what = message.find(", ", at + 7);
      d.message = clean(what == std::string_view::npos ? "error in the database" : message.substr(what + 2));
    }
    found.add(std::move(d));
  }
  return found.take();
}

std::vector<diagnostic> parse_makeindex_log(std::string_view text, std::string_view working_folder) {
  diagnostic_list found;
  log_lines lines(text);
  for (; const auto* next = lines.peek(); lines.drop()) {
    const std::string_view line(*next);  // "!! Input index error (file = a.idx, line = 3):" and "   -- what"
    const bool error = line.starts_with("!! ");
    if (!error && !line.starts_with("## Warning (")) {
      continue;
    }
    diagnostic d(error ? severity::error : severity::warning, "", 0, clean(line.substr(3)));
    const auto name = line.find("= ");
    const auto comma = line.find(", line", name);
    if (name != std::string_view::npos && comma != std::string_view::npos) {
      d.file = project_path(line.substr(name + 2, comma - name - 2), working_folder);
      const auto number = line.find("= ", comma);
      d.line = number == std::string_view::npos ? 0 : number_at(line.substr(number + 2));
    }
    if (const auto* what = lines.peek(1); what != nullptr && what->find("-- ") != std::string::npos) {
      d.message = clean(std::string_view(*what).substr(what->find("-- ") + 3));
    }
    found.add(std::move(d));
  }
  return found.take();
}

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
