// What the last good build of a project leaves for the next: its aux files, and which of bibtex, biber, makeindex have
// done their work on them. The next build begins with these files in place of nothing; its result must be the same.
#pragma once

#include "src/build/report.hpp"
#include "src/files/file_tree.hpp"
#include "src/tex/pass_planner.hpp"

#include <texbuild/project.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace build {

using files::file_mark;
using files::file_tree;
using file_marks = std::map<std::string, file_mark>;  // by name relative to the project

/// One helper's work, such as that of "bibtex main".
struct helper_work {
  std::uint64_t inputs = 0;           ///< as the planner tells them apart
  std::vector<std::string> products;  ///< files that it wrote, relative to the project
  std::vector<diagnostic> notes;      ///< what it said
};

struct kept_state {
  std::string generation;  ///< of TeX Live
  std::string sources;     ///< hash of the sources that helpers may have read
  std::map<std::string, helper_work, std::less<>> helpers;
  bool nothing = false;  ///< the next build has nothing to go on from
};

std::string to_json(const kept_state& state);
/// `errc::internal` if the text is not one of ours.
result<kept_state> parse_kept_state(std::string_view json);

/// Whether this is a file that only passes and helpers write, for later ones: such files are kept, and no others. (A
/// document that finds a .tex or .bib of its own making would not make it again.)
bool is_kept(std::string_view name);
/// Hash of the sources that a helper may read without our knowing.
result<std::string> helper_sources(const project& source);

/// An earlier build, to go on from.
struct earlier_build {
  kept_state state;
  std::vector<kept_file> files;
  std::function<result<std::string>(const kept_file&)> read;
};

/// Follows one build: which file came from where. Names are relative to the project, but for the planner's.
class state_tracker {
 public:
  /// Puts an earlier build's files into the tree, where the sources bring none of that name, and tells the planner
  /// which helpers' work is still good.
  void restore(const earlier_build& from, const std::string& sources_hash, file_tree& tree, tex::pass_planner& planner);
  /// After each step. `notes`: what the helper said.
  void ended(const tex::step& step, bool succeeded, const file_marks& before, const file_marks& after,
             const std::vector<diagnostic>& notes);
  /// What helpers said whose work was taken over, by helper.
  [[nodiscard]] std::map<std::string, std::vector<diagnostic>> inherited_notes(const tex::pass_planner& planner) const;
  /// Files that were put in and that nothing in this build accounts for: a build without them would not have them.
  [[nodiscard]] std::vector<std::string> leftovers(const file_marks& now, const tex::pass_planner& planner) const;
  /// What this build leaves; nothing if a helper failed.
  [[nodiscard]] std::optional<kept_state> leave(std::string sources_hash, const tex::pass_planner& planner) const;
  /// Whether a helper failed: then its files would not be those of a build that began with nothing.
  [[nodiscard]] bool helper_failed() const noexcept { return helper_failed_; }

 private:
  std::map<std::string, helper_work, std::less<>> helpers_;
  std::set<std::string, std::less<>> inherited_;  // helpers whose work is an earlier build's
  file_marks restored_;
  bool helper_failed_ = false;
};

}  // namespace build
}  // namespace v0
}  // namespace texbuild
