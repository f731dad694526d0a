#include "src/build/compile.hpp"

#include "src/blobs/key.hpp"
#include "src/build/line_cutter.hpp"
#include "src/files/file_tree.hpp"
#include "src/files/relative_name.hpp"
#include "src/process/font_cache.hpp"
#include "src/process/hostile_folder.hpp"
#include "src/tex/log_parser.hpp"
#include "src/tex/log_text.hpp"
#include "src/tex/pass_planner.hpp"
#include "src/tex/progress.hpp"
#include "src/tex/recorder.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace texbuild {
inline namespace v0 {
namespace build {
namespace {

namespace fs = std::filesystem;
using files::folder_of;
using files::join;
using files::tidy;

constexpr std::size_t most_files = 30'000;              // looked at after each step; the disk limit is below that
constexpr std::uint64_t most_digest_bytes = 32u << 20;  // of one watched file; of a larger one its begin counts
constexpr std::uint64_t most_digests_bytes = 256u
                                             << 20;  // of all after one step: files may be huge and yet take no space
constexpr std::uint64_t most_log_bytes = 32u << 20;  // of a log that is searched for messages
constexpr std::size_t most_others = 500;
constexpr std::uint64_t most_other_bytes = 64u << 20;
constexpr int most_passes_going_on = 3;         // from an earlier build's files: with more, nothing is gained by them
constexpr int not_installed = 127;              // exit status: the program was not found
constexpr std::size_t kept_output = 64 * 1024;  // of the last program's output, for when it leaves no log

std::string note_key(const tex::step& step) { return std::string(to_string(step.kind)) + " " + step.target; }

/// One attempt to compile: the sources are unpacked, the working folder is chosen.
class attempt {
 public:
  attempt(const compile_job& job, process_runner& processes, const clock& time, const compile_watcher& watcher,
          const std::stop_token& stop, std::string folder, std::chrono::steady_clock::time_point deadline,
          const earlier_build* earlier = nullptr)
      : job_(job),
        processes_(processes),
        time_(time),
        watcher_(watcher),
        stop_(stop),
        folder_(std::move(folder)),
        deadline_(deadline),
        earlier_(earlier),
        tree_(job.workspace / "job"),
        planner_(options()) {}

  result<compile_result> run();
  /// Whether the engine looked in vain for something that is there, seen from the project's root.
  [[nodiscard]] bool wants_root() const;
  /// Whether the earlier build's files may have led to another result than none would have.
  [[nodiscard]] bool spoiled() const { return spoiled_; }

 private:
  [[nodiscard]] tex::plan_options options() const {
    tex::plan_options o;
    o.engine = job_.engine;
    o.main_file = folder_.empty() ? job_.main_file : job_.main_file.substr(folder_.size() + 1);
    o.job_name = tex::job_name_of(job_.main_file.substr(job_.main_file.rfind('/') + 1));
    o.most_passes = earlier_ == nullptr ? job_.most_passes : std::min(job_.most_passes, most_passes_going_on);
    o.shell_escape = job_.shell_escape;
    return o;
  }
  void scan();
  result<process_result> execute(const tex::step& step);
  void report_engine(tex::step_report& report);
  void report_helper(const tex::step& step, tex::step_report& report);
  bool clear_leftovers();
  [[nodiscard]] bool needs_earlier_passes() const;
  void leave_state(compile_result& out) const;
  void collect(compile_result& out) const;
  [[nodiscard]] std::string limit_message(limit_kind kind) const;

  const compile_job& job_;
  process_runner& processes_;
  const clock& time_;
  const compile_watcher& watcher_;
  const std::stop_token& stop_;
  std::string folder_;  // where TeX runs, relative to the project
  std::chrono::steady_clock::time_point deadline_;
  const earlier_build* earlier_;  // or null
  file_tree tree_;
  tex::pass_planner planner_;
  tex::progress_meter meter_;
  line_cutter lines_;
  std::string last_output_;  // tail of what the last program printed
  file_marks source_;        // files as they were unpacked
  file_marks all_;           // as of the last step
  file_marks marks_;         // of the watched files, by name relative to `folder_`
  state_tracker state_;
  std::vector<std::string> read_;  // by the last pass, relative to `folder_`
  bool writes_styles_ = false;     // a pass wrote what helpers may read without our knowing
  bool spoiled_ = false;
  bool by_chance_ = false;
  tex::file_digests digests_;
  std::vector<diagnostic> engine_notes_;  // of the last pass
  std::map<std::string, std::vector<diagnostic>> helper_notes_;
  std::vector<std::string> not_found_;
  bool last_pass_ok_ = false;
};

void attempt::scan() {
  const std::string below = folder_.empty() ? "" : folder_ + "/";
  file_marks now;
  all_.clear();
  tex::file_digests digests;
  std::vector<std::pair<std::uint64_t, std::string>> changed;
  tree_.each_file(most_files, [&](const std::string& name, const file_mark& mark) {
    all_.emplace(name, mark);
    if (!name.starts_with(below)) return;
    const auto relative = name.substr(below.size());
    if (!tex::is_watched(relative)) return;
    const auto old = marks_.find(relative);
    const auto known = digests_.find(relative);
    if (old != marks_.end() && old->second == mark && known != digests_.end()) {
      digests.insert(*known);
    } else {
      changed.emplace_back(mark.bytes, relative);
    }
    now.emplace(relative, mark);
  });
  // The small ones first: what passes leave for each other is small.
  std::sort(changed.begin(), changed.end());
  std::uint64_t left = most_digests_bytes;
  for (const auto& [bytes, relative] : changed) {
    if (left == 0) break;
    const auto text = tree_.read(below + relative, std::min(left, most_digest_bytes));
    if (!text) continue;
    left -= text->size();
    digests.emplace(relative, tex::digest(relative, *text));
  }
  marks_ = std::move(now);
  digests_ = std::move(digests);
}

result<process_result> attempt::execute(const tex::step& step) {
  command c;
  c.argv = step.arguments;
  c.root = tree_.root();
  c.folder = folder_;
  c.scratch = job_.workspace / "tmp";
  c.readable = job_.caches;
  c.limits = job_.limits;
  c.variables = job_.variables;
  if (!folder_.empty()) {
    // The project's root is on every search path, behind the main file's folder.
    for (const char* variable : {"TEXINPUTS", "BIBINPUTS", "BSTINPUTS", "INDEXSTYLE", "LUAINPUTS", "TEXPICTS"})
      c.variables.emplace_back(variable, ".:/job:");
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - time_.steady_now());
  c.limits.wall = std::max(left, std::chrono::milliseconds(1));
  last_output_.clear();
  return processes_.run(
      c,
      [&](std::string_view chunk) {
        last_output_.append(chunk);
        if (last_output_.size() > 2 * kept_output) last_output_.erase(0, last_output_.size() - kept_output);
        if (meter_.feed(chunk) && watcher_.page) watcher_.page(meter_.page(), meter_.pages(), meter_.progress());
        if (watcher_.output) lines_.feed(chunk, watcher_.output);
      },
      stop_);
}

void attempt::report_engine(tex::step_report& report) {
  const auto base = join(folder_, planner_.job_name());
  if (const auto log = tree_.read(base + ".log", most_log_bytes)) {
    report.log = tex::parse_log(*log, folder_);
  } else {
    report.log = tex::parse_log(last_output_, folder_);
  }
  if (const auto fls = tree_.read(base + ".fls", most_log_bytes)) {
    auto files = tex::parse_recorder(*fls);
    report.inputs = std::move(files.inputs);
    report.outputs = std::move(files.outputs);
  }
  read_ = report.inputs;
  writes_styles_ = writes_styles_ || std::any_of(report.outputs.begin(), report.outputs.end(), [](const auto& name) {
                     return name.ends_with(".bst") || name.ends_with(".csf") || name.ends_with(".conf");
                   });
  engine_notes_ = report.log.diagnostics;
  not_found_ = report.log.not_found;
  last_pass_ok_ = report.succeeded;
}

void attempt::report_helper(const tex::step& step, tex::step_report& report) {
  const auto target = join(folder_, step.target);
  const auto read = [&](const char* extension) {
    const auto stem = target.substr(0, target.rfind('.') > target.rfind('/') + 1 ? target.rfind('.') : target.size());
    auto text = tree_.read(target + extension, most_log_bytes);
    if (!text) text = tree_.read(stem + extension, most_log_bytes);
    return text ? *text : std::string();
  };
  auto& notes = helper_notes_[note_key(step)];
  notes.clear();
  if (step.kind == tex::step_kind::bibtex) notes = tex::parse_bibtex_log(read(".blg"), folder_);
  if (step.kind == tex::step_kind::biber) notes = tex::parse_biber_log(read(".blg"), folder_);
  if (step.kind == tex::step_kind::makeindex) notes = tex::parse_makeindex_log(read(".ilg"), folder_);
  const bool said = std::any_of(notes.begin(), notes.end(), [](const auto& d) { return d.level == severity::error; });
  // A helper's failure does not fail the build: TeX has the last word, and a .bbl that was shipped may still serve.
  for (auto& d : notes)
    if (d.level == severity::error) d.level = severity::warning;
  if (!report.succeeded && !said) {
    const bool missing = report.exit_status == not_installed;
    notes.emplace_back(severity::warning, "", 0,
                       missing ? step.arguments.front() + " is not installed on this machine"
                               : step.arguments.front() + " failed on " + step.target,
                       last_output_.substr(last_output_.size() > 600 ? last_output_.size() - 600 : 0));
  }
  if (watcher_.found)
    for (const auto& d : notes) watcher_.found(d);
}

std::string attempt::limit_message(limit_kind kind) const {
  std::string out = "stopped: the build hit its " + std::string(to_string(kind));
  const auto megabytes = [](std::uint64_t bytes) { return " (" + std::to_string(bytes >> 20) + " MB)"; };
  switch (kind) {
    case limit_kind::wall_time:
      return out + " (" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(job_.limits.wall).count()) +
             " s)";
    case limit_kind::memory:
      return out + megabytes(job_.limits.memory_bytes);
    case limit_kind::file_size:
      return out + megabytes(job_.limits.file_bytes);
    case limit_kind::disk:
      return out + " (" + std::to_string(job_.limits.disk_bytes >> 20) + " MB in " +
             std::to_string(job_.limits.disk_files) + " files)";
    case limit_kind::output:
      return out + megabytes(job_.limits.output_bytes);
    case limit_kind::processes:
      return out + " (" + std::to_string(job_.limits.processes) + ")";
    default:
      return out;
  }
}

result<compile_result> attempt::run() {
  tree_.each_file(most_files, [&](const std::string& name, const file_mark& mark) { source_.emplace(name, mark); });
  if (earlier_ != nullptr) state_.restore(*earlier_, job_.helper_sources, tree_, planner_);
  scan();
  compile_result out;
  tex::step_report report;
  const tex::step_report* last = nullptr;
  std::string stopped;
  for (;;) {
    const auto step = planner_.next(last);
    if (step.kind == tex::step_kind::done) break;
    if (time_.steady_now() >= deadline_) {
      stopped = limit_message(limit_kind::wall_time);
      break;
    }
    report = {};
    report.before = digests_;
    meter_.begin(step);
    if (watcher_.step) watcher_.step(step.arguments.front(), step.pass);

    // bibtex and biber empty the .bbl before they find that a database is missing; the one of before is put back then.
    const auto bbl = join(folder_, step.target) + ".bbl";
    const bool bibliography = step.kind == tex::step_kind::bibtex || step.kind == tex::step_kind::biber;
    const bool saved = bibliography && tree_.rename(bbl, bbl + ".before");

    const auto before = all_;

    const auto ran = execute(step);
    if (!ran) return ran.error();
    if (ran->canceled) {
      out.canceled = true;
      break;
    }
    report.succeeded = ran->succeeded();
    report.exit_status = ran->exit_status;
    if (saved) {
      const bool failed = ran->exit_status != 0 && !(ran->exit_status == 1 && tree_.size(bbl) > 0);
      if (failed || !tree_.has_file(bbl)) {
        report.kept_old_bbl = tree_.rename(bbl + ".before", bbl);
      } else {
        std::error_code ignored;  // a copy left behind is harmless
        fs::remove(tree_.root() / (bbl + ".before"), ignored);
      }
    }
    scan();
    report.after = digests_;
    if (earlier_ != nullptr && !ran->succeeded()) {
      spoiled_ = true;
      break;
    }
    if (step.kind == tex::step_kind::engine) {
      report_engine(report);
      meter_.end(report.log.pages);
      if (watcher_.found)
        for (const auto& d : report.log.diagnostics) watcher_.found(d);
    } else {
      report_helper(step, report);
      by_chance_ = by_chance_ || ran->signal != 0 || ran->exit_status == not_installed;
      state_.ended(step, report.succeeded, before, all_, helper_notes_[note_key(step)]);
      meter_.end();
      if (step.kind == tex::step_kind::dvipdf) last_pass_ok_ = last_pass_ok_ && report.succeeded;
    }
    if (ran->limit != limit_kind::none) {
      stopped = limit_message(ran->limit);
      break;
    }
    last = &report;
  }

  out.passes = planner_.passes();
  if (earlier_ != nullptr && !out.canceled) {
    spoiled_ = spoiled_ || !stopped.empty() || planner_.gave_up() || !last_pass_ok_ || !clear_leftovers() ||
               !needs_earlier_passes();
    if (spoiled_) return out;
    for (auto& [helper, notes] : state_.inherited_notes(planner_)) {
      if (watcher_.found)
        for (const auto& d : notes) watcher_.found(d);
      helper_notes_.emplace(helper, std::move(notes));
    }
  }
  out.by_chance = by_chance_;
  out.diagnostics = engine_notes_;
  for (const auto& [helper, notes] : helper_notes_)
    out.diagnostics.insert(out.diagnostics.end(), notes.begin(), notes.end());
  collect(out);
  if (out.canceled) {
    out.message = "canceled";
    return out;
  }
  if (planner_.gave_up() && stopped.empty()) {
    std::string names;
    for (const auto& name : planner_.still_changing()) names += (names.empty() ? "" : ", ") + name;
    out.diagnostics.emplace_back(severity::warning, job_.main_file, 0,
                                 "the document did not settle: " + (names.empty() ? "its files" : names) +
                                     " still changed after " + std::to_string(planner_.passes()) +
                                     " passes; page numbers or references may be wrong");
  }
  if (!stopped.empty()) {
    out.message = stopped;
    out.diagnostics.insert(out.diagnostics.begin(), diagnostic(severity::error, "", 0, stopped));
  } else if (!last_pass_ok_ || out.pdf.empty()) {
    out.message = tex::first_error(out.diagnostics);
    if (out.message.empty()) {
      const bool missing = report.exit_status == not_installed;
      out.message = missing         ? std::string(to_string(job_.engine)) + " is not installed on this machine"
                    : last_pass_ok_ ? "the document has no pages"
                                    : std::string(to_string(job_.engine)) + " failed without saying why; see the log";
      out.diagnostics.insert(out.diagnostics.begin(), diagnostic(severity::error, "", 0, out.message));
    }
  } else {
    out.succeeded = true;
    leave_state(out);
  }
  std::stable_sort(out.diagnostics.begin(), out.diagnostics.end(),
                   [](const auto& a, const auto& b) { return a.level < b.level; });
  return out;
}

/// Removes what an earlier build left and this one has no use for. False: the last pass read some of it all the same,
/// and may have made another document of it than without.
bool attempt::clear_leftovers() {
  const auto leftovers = state_.leftovers(all_, planner_);
  if (leftovers.empty()) return true;
  if (read_.empty()) return false;  // the engine did not say what it read
  std::set<std::string, std::less<>> read;
  for (const auto& name : read_)
    if (const auto plain = tidy(join(folder_, name))) read.insert(*plain);
  const bool cleared = std::all_of(leftovers.begin(), leftovers.end(),
                                   [&](const std::string& name) { return !read.contains(name) && tree_.remove(name); });
  scan();
  return cleared;
}

/// Whether any file now holds what a pass reads that an earlier pass or a helper wrote. If not, one pass with none of
/// these files is enough, and its log and SyncTeX say that it read none.
bool attempt::needs_earlier_passes() const {
  return std::any_of(digests_.begin(), digests_.end(), [](const auto& file) {
    return file.second.content != 0 && is_kept(file.first) && tex::is_read_back(file.first);
  });
}

void attempt::leave_state(compile_result& out) const {
  // Where the main file's folder did not do, the next build has to find that out again.
  const bool in_place = folder_ == folder_of(job_.main_file);
  if (!job_.keep_state || job_.shell_escape) return;
  if (!planner_.gave_up() && !writes_styles_ && in_place && needs_earlier_passes())
    out.state = state_.leave(job_.helper_sources, planner_);
  if (out.state) return;
  out.state.emplace();  // so that the next build does not go on from an older one in vain
  out.state->nothing = true;
}

void attempt::collect(compile_result& out) const {
  out.root = tree_.root();
  const auto base = join(folder_, planner_.job_name());
  if (tree_.size(base + ".pdf") > 0) out.pdf = base + ".pdf";
  if (tree_.size(base + ".synctex.gz") > 0) out.synctex = base + ".synctex.gz";
  if (tree_.size(base + ".log") > 0) {
    out.log = base + ".log";
  } else {
    out.log_text = last_output_;
  }
  // A PDF that was in the ZIP and that no pass wrote is no result.
  const auto unchanged = [&](const std::string& name, const file_mark& mark) {
    const auto old = source_.find(name);
    return old != source_.end() && old->second == mark;
  };
  std::uint64_t left = most_other_bytes;
  tree_.each_file(most_files, [&](const std::string& name, const file_mark& mark) {
    if (unchanged(name, mark)) {
      if (name == out.pdf) out.pdf.clear();
      if (name == out.synctex) out.synctex.clear();
      return;
    }
    if (name == out.pdf || name == out.synctex || name == out.log || name.ends_with(".fls") || name.ends_with(".xdv"))
      return;
    if (out.others.size() >= most_others || mark.bytes > left) return;
    if (!blobs::is_key(name)) return;  // no name that could be asked for, listed or shown
    left -= mark.bytes;
    out.others.push_back(output_file{name, mark.bytes});
  });
  std::sort(out.others.begin(), out.others.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
}

bool attempt::wants_root() const {
  if (folder_.empty()) return false;
  return std::any_of(not_found_.begin(), not_found_.end(), [&](const std::string& wanted) {
    const auto name = tidy(wanted);
    if (!name || name->empty() || wanted.starts_with('/')) return false;
    if (tree_.has_file(*name) && !tree_.has_file(join(folder_, *name))) return true;
    for (const char* extension : {".tex", ".pdf", ".png", ".jpg", ".eps"})  // \includegraphics{plots/a}
      if (tree_.has_file(*name + extension)) return true;
    const auto parent = folder_of(*name);
    return !parent.empty() && tree_.has_folder(parent) && !tree_.has_folder(join(folder_, parent));
  });
}

result<void> prepare(const compile_job& job) {
  for (const char* part : {"job", "tmp"})
    if (!process::fresh_folder(job.workspace / part))
      return error(errc::unavailable, "the build's folder cannot be made", (job.workspace / part).string());
  if (job.engine == tex_engine::lualatex)  // nobody else looks there
    for (const auto& cache : job.caches) process::link_font_cache(cache.host, job.workspace / "tmp");
  return job.source.unpack(job.workspace / "job");
}

/// With nothing but the sources.
result<compile_result> compile_anew(const compile_job& job, process_runner& processes, const clock& time,
                                    const compile_watcher& watcher, const std::stop_token& stop,
                                    const std::string& folder) {
  const auto deadline = time.steady_now() + job.limits.wall;
  if (auto ready = prepare(job); !ready) return ready.error();
  attempt first(job, processes, time, watcher, stop, folder, deadline);
  auto out = first.run();
  if (!out || out->succeeded || out->canceled || !first.wants_root()) return out;

  // Many projects are written to be compiled from their root although the main file lies in a folder.
  const int spent = out->passes;
  if (auto ready = prepare(job); !ready) return ready.error();
  attempt second(job, processes, time, watcher, stop, "", deadline);
  out = second.run();
  if (out) out->passes += spent;
  return out;
}

}  // namespace

result<compile_result> compile(const compile_job& job, process_runner& processes, const clock& time,
                               const compile_watcher& watcher, const std::stop_token& stop) {
  const auto folder = folder_of(job.main_file);
  int spent = 0;
  if (job.earlier) {
    // Half of the time: what this costs, if it is in vain, is not taken from the build that begins with nothing.
    if (auto ready = prepare(job); !ready) return ready.error();
    attempt goes_on(job, processes, time, watcher, stop, folder, time.steady_now() + job.limits.wall / 2,
                    &*job.earlier);
    auto out = goes_on.run();
    if (out) out->earlier = goes_on.spoiled() ? state_use::thrown_away : state_use::used;
    if (!out || !goes_on.spoiled()) return out;
    spent = out->passes;
    if (watcher.output) watcher.output("the files of the last build did not fit: beginning again without");
  }
  auto out = compile_anew(job, processes, time, watcher, stop, folder);
  if (out) {
    out->passes += spent;
    if (job.earlier) out->earlier = state_use::thrown_away;
  }
  return out;
}

}  // namespace build
}  // namespace v0
}  // namespace texbuild
