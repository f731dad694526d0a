#include "src/warm/engine_kinds.hpp"

#include "src/warm/protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr const char* placeholder = "texbuild-job";    // the preloaded object knows it too
constexpr std::int64_t last_second = 253'402'300'799;  // of the year 9999: PDF's dates have four digits for it
constexpr std::array<std::string_view, engine_kinds> names{"pdflatex", "xelatex", "lualatex",
                                                           "bibtex",   "biber",   "xdvipdfmx"};

// What the pass planner sets for a main file in a folder.
constexpr std::array<std::string_view, 6> search_paths{"TEXINPUTS",  "BIBINPUTS", "BSTINPUTS",
                                                       "INDEXSTYLE", "LUAINPUTS", "TEXPICTS"};
constexpr const char* root_too = ".:/job:";

bool is_plain(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > 100 || !letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || c == '.' || c == '-' || c == '_'; });
}

/// Flags that a TeX engine is started with. Its interaction mode comes with the job: to read a line from the terminal
/// it has to be the one that asks.
std::vector<std::string> engine_flags(engine_kind kind) {
  std::vector<std::string> flags{std::string(to_string(kind))};
  if (kind == engine_kind::xelatex) flags.emplace_back("-no-pdf");
  flags.insert(flags.end(), {"-file-line-error", "-synctex=1", "-recorder", "-shell-restricted"});
  return flags;
}

/// What the engine does before it waits: nothing. It could read the map of all fonts too, but then `\pdfmapfile` in a
/// document would come too late, and the log would not say when it was read.
constexpr const char* first_line = "\\begingroup\\read16 to\\x\\expandafter\\endgroup\\x x";

/// What the pass planner asks for, with the name left out.
std::vector<std::string> planned(engine_kind kind, const std::string& name) {
  if (kind == engine_kind::xdvipdfmx) return {"xdvipdfmx", "-q", "-E", "-o", name + ".pdf", name + ".xdv"};
  if (!is_engine(kind)) return {std::string(to_string(kind)), name};
  auto argv = engine_flags(kind);
  argv.insert(argv.begin() + (kind == engine_kind::xelatex ? 2 : 1), "-interaction=nonstopmode");
  argv.push_back("-jobname=" + name);
  argv.push_back(name + ".tex");
  return argv;
}

std::string name_in(engine_kind kind, const std::vector<std::string>& argv) {
  if (argv.size() < 2) return {};
  const std::string_view suffix = kind == engine_kind::xdvipdfmx ? ".xdv" : ".tex";
  if (kind == engine_kind::bibtex || kind == engine_kind::biber) return argv.back();
  return argv.back().ends_with(suffix) ? argv.back().substr(0, argv.back().size() - suffix.size()) : std::string();
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The line that TeX reads. The macros of both lines live in groups, so that a document finds no trace of them. `\y`
/// runs when the main file is open and before its first line, as `\everyjob` always does; its banner then stands in the
/// log where it always stands. The last letter of the main file's name is in the engine's own line, so that the file is
/// read when both are used up and TeX's stacks are as high as ever. It comes in several short ones, which a brace holds
/// together, for TeX also says how long its longest line was.
std::string engine_text(engine_kind kind, const std::string& name, std::int64_t today, std::uint32_t seed) {
  std::tm at{};
  const std::time_t seconds = today;
  ::gmtime_r(&seconds, &at);
  const auto set = [](const char* what, int value) {
    return std::string("\\") + what + "=" + std::to_string(value) + " ";
  };
  std::string text = "\\iffalse{\\fi\\nonstopmode";
  text += kind == engine_kind::pdflatex ? "\\pdfsetrandomseed" : "\\setrandomseed";
  text += " " + std::to_string(seed % 268'435'456) + "\\relax%\n";
  if (kind == engine_kind::pdflatex) text += "\\pdfresettimer%\n";
  if (kind == engine_kind::xelatex) text += "\\resettimer%\n";
  if (kind == engine_kind::lualatex) text += "\\directlua{math.randomseed(" + std::to_string(seed) + ")}%\n";
  text += set("year", at.tm_year + 1900) + set("month", at.tm_mon + 1) + set("day", at.tm_mday);
  text += set("time", at.tm_hour * 60 + at.tm_min) + "%\n";
  // luaotfload is in LuaLaTeX's \everyjob, and was loaded before the engine was parked.
  text += "\\begingroup\\def\\y{\\endgroup";
  if (kind != engine_kind::lualatex) text += "\\the\\everyjob";
  text += "}%\n";
  text += "\\iffalse}\\fi\\expandafter\\expandafter\\expandafter\\y\\csname @@input\\endcsname " + name + ".te%\n";
  return text;
}

/// Its arguments, then its variables: Perl has a copy of its environment that nothing else can reach.
std::string biber_text(const parked_job& job) {
  std::string text = job.name + "\n";
  for (const auto& [name, value] : job.variables) text.append(name).append("=").append(value).push_back('\n');
  return text;
}

}  // namespace

