#include "src/build/job_runner.hpp"

#include "src/build/compile.hpp"
#include "src/build/report.hpp"
#include "src/build/reuse.hpp"
#include "src/files/file_tree.hpp"
#include "src/process/hostile_folder.hpp"
#include "src/process/tex_generation.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <map>
#include <span>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace build {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// A folder that is gone with the object.
class scratch_folder {
 public:
  static result<scratch_folder> make(fs::path path) {
    std::error_code failed;
    if (process::remove_folder(path)) fs::create_directories(path, failed);
    if (failed || !fs::is_directory(path, failed))
      return error(errc::unavailable, "the build's folder cannot be made", path.string() + ": " + failed.message());
    return scratch_folder(std::move(path));
  }
  scratch_folder(scratch_folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  scratch_folder& operator=(scratch_folder&&) = delete;
  ~scratch_folder() {
    if (!path_.empty()) process::remove_folder(path_);  // what stays is swept at the next start
  }
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  explicit scratch_folder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

/// Appends a file of the build to `to`; gives the bytes written, or nothing when the disk refused.
std::optional<std::uint64_t> append(const file_tree& tree, const std::string& name, int to, std::uint64_t most) {
  const auto from = tree.open(name);
  std::string chunk(256 * 1024, '\0');
  std::uint64_t total = 0;
  while (from && total < most) {
    const auto got = ::read(from.get(), chunk.data(), std::min<std::uint64_t>(chunk.size(), most - total));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    if (!write_all(to, std::string_view(chunk).substr(0, static_cast<std::size_t>(got)))) return std::nullopt;
    total += static_cast<std::uint64_t>(got);
  }
  return total;
}

/// Moves what a compile left into the blob store.
class keeper {
 public:
  /// `shared`: processes that stay may hold the files.
  keeper(const worker_parts& worker, const compile_result& from, std::string prefix, fs::path workspace, bool shared)
      : worker_(worker),
        from_(from),
        prefix_(std::move(prefix)),
        workspace_(std::move(workspace)),
        shared_(shared),
        tree_(from.root) {}

  result<build_report> keep() {
    report_.diagnostics = from_.diagnostics;
    if (auto kept = whole("pdf", from_.pdf); !kept) return kept.error();
    if (auto kept = whole("synctex", from_.synctex); !kept) return kept.error();
    if (auto kept = log(); !kept) return kept.error();
    if (auto kept = others(); !kept) return kept.error();
    return std::move(report_);
  }

 private:
  static std::string leaf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

  result<void> whole(const char* role, const std::string& name) {
    if (name.empty()) return {};
    const auto bytes = tree_.size(name);
    const auto key = prefix_ + leaf(name);
    if (auto put = worker_.parts.blobs->put_file(key, tree_.root() / name, !shared_); !put) return put;
    report_.files.push_back(kept_file{role, leaf(name), key, 0, bytes});
    return {};
  }

  result<void> log() {
    const auto most = worker_.options.log_bytes;
    if (!from_.log.empty() && tree_.size(from_.log) <= most) return whole("log", from_.log);
    std::string text = from_.log_text;
    bool cut = false;
    if (!from_.log.empty()) {
      if (auto read = tree_.read(from_.log, most + 1)) text = std::move(*read);
    }
    if (text.size() > most) {
      text.resize(most);
      cut = true;
    }
    if (text.empty()) return {};
    if (cut) text += "\n[the log was cut here: it is longer than " + std::to_string(most >> 20) + " MB]\n";
    const auto name = from_.log.empty() ? std::string("build.log") : leaf(from_.log);
    const auto key = prefix_ + name;
    if (auto put = worker_.parts.blobs->put(key, text); !put) return put;
    report_.files.push_back(kept_file{"log", name, key, 0, text.size()});
    return {};
  }

  // Everything else goes into one object, one after the other: one flush to disk instead of one each.
  result<void> others() {
    if (from_.others.empty()) return {};
    const auto bundle = workspace_ / "others";
    const auto key = prefix_ + "others";
    const descriptor to(::open(bundle.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!to) return error(errc::internal, "the outputs cannot be kept", "open " + bundle.string());
    std::uint64_t offset = 0;
    for (const auto& file : from_.others) {
      const auto wrote = append(tree_, file.name, to.get(), file.bytes);
      if (!wrote) return error(errc::insufficient_storage, "the disk is full");
      report_.files.push_back(kept_file{"", file.name, key, offset, *wrote});
      offset += *wrote;
    }
    return worker_.parts.blobs->put_file(key, bundle, true);
  }

  const worker_parts& worker_;
  const compile_result& from_;
  std::string prefix_;
  fs::path workspace_;
  bool shared_;
  file_tree tree_;
  build_report report_;
};

/// Passes what happens on to watchers, and now and then to the store.
class reporter {
 public:
  reporter(const worker_parts& worker, const build_info& info, running_build& self)
      : worker_(worker), info_(info), self_(self), noted_(worker.parts.time->steady_now()) {}

  compile_watcher watcher() {
    compile_watcher w;
    w.step = [this](std::string_view program, int pass) {
      auto e = event(build_event::kind::pass);
      pass_ = e.pass = pass;
      e.text = std::string(program);
      text_ = "pass " + std::to_string(std::max(pass, 1)) + ": " + e.text;
      worker_.events.publish(info_.id, std::move(e));
      note();
    };
    w.page = [this](int page, int pages, int progress) {
      progress_ = std::max(progress_, progress);
      auto e = event(build_event::kind::page);
      e.page = page;
      e.pages = pages;
      worker_.events.publish(info_.id, std::move(e));
      note();
    };
    w.output = [this](std::string_view line) {
      auto e = event(build_event::kind::output);
      e.text = std::string(line);
      worker_.events.publish(info_.id, std::move(e));
    };
    w.found = [this](const diagnostic& d) {
      auto e = event(build_event::kind::diagnostic);
      e.note = d;
      worker_.events.publish(info_.id, std::move(e));
    };
    return w;
  }

  build_event event(build_event::kind what) const {
    build_event e;
    e.what = what;
    e.status = build_status::compiling;
    e.progress = progress_;
    e.pass = pass_;
    return e;
  }

 private:
  // Each note is a commit: a short build is over before the first one.
  void note() {
    const auto at = worker_.parts.time->steady_now();
    if (at - noted_ < milliseconds(500)) return;
    noted_ = at;
    const auto held = worker_.builds.note_progress(info_.id, self_.fence, progress_, pass_, info_.engine, text_,
                                                   worker_.parts.time->now());
    if (!held) return;  // the store will be asked again; losing a progress note loses nothing
    if (*held == store::hold::cancel_requested) self_.end(stop_reason::canceled);
    if (*held == store::hold::lost) self_.end(stop_reason::lost);
  }

  const worker_parts& worker_;
  const build_info& info_;
  running_build& self_;
  int progress_ = 0;
  int pass_ = 0;
  std::string text_;
  std::chrono::steady_clock::time_point noted_;
};

/// The stored ZIP as a project; copied to the workspace when the store has no local file for it.
result<project> open_source(const worker_parts& worker, std::string_view id, const fs::path& workspace) {
  auto stored = worker.parts.blobs->get(source_key(id));
  if (!stored) return stored.error();
  if (!*stored) return error(errc::internal, "the sources of this build are gone");
  if (const auto local = (*stored)->local_file()) return project::from_zip(*local, worker.options.project);
  const auto copy = workspace / "source.zip";
  if (auto saved = (*stored)->save_to(copy); !saved) return saved.error();
  return project::from_zip(copy, worker.options.project);
}

/// What the last good build of the same project left, if that is still there and of this TeX Live.
std::optional<earlier_build> find_earlier(const worker_parts& worker, const store::claimed_build& claimed) {
  if (claimed.project.empty()) return std::nullopt;
  const auto found = worker.builds.state_of(claimed.info.owner, claimed.project);
  if (!found || !*found) return std::nullopt;
  auto state = parse_kept_state((*found)->state);
  auto report = parse_report((*found)->report);
  if (!state || !report || state->nothing || state->generation != process::tex_generation()) return std::nullopt;
  earlier_build out;
  out.state = std::move(*state);
  out.files = std::move(report->files);
  auto blobs = worker.parts.blobs;
  out.read = [blobs, opened = std::map<std::string, std::shared_ptr<blob>>()](
                 const kept_file& file) mutable -> result<std::string> {
    auto& whole = opened[file.key];
    if (!whole) {
      auto got = blobs->get(file.key);
      if (!got) return got.error();
      if (!*got) return error(errc::not_found);
      whole = std::move(*got);
    }
    std::string text(static_cast<std::size_t>(file.bytes), '\0');
    const auto got = whole->read(file.offset, std::as_writable_bytes(std::span(text)));
    if (!got) return got.error();
    text.resize(*got);
    return text;
  };
  return out;
}

/// What the result of this job may serve for again, when the build is good; "" for nothing.
result<std::string> key_for_result(const worker_parts& worker, const compile_job& job, store::time now) {
  if (job.shell_escape || worker.options.result_cache_bytes == 0) return std::string();
  const auto content = job.source.content_hash();
  if (!content) return content.error();
  return result_key(*content, job.main_file, job.engine, worker.options, now);
}

/// SOURCE_DATE_EPOCH and what makes all engines heed it.
std::vector<std::pair<std::string, std::string>> date_variables(const engine_options& options) {
  if (!options.source_date) return {};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(options.source_date->time_since_epoch()).count();
  return {{"SOURCE_DATE_EPOCH", std::to_string(seconds)}, {"FORCE_SOURCE_DATE", "1"}};
}

}  // namespace

std::string build_prefix(std::string_view id) { return "builds/" + std::string(id) + "/"; }
std::string source_key(std::string_view id) { return build_prefix(id) + "source.zip"; }

result<build_info> run_build(const worker_parts& worker, const store::claimed_build& claimed, running_build& self) {
  const auto& info = claimed.info;
  const auto started = worker.parts.time->steady_now();
  // Every attempt has names of its own: a worker that wakes up late cannot overwrite another's result.
  const auto prefix = build_prefix(info.id) + std::to_string(claimed.fence) + "/";
  reporter report(worker, info, self);
  auto begun = report.event(build_event::kind::status);
  begun.text = "compiling";
  worker.events.publish(info.id, std::move(begun));

  store::finished_build done;
  done.status = build_status::failed;
  done.engine = info.engine;
  done.storage_bytes = info.storage_bytes;

  std::shared_ptr<const fs::path> place;  // the project's own; given back when the build is written down
  const auto attempt = [&]() -> result<void> {
    auto folder = scratch_folder::make(worker.scratch / (info.id + "-" + std::to_string(claimed.fence)));
    if (!folder) return folder.error();
    place = worker.warm != nullptr ? worker.warm->lend(info.owner, claimed.project) : nullptr;
    auto source = open_source(worker, info.id, folder->path());
    if (!source) return source.error();
    compile_job job(std::move(*source));
    job.engine = info.engine;
    job.main_file = info.main_file;
    job.shell_escape = info.shell_escape && worker.options.allow_shell_escape;
    job.most_passes = worker.options.passes;
    job.limits = worker.options.limits;
    job.caches = worker.caches();
    job.workspace = place ? *place : folder->path();
    job.variables = date_variables(worker.options);
    const auto generation = process::tex_generation();
    if (worker.options.keep_state && !job.shell_escape) {
      auto sources = helper_sources(job.source);
      if (!sources) return sources.error();
      job.keep_state = true;
      job.helper_sources = std::move(*sources);
      job.earlier = find_earlier(worker, claimed);
    }
    const auto content = key_for_result(worker, job, worker.parts.time->now());
    if (!content) return content.error();
    auto compiled = compile(job, *worker.parts.processes, *worker.parts.time, report.watcher(), self.stop.get_token());
    if (!compiled) return compiled.error();
    self.earlier = compiled->earlier;
    done.passes = compiled->passes;
    done.message = compiled->message;
    if (compiled->canceled) {
      done.status = build_status::canceled;
      return {};
    }
    auto kept = keeper(worker, *compiled, prefix, folder->path(), place != nullptr).keep();
    if (!kept) return kept.error();
    for (const auto& file : kept->files) done.storage_bytes += file.bytes;
    done.report = to_json(*kept);
    done.status = compiled->succeeded ? build_status::completed : build_status::failed;
    if (compiled->state) {
      compiled->state->generation = generation;
      done.state = to_json(*compiled->state);
    }
    // Not what began yesterday and may show either day.
    const auto still = key_for_result(worker, job, worker.parts.time->now());
    if (still && *still == *content && !compiled->by_chance) done.content = *content;
    done.most_result_bytes = worker.options.result_cache_bytes;
    return {};
  };
  if (auto ran = attempt(); !ran) {
    done.status = build_status::failed;
    done.message = ran.error().detail().empty() ? "the build could not be run on this machine" : ran.error().detail();
  }
  done.duration = std::chrono::duration_cast<milliseconds>(worker.parts.time->steady_now() - started);

  const auto now = worker.parts.time->now();
  const auto why = self.reason.load();
  if (done.status == build_status::canceled && why != stop_reason::canceled) {
    if (why == stop_reason::handed_back) {
      if (auto back = worker.builds.give_back(info.id, claimed.fence, now); !back) return back.error();
    }
  } else {
    const auto finished = worker.builds.finish(info.id, claimed.fence, done, now);
    if (!finished || !*finished) {
      (void)worker.parts.blobs->remove(prefix);  // the sweep removes what this does not
      if (!finished) return finished.error();
    }
  }
  auto row = worker.builds.find(info.id);
  if (!row) return row.error();
  if (!*row) return error(errc::not_found, "there is no such build");
  return std::move(**row);
}

}  // namespace build
}  // namespace v0
}  // namespace texbuild
