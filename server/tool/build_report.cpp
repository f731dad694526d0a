#include "server/tool/build_report.hpp"

#include "server/tool/source_excerpt.hpp"
#include "server/tool/terminal_text.hpp"

#include <texbuild/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <cstdio>
#include <map>
#include <ostream>

namespace texbuild_tool {
namespace {

namespace json = boost::json;
using texbuild::diagnostic;
using texbuild::severity;

constexpr std::size_t most_errors = 20;  // what follows is mostly the consequence of the first ones

class printer {
 public:
  printer(std::ostream& out, const report_style& style) : out_(out), style_(style) {}

  void print(const diagnostic& note) {
    diagnostic shown(note.level, style_.shown_name ? style_.shown_name(note.file) : note.file, note.line, note.message);
    if (note.level != severity::error) shown.message = std::string(to_string(note.level)) + ": " + note.message;
    out_ << printable(to_string(shown)) << '\n';
    if (note.line < 1 || note.file.empty() || !style_.source) return;
    auto found = texts_.find(note.file);
    if (found == texts_.end()) found = texts_.emplace(note.file, style_.source(note.file)).first;
    if (found->second) out_ << source_excerpt(*found->second, note, style_.columns);
  }

 private:
  std::ostream& out_;
  const report_style& style_;
  std::map<std::string, std::optional<std::string>> texts_;
};

std::size_t count(const texbuild::build_outcome& outcome, severity level) {
  std::size_t out = 0;
  for (const auto& d : outcome.diagnostics) out += d.level == level ? 1 : 0;
  return out;
}

std::string in_seconds(std::chrono::milliseconds time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", static_cast<double>(time.count()) / 1000);
  return text.data();
}

json::value text_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::value(texbuild::valid_utf8(text));
}

}  // namespace

void print_diagnostics(std::ostream& out, const texbuild::build_outcome& outcome, const report_style& style) {
  printer print(out, style);
  std::size_t errors = 0;
  for (const auto& d : outcome.diagnostics) {
    if (d.level == severity::error && ++errors <= most_errors) print.print(d);
  }
  if (errors > most_errors) out << "... and " << counted(errors - most_errors, "more error") << '\n';
  const auto warnings = count(outcome, severity::warning);
  if (style.warnings) {
    for (const auto& d : outcome.diagnostics)
      if (d.level != severity::error) print.print(d);
  } else if (warnings > 0) {
    out << counted(warnings, "warning") << " (--warnings lists them)\n";
  }
}

std::string summary(const texbuild::build_outcome& outcome, const written_files& files) {
  std::string cost = outcome.info.cached ? "nothing changed"
                                         : counted(static_cast<std::size_t>(outcome.info.passes), "pass") + ", " +
                                               in_seconds(outcome.info.duration);
  if (files.pages > 0 && !files.pdf.empty())
    cost = counted(static_cast<std::size_t>(files.pages), "page") + ", " + cost;
  if (outcome.succeeded()) return printable(files.pdf) + ": " + cost;
  const auto errors = count(outcome, severity::error);
  std::string out = "failed";
  if (errors > 0) out += " with " + counted(errors, "error");
  out += files.pdf.empty() ? "; no PDF" : "; " + printable(files.pdf) + " is partial";
  return out + " (" + cost + ")";
}

std::string to_json(const texbuild::build_outcome& outcome, const written_files& files, int exit_code) {
  json::array diagnostics;
  for (const auto& d : outcome.diagnostics) {
    json::object o;
    o["severity"] = to_string(d.level);
    o["file"] = text_or_null(d.file);
    if (d.line > 0) {
      o["line"] = d.line;
    } else {
      o["line"] = nullptr;
    }
    o["message"] = texbuild::valid_utf8(d.message);
    o["context"] = texbuild::valid_utf8(d.context);
    diagnostics.push_back(std::move(o));
  }
  json::array outputs;
  for (const auto& file : outcome.outputs) {
    json::object o;
    o["name"] = texbuild::valid_utf8(file.name);
    o["bytes"] = file.bytes;
    outputs.push_back(std::move(o));
  }
  json::object out;
  out["status"] = to_string(outcome.info.status);
  out["message"] = texbuild::valid_utf8(outcome.info.message);
  out["exit_code"] = exit_code;
  out["engine"] = to_string(outcome.info.engine);
  out["main_file"] = texbuild::valid_utf8(outcome.info.main_file);
  out["pdf"] = text_or_null(files.pdf);
  out["partial"] = !files.pdf.empty() && !outcome.succeeded();
  out["synctex"] = text_or_null(files.synctex);
  out["log"] = text_or_null(files.log);
  out["pages"] = files.pages;
  out["passes"] = outcome.info.passes;
  out["cached"] = outcome.info.cached;
  out["duration_ms"] = outcome.info.duration.count();
  out["diagnostics"] = std::move(diagnostics);
  out["outputs"] = std::move(outputs);
  return json::serialize(out);
}

std::string to_json(const texbuild::error& refused, int exit_code) {
  json::object out;
  out["status"] = refused.code() == texbuild::errc::canceled ? "canceled" : "error";
  out["message"] = texbuild::valid_utf8(refused.detail());
  out["exit_code"] = exit_code;
  out["pdf"] = nullptr;
  out["diagnostics"] = json::array();
  out["outputs"] = json::array();
  out["passes"] = 0;
  out["duration_ms"] = 0;
  return json::serialize(out);
}

}  // namespace texbuild_tool
