#include "src/tex/pass_planner.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace tex {
namespace {

std::string_view stem_of(std::string_view name) noexcept { return name.substr(0, name.rfind('.')); }

std::uint64_t mix(std::uint64_t sum, std::uint64_t value) noexcept {
  return (sum ^ value) * 1099511628211ULL + 0x9E3779B97F4A7C15ULL;
}

template <class Range>
bool contains(const Range& range, std::string_view name) {
  return std::ranges::find(range, name) != std::ranges::end(range);
}

bool needs_quoting(std::string_view name) {
  return name.find_first_of("~%\\^") != std::string_view::npos || name.find("  ") != std::string_view::npos;
}

// The engine's last argument. TeX reads it as the first line of its input, so a name with characters that mean
// something to TeX is spelled out as TeX code, and any other that is not plain begins with "./".
std::string input_argument(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == '/';
  });
  if (plain && !name.starts_with('-')) {
    return std::string(name);
  }
  if (!needs_quoting(name)) {
    return "./" + std::string(name);
  }
  std::string code = "\\csname @@input\\endcsname \"./";
  for (const char c : name) {
    switch (c) {
      case '%':
        code += "\\csname @percentchar\\endcsname ";
        break;
      case '\\':
        code += "\\csname @backslashchar\\endcsname ";
        break;
      case '~':
      case '^':
        code.append("\\string").push_back(c);
        break;
      case ' ':
        code += "\\space ";
        break;
      default:
        code.push_back(c);
    }
  }
  return code + '"';
}

// "makeindex -s x.ist a.idx" → its options, if they are harmless; the names of the files are ours.
std::vector<std::string> index_options(std::string_view command) {
  std::vector<std::string> words;
  while (!command.empty()) {
    const auto space = std::min(command.find(' '), command.size());
    if (space > 0) {
      words.emplace_back(command.substr(0, space));
    }
    command.remove_prefix(std::min(space + 1, command.size()));
  }
  std::vector<std::string> options;
  for (std::size_t at = 1; at + 1 < words.size(); ++at) {
    if (words[at] == "-s" || words[at] == "-p") {
      options.push_back(words[at]);
      options.push_back(words[++at]);
    } else if (words[at].size() == 2 && std::string_view("-c-g-l-r-L-T").find(words[at]) != std::string_view::npos) {
      options.push_back(words[at]);
    }
  }
  return options;
}

// Whether an index command is about "a.idx": its last word is "a.idx" or "a".
bool is_about(std::string_view command, std::string_view idx) {
  const auto ends_with_word = [command](std::string_view word) {
    return command.ends_with(word) &&
           (command.size() == word.size() || command[command.size() - word.size() - 1] == ' ');
  };
  return ends_with_word(idx) || ends_with_word(stem_of(idx));
}

}  // namespace

std::string_view to_string(step_kind kind) noexcept {
  constexpr std::array<std::string_view, 7> words{"engine",   "bibtex", "biber", "makeindex",
                                                  "glossary", "dvipdf", "done"};
  return words.at(static_cast<std::size_t>(kind));
}

// Kinds that a pass writes for a helper or for itself, or that are sources: no later pass has to see them.
bool is_read_back(std::string_view name) {
  constexpr std::array<std::string_view, 23> endings{
      ".bib", ".bcf", ".vrb", ".idx", ".glo", ".acn", ".slo", ".nlo", ".ist",     ".xdy",  ".spl", ".tex",
      ".ltx", ".csv", ".dat", ".txt", ".tsv", ".md",  ".lua", ".py",  ".gnuplot", ".json", ".html"};
  return std::ranges::none_of(endings, [name](std::string_view ending) { return name.ends_with(ending); });
}

std::string job_name_of(std::string_view main_file) {
  const auto slash = main_file.rfind('/');
  auto stem = stem_of(slash == std::string_view::npos ? main_file : main_file.substr(slash + 1));
  std::string name;
  for (const char c : stem) {
    const bool bad =
        std::string_view("~%\\^\"{}|*").find(c) != std::string_view::npos || (c == ' ' && name.ends_with(' '));
    name.push_back(bad ? '_' : c);
  }
  if (name.empty()) {
    return "texput";
  }
  // TeX and its helpers write no hidden files, and take a leading dash for an option.
  if (name.front() == '.' || name.front() == '-' || name.front() == ' ') {
    name.front() = '_';
  }
  return name;
}

pass_planner::pass_planner(plan_options options) : options_(std::move(options)) {
  if (options_.job_name.empty()) {
    options_.job_name = job_name_of(options_.main_file);
  }
}

step pass_planner::next(const step_report* last) {
  if (last == nullptr) {
    return passes_ == 0 ? engine_step() : finish();
  }
  if (ending_) {
    return finish();
  }
  if (current_.kind == step_kind::engine) {
    learn_from_engine(*last);
    constexpr int went_on_after_errors = 1;
    if (last->log.fatal || last->exit_status < 0 || last->exit_status > went_on_after_errors) {
      return finish();
    }
  } else {
    learn_from_helper(*last);
  }
  auto step = next_helper();
  if ((step || rerun_) && passes_ >= options_.most_passes) {
    gave_up_ = true;
    return finish();
  }
  if (step) {
    current_ = *step;
    return current_;
  }
  return rerun_ ? engine_step() : finish();
}

