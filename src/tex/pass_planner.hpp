// Decides what runs next: the engine, bibtex, biber, makeindex, …, or nothing more. It sees digests of the files that
// the last step found and left, and never a file.
#pragma once

#include "src/tex/log_parser.hpp"

#include <texbuild/build.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace tex {

enum class step_kind { engine, bibtex, biber, makeindex, glossary, dvipdf, done };

/// "engine", "bibtex", …
[[nodiscard]] std::string_view to_string(step_kind kind) noexcept;

/// One program to run, in the working folder.
struct step {
  step_kind kind = step_kind::done;
  std::string target;                  ///< what it works on: "main", "chap1", "main.idx"
  std::vector<std::string> arguments;  ///< the complete argv; [0] is the program's name
  int pass = 0;                        ///< runs of the engine so far, this one included
};

/// One glossary: its name, the extensions of its files, and what xindy needs to know.
struct glossary {
  std::string name;    ///< "main"
  std::string log;     ///< "glg"
  std::string output;  ///< "gls"
  std::string input;   ///< "glo"
  std::string language = "english";
  std::string codepage = "utf8";

  friend bool operator==(const glossary&, const glossary&) = default;
};

/// What matters of one file.
struct file_digest {
  std::uint64_t content = 0;           ///< 0: nothing in it that a pass could read back
  std::uint64_t whole = 0;             ///< of every byte; tells whether another run could see anything new
  std::uint64_t bibliography = 0;      ///< .aux: of the lines that bibtex reads; 0: none
  bool cites = false;                  ///< .aux: has \citation
  bool wants_bibtex = false;           ///< .aux: has \bibdata
  std::vector<std::string> children;   ///< .aux: files of \@input
  std::vector<std::string> databases;  ///< .aux: of \bibdata, with .bib; .bcf: its files
  std::vector<glossary> glossaries;    ///< .aux: of \@newglossary
  std::string glossary_style;          ///< .aux: of \@istfilename
  bool glossaries_by_letter = false;   ///< .aux: \@glsorder{letter}

  friend bool operator==(const file_digest&, const file_digest&) = default;
};

/// By name relative to the working folder.
using file_digests = std::map<std::string, file_digest, std::less<>>;

/// Whether a file is worth digesting: all that a pass may leave behind for the next, or for a helper.
[[nodiscard]] bool is_watched(std::string_view name);

/// Whether a pass may read what an earlier one wrote there, going by the name.
[[nodiscard]] bool is_read_back(std::string_view name);

/// `name` decides by its extension what is looked for.
[[nodiscard]] file_digest digest(std::string_view name, std::string_view content);

/// What came of a step.
struct step_report {
  bool succeeded = false;
  int exit_status = 0;
  file_digests before;               ///< watched files before the step …
  file_digests after;                ///< … and after it
  std::vector<std::string> inputs;   ///< from the .fls, relative to the working folder; engine only
  std::vector<std::string> outputs;  ///< the same
  log_summary log;                   ///< engine only
  bool kept_old_bbl = false;         ///< bibtex or biber failed and the .bbl of before was put back
};

struct plan_options {
  tex_engine engine = tex_engine::pdflatex;  ///< not `automatic`
  std::string main_file;                     ///< relative to the working folder
  std::string job_name;                      ///< "": `job_name_of(main_file)`
  int most_passes = 6;
  bool shell_escape = false;
};

/// The name of the files that a build of `main_file` leaves, without extension: its stem, with what engines or helpers
/// cannot take as a name replaced.
[[nodiscard]] std::string job_name_of(std::string_view main_file);

/// One object per build.
class pass_planner {
 public:
  explicit pass_planner(plan_options options);

  /// What to do next, given what came of the last step; nullptr at the start. Once it said `done` it stays so.
  [[nodiscard]] step next(const step_report* last);

  /// Runs of the engine begun so far.
  [[nodiscard]] int passes() const noexcept { return passes_; }
  /// Whether it stopped because of `most_passes`, with files still changing.
  [[nodiscard]] bool gave_up() const noexcept { return gave_up_; }
  /// Those files.
  [[nodiscard]] const std::vector<std::string>& still_changing() const noexcept { return changing_; }
  [[nodiscard]] const std::string& job_name() const noexcept { return options_.job_name; }

  /// What helpers worked on, as one number for each, by helper and target: "bibtex main", "makeindex main.idx".
  using helper_inputs = std::map<std::string, std::uint64_t, std::less<>>;
  /// Before the first step: these helpers have worked on that in an earlier build, and what they made of it is there.
  void trust(helper_inputs earlier) { seen_ = std::move(earlier); }
  /// What each helper worked on last.
  [[nodiscard]] const helper_inputs& seen() const noexcept { return seen_; }
  /// Whether the last pass left work for that helper, done by now.
  [[nodiscard]] bool wanted(std::string_view helper_and_target) const { return wanted_.contains(helper_and_target); }

 private:
  using names = std::set<std::string, std::less<>>;

  void learn_from_engine(const step_report& report);
  void learn_from_helper(const step_report& report);
  [[nodiscard]] bool matters(const std::string& name, const step_report& report, const names& read) const;
  [[nodiscard]] std::optional<step> next_helper();
  [[nodiscard]] std::optional<step> next_bibtex();
  [[nodiscard]] std::optional<step> next_index();
  [[nodiscard]] std::optional<step> next_glossaries();
  [[nodiscard]] std::uint64_t styles_in(const std::vector<std::string>& arguments) const;
  [[nodiscard]] step helper(step_kind kind, std::string target, std::vector<std::string> arguments) const;
  [[nodiscard]] const file_digest& file(std::string_view name) const;
  [[nodiscard]] step engine_step();
  [[nodiscard]] step finish();
  // True once for each new value: what the helper works on has changed since it ran last.
  [[nodiscard]] bool due(const std::string& helper_and_target, std::uint64_t fingerprint);

  plan_options options_;
  step current_;
  int passes_ = 0;
  bool rerun_ = false;      // there is something that the engine has not seen
  bool has_pages_ = false;  // the last pass shipped something
  bool ending_ = false;     // no more passes, but perhaps xdvipdfmx
  bool gave_up_ = false;
  std::vector<std::string> changing_;
  file_digests files_;                       // as of the last step
  names outputs_;                            // of the last pass
  names bbls_;                               // .bbl files that the last pass read or missed
  std::vector<std::string> index_commands_;  // of the last pass
  helper_inputs seen_;
  names wanted_;  // helpers that the last pass left work for, as far as `next_helper` got
};

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