bool is_engine(engine_kind kind) noexcept {
  return kind == engine_kind::pdflatex || kind == engine_kind::xelatex || kind == engine_kind::lualatex;
}

std::string_view to_string(engine_kind kind) noexcept { return names[static_cast<std::size_t>(kind)]; }

server_recipe recipe_of(engine_kind kind) {
  server_recipe out;
  // The project's root is on every search path; for a job that runs in it, it is there twice. biber reads its variables
  // anew for each job.
  if (kind != engine_kind::biber)
    for (const auto variable : search_paths) out.variables.emplace_back(variable, root_too);
  const std::string job = placeholder;
  if (is_engine(kind)) {
    out.argv = engine_flags(kind);
    out.argv.push_back(first_line);
    out.variables.emplace_back("TEXBUILD_PARK", "line");
    out.variables.emplace_back("TEXBUILD_LINE", first_line);
  } else if (kind == engine_kind::bibtex) {
    out.argv = {"bibtex", job};
    out.files = {job + ".aux"};
    out.variables.emplace_back("TEXBUILD_PARK", "open");
  } else if (kind == engine_kind::biber) {
    out.argv = {"biber", job};
    out.variables.emplace_back("PERL5OPT", "-I/texbuild -Mtexbuild_wait");
    out.variables.emplace_back("TEXBUILD_PARK", "script");
  } else if (kind == engine_kind::xdvipdfmx) {
    out.argv = planned(kind, long_placeholder);
    out.variables.emplace_back("TEXBUILD_PARK", "driver");
  }
  return out;
}

std::optional<parked_job> recognise(const command& what, std::int64_t now, std::uint32_t seed) {
  if (what.argv.empty() || !what.writable.empty()) return std::nullopt;
  const auto found = std::find(names.begin(), names.end(), what.argv.front());
  if (found == names.end()) return std::nullopt;
  parked_job job;
  job.kind = static_cast<engine_kind>(found - names.begin());
  job.name = name_in(job.kind, what.argv);
  if (!is_plain(job.name) || what.argv != planned(job.kind, job.name)) return std::nullopt;
  job.start_seconds = now;
  bool for_dates = false;
  for (const auto& variable : what.variables) {
    if (std::find(search_paths.begin(), search_paths.end(), variable.first) != search_paths.end()) {
      if (variable.second != root_too) return std::nullopt;
      if (job.kind != engine_kind::biber) continue;  // the engine has it
    } else if (variable.first == "FORCE_SOURCE_DATE") {
      for_dates = variable.second == "1";
    } else if (variable.first == "SOURCE_DATE_EPOCH") {
      const auto seconds = number(variable.second);
      if (!seconds || *seconds < 0 || *seconds > last_second) return std::nullopt;
      job.start_seconds = *seconds;
    } else {
      return std::nullopt;
    }
    job.variables.push_back(variable);
  }
  job.today_seconds = for_dates ? job.start_seconds : now;
  if (job.kind == engine_kind::biber) job.text = biber_text(job);
  if (is_engine(job.kind)) job.text = engine_text(job.kind, job.name, job.today_seconds, seed);
  return job;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