bool pass_planner::matters(const std::string& name, const step_report& report, const names& read_names) const {
  const auto old = report.before.find(name);
  const auto content = report.after.find(name)->second.content;
  if (content == (old == report.before.end() ? 0 : old->second.content)) {
    return false;
  }
  if (contains(report.log.missing_files, name)) {
    return true;
  }
  const bool knows_reads = !read_names.empty();
  const bool read = !knows_reads || read_names.contains(name);
  if (old != report.before.end()) {
    return read;
  }
  // What was not there before can only have been read after it was written; but the .aux is read at the end to compare
  // labels, and for the next pass.
  if (!is_read_back(name) || (read && knows_reads && !name.ends_with(".aux"))) {
    return false;
  }
  const auto& glossaries = file(options_.job_name + ".aux").glossaries;
  return std::ranges::none_of(glossaries, [&](const glossary& g) { return name == options_.job_name + '.' + g.input; });
}

void pass_planner::learn_from_engine(const step_report& report) {
  files_ = report.after;
  outputs_ = names(report.outputs.begin(), report.outputs.end());
  const names read(report.inputs.begin(), report.inputs.end());
  index_commands_ = report.log.index_commands;
  has_pages_ = report.log.pages > 0;
  bbls_.clear();
  for (const auto* list : {&report.inputs, &report.log.missing_files}) {
    std::ranges::copy_if(*list, std::inserter(bbls_, bbls_.end()),
                         [](const std::string& name) { return name.ends_with(".bbl"); });
  }
  changing_.clear();
  bool anything_new = false;
  for (const auto& [name, digest] : report.after) {
    const auto old = report.before.find(name);
    anything_new = anything_new || old == report.before.end() || old->second.whole != digest.whole;
    if (matters(name, report, read)) {
      changing_.push_back(name);
    }
  }
  // A log may ask for ever; a run that could see nothing new would only say the same again.
  rerun_ = !changing_.empty() || (report.log.rerun_requested && anything_new);
}

// Whether a helper is due goes by what the engine left: some repair the very file that they read, and the engine
// writes the old one again in every pass.
void pass_planner::learn_from_helper(const step_report& report) {
  for (const auto& [name, digest] : report.after) {
    const auto old = report.before.find(name);
    if (digest.content != (old == report.before.end() ? 0 : old->second.content) && is_read_back(name)) {
      changing_.push_back(name);
      rerun_ = true;
    }
  }
}

bool pass_planner::due(const std::string& helper_and_target, std::uint64_t fingerprint) {
  wanted_.insert(helper_and_target);
  auto& seen = seen_[helper_and_target];
  return std::exchange(seen, fingerprint) != fingerprint;
}

const file_digest& pass_planner::file(std::string_view name) const {
  static const file_digest nothing;
  const auto found = files_.find(name);
  return found == files_.end() ? nothing : found->second;
}

// What an index program goes by besides its input: its options, and the style if that is a file of the project.
std::uint64_t pass_planner::styles_in(const std::vector<std::string>& arguments) const {
  std::uint64_t sum = 0;
  for (const auto& argument : arguments) {
    for (const char c : argument) {
      sum = mix(sum, static_cast<unsigned char>(c));
    }
    const bool has_ending = argument.ends_with(".ist") || argument.ends_with(".xdy");
    sum = mix(sum, file(has_ending ? argument : argument + ".ist").whole);
  }
  return sum;
}

step pass_planner::helper(step_kind kind, std::string target, std::vector<std::string> arguments) const {
  step next;
  next.kind = kind;
  next.target = std::move(target);
  next.arguments = std::move(arguments);
  next.pass = passes_;
  return next;
}

std::optional<step> pass_planner::next_helper() {
  wanted_.clear();
  if (auto next = next_bibtex()) {
    return next;
  }
  const auto bcf = options_.job_name + ".bcf";
  if (const auto& control = file(bcf); control.content != 0 && (outputs_.empty() || outputs_.contains(bcf))) {
    auto fingerprint = control.content;
    for (const auto& database : control.databases) {
      fingerprint = mix(fingerprint, file(database).content);
    }
    if (due("biber " + options_.job_name, fingerprint)) {
      return helper(step_kind::biber, options_.job_name, {"biber", options_.job_name});
    }
  }
  if (auto next = next_index()) {
    return next;
  }
  return next_glossaries();
}

std::optional<step> pass_planner::next_bibtex() {
  const auto main_aux = options_.job_name + ".aux";
  const bool main_has_own = bbls_.empty() || bbls_.contains(options_.job_name + ".bbl");
  for (const auto& [name, digest] : files_) {
    const auto stem = std::string(stem_of(name));
    // Whose .bbl does the document read? An \include'd chapter may hold the bibliography of the whole, or its own.
    if (!name.ends_with(".aux") || (name == main_aux ? !main_has_own : !bbls_.contains(stem + ".bbl")) ||
        (name != main_aux && !outputs_.contains(name))) {
      continue;
    }
    bool wanted = false;
    bool cites = false;
    std::uint64_t fingerprint = 1;
    std::vector<std::string_view> open{name};
    std::set<std::string_view> visited;
    constexpr std::size_t most_parts = 2000;  // a hostile document could make a thick web of them
    while (!open.empty() && visited.size() < most_parts) {
      const auto aux = open.back();
      open.pop_back();
      if (!visited.insert(aux).second) {
        continue;
      }
      const auto& part = file(aux);
      wanted = wanted || part.wants_bibtex;
      cites = cites || part.cites;
      fingerprint = mix(fingerprint, part.bibliography);
      for (const auto& database : part.databases) {
        fingerprint = mix(fingerprint, file(database).content);
      }
      open.insert(open.end(), part.children.begin(), part.children.end());
    }
    if (wanted && cites && due("bibtex " + stem, fingerprint)) {
      return helper(step_kind::bibtex, stem, {"bibtex", stem});
    }
  }
  return std::nullopt;
}

std::optional<step> pass_planner::next_index() {
  for (const auto& [name, digest] : files_) {
    const bool index = name.ends_with(".idx");
    const bool nomenclature = name.ends_with(".nlo");
    if ((!index && !nomenclature) || digest.content == 0 || !(outputs_.empty() || outputs_.contains(name))) {
      continue;
    }
    const auto stem = std::string(stem_of(name));
    std::vector<std::string> arguments{"makeindex"};
    if (nomenclature) {
      arguments.insert(arguments.end(), {"-s", "nomencl.ist", "-o", stem + ".nls", "-t", stem + ".nlg"});
    } else {
      const auto asked =
          std::ranges::find_if(index_commands_, [&idx = name](const std::string& c) { return is_about(c, idx); });
      if (asked != index_commands_.end()) {
        std::ranges::move(index_options(*asked), std::back_inserter(arguments));
      }
    }
    arguments.push_back(name);
    if (due("makeindex " + name, mix(digest.content, styles_in(arguments)))) {
      return helper(step_kind::makeindex, name, std::move(arguments));
    }
  }
  return std::nullopt;
}

// What makeglossaries would do. That one builds a line for a shell out of what the .aux says.
std::optional<step> pass_planner::next_glossaries() {
  const auto& aux = file(options_.job_name + ".aux");
  if (aux.glossary_style.empty() || aux.glossary_style.starts_with('-')) {
    return std::nullopt;
  }
  for (const auto& glossary : aux.glossaries) {
    const auto input = options_.job_name + '.' + glossary.input;
    const auto content = file(input).content;
    if (content == 0) {
      continue;
    }
    std::vector<std::string> arguments{"makeindex", "-s", aux.glossary_style};
    if (aux.glossary_style.ends_with(".xdy")) {
      arguments = {"xindy",
                   "-L",
                   glossary.language,
                   "-C",
                   glossary.codepage,
                   "-I",
                   "xindy",
                   "-M",
                   std::string(stem_of(aux.glossary_style))};
    } else if (aux.glossaries_by_letter) {
      arguments.emplace_back("-l");
    }
    arguments.insert(arguments.end(), {"-t", options_.job_name + '.' + glossary.log, "-o",
                                       options_.job_name + '.' + glossary.output, input});
    if (due("glossary " + input, mix(mix(content, file(aux.glossary_style).whole), styles_in(arguments)))) {
      return helper(step_kind::glossary, input, std::move(arguments));
    }
  }
  return std::nullopt;
}

step pass_planner::engine_step() {
  ++passes_;
  rerun_ = false;
  std::vector<std::string> arguments{std::string(to_string(options_.engine))};
  if (options_.engine == tex_engine::xelatex) {
    arguments.emplace_back("-no-pdf");  // one xdvipdfmx at the end instead of one per pass
  }
  arguments.insert(arguments.end(), {"-interaction=nonstopmode", "-file-line-error", "-synctex=1", "-recorder",
                                     options_.shell_escape ? "-shell-escape" : "-shell-restricted",
                                     "-jobname=" + options_.job_name, input_argument(options_.main_file)});
  current_ = helper(step_kind::engine, options_.job_name, std::move(arguments));
  return current_;
}

step pass_planner::finish() {
  if (!ending_ && options_.engine == tex_engine::xelatex && has_pages_) {
    current_ = helper(step_kind::dvipdf, options_.job_name,
                      {"xdvipdfmx", "-q", "-E", "-o", options_.job_name + ".pdf", options_.job_name + ".xdv"});
  } else {
    current_ = helper(step_kind::done, {}, {});
  }
  ending_ = true;
  return current_;
}

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
