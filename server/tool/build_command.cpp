#include "server/tool/build_command.hpp"

#include "server/tool/build_input.hpp"
#include "server/tool/build_options.hpp"
#include "server/tool/build_report.hpp"
#include "server/tool/data_folder.hpp"
#include "server/tool/exit_code.hpp"
#include "server/tool/installation_report.hpp"
#include "server/tool/interruption.hpp"
#include "server/tool/output_files.hpp"
#include "server/tool/progress_line.hpp"
#include "server/tool/terminal_text.hpp"
#include "server/tool/watcher.hpp"

#include <texbuild/engine.hpp>
#include <texbuild/installation.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <future>
#include <iostream>
#include <thread>
#include <unistd.h>

namespace texbuild_tool {
namespace {

using texbuild::build_outcome;
using texbuild::build_status;
using texbuild::errc;
using texbuild::error;
using texbuild::result;
using texbuild::severity;

/// "Output written on main.pdf (2 pages, 9 bytes)." of a run that was an earlier one's.
int pages_in_log(const build_outcome& outcome) {
  const auto log = outcome.log ? outcome.log->bytes().read_all() : texbuild::result<std::string>(std::string());
  if (!log) return 0;
  const auto end = log->rfind(" page");
  const auto open = log->rfind('(', end);
  if (end == std::string::npos || open == std::string::npos) return 0;
  return std::atoi(log->c_str() + open + 1);
}

error canceled() { return error(errc::canceled, "interrupted"); }

/// What a build came to, ready to be told.
struct built {
  build_outcome outcome;
  written_files files;
  int exit = success;
};

class build_session {
 public:
  build_session(const build_options& options, build_input input)
      : options_(options), input_(std::move(input)), progress_(std::cerr, style(options)) {}

  result<void> open_engine() {
    texbuild::engine_options with;
    with.workers = 1;
    with.allow_shell_escape = options_.shell_escape;
    with.limits.wall = options_.timeout;
    with.limits.cpu = std::max<std::chrono::milliseconds>(with.limits.cpu, options_.timeout);
    with.retention.grace = std::chrono::seconds(0);
    with.cache_folder = font_cache_folder(options_.data_folder, read_variable);
    keeps_fonts_ = !with.cache_folder.empty();
    with.retention.lifetime = std::chrono::days(7);
    if (options_.clean) {
      with.keep_state = false;
      with.result_cache_bytes = 0;
    } else {
      with.data_folder = builds_folder(options_.data_folder, read_variable);
    }
    auto opened = texbuild::engine::open(with);
    if (!opened && !with.data_folder.empty()) {
      with.data_folder.clear();  // another run is at work there, or it is damaged: this one does without
      opened = texbuild::engine::open(with);
    }
    if (!opened) return opened.error();
    engine_.emplace(std::move(*opened));
    return {};
  }

  /// Builds what the sources are now and tells what came of it.
  int build(const std::stop_token& stop) {
    progress_.restart();
    auto done = attempt(stop);
    progress_.clear();
    if (!done) return tell(done.error());
    tell(*done);
    return done->exit;
  }

  int watch(const interruption& signals);

  /// The same for what was refused.
  int tell(const error& refused) const {
    const int exit = exit_code_of(refused);
    if (refused.code() == errc::canceled) {
      if (options_.json) std::cout << to_json(refused, exit) << std::endl;
      return exit;
    }
    std::cerr << "texbuild: " << printable(refused.detail().empty() ? "the build cannot be run" : refused.detail())
              << '\n';
    if (!refused.cause().empty() && exit == cannot_build) std::cerr << "  " << printable(refused.cause()) << '\n';
    if (exit == cannot_build) std::cerr << "  texbuild doctor says what is missing\n";
    if (options_.json) std::cout << to_json(refused, exit) << std::endl;
    return exit;
  }

 private:
  static progress_style style(const build_options& options) {
    progress_style s;
    s.quiet = options.quiet;
    s.verbose = options.verbose;
    s.live = is_live_terminal(STDERR_FILENO, read_variable);
    s.utf8 = is_utf8_locale(read_variable);
    s.columns = terminal_columns(STDERR_FILENO);
    return s;
  }

  result<built> attempt(const std::stop_token& stop);
  result<build_outcome> run(const texbuild::project& source, const std::string& main_file, const std::stop_token& stop);
  void forget(const std::string& owner, const std::string& id, bool good);
  result<void> check_engine(const build_outcome& outcome) const;
  void tell(const built& done) const;
  [[nodiscard]] std::vector<std::filesystem::path> own_files() const;

  const build_options& options_;
  build_input input_;
  progress_line progress_;
  bool keeps_fonts_ = false;
  std::optional<texbuild::engine> engine_;
  std::optional<texbuild::project> source_;  // of the last build
};

result<built> build_session::attempt(const std::stop_token& stop) {
  auto source = input_.open();
  if (!source) return source.error();
  source_ = *source;
  const auto main_file = source->main_file(input_.main_file);
  if (!main_file) return main_file.error();
  const auto to = output_files::plan(options_, *main_file);
  if (!to) return to.error();
  if (stop.stop_requested()) return canceled();

  auto outcome = run(*source, *main_file, stop);
  if (!outcome) return outcome.error();
  if (stop.stop_requested() || outcome->info.status == build_status::canceled) return canceled();
  if (!outcome->succeeded()) {
    if (auto there = check_engine(*outcome); !there) return there.error();
  }
  if (auto saved = to->save(*outcome); !saved) return saved.error();
  written_files files;
  files.pdf = outcome->pdf ? to->pdf.string() : "";
  files.synctex = outcome->synctex ? to->synctex.string() : "";
  files.log = outcome->log ? to->log.string() : "";
  files.pages = outcome->info.cached ? pages_in_log(*outcome) : progress_.pages();
  const int exit = outcome->succeeded() ? success : document_failed;
  return built{std::move(*outcome), std::move(files), exit};
}

result<build_outcome> build_session::run(const texbuild::project& source, const std::string& main_file,
                                         const std::stop_token& stop) {
  texbuild::build_request request;
  request.main_file = main_file;
  request.shell_escape = options_.shell_escape;
  // Every document is an owner of its own, so that its builds can be listed.
  std::error_code ignored;
  request.owner = (options_.project.empty() ? std::filesystem::weakly_canonical(input_.place, ignored).string()
                                            : "project " + options_.project) +
                  "\n" + main_file;
  request.project = options_.project.empty() ? "this" : options_.project;
  request.engine = options_.engine;
  if (request.engine == texbuild::tex_engine::automatic) request.engine = source.engine_for(main_file);
  // Without the cache every run of LuaTeX would make the database of fonts again.
  if (request.engine == texbuild::tex_engine::lualatex && keeps_fonts_) {
    const auto note = [this](std::string_view program) {
      progress_.say("making the font cache, once: " + std::string(program));
    };
    if (auto warm = engine_->warm(note, stop); !warm && warm.error().code() == errc::canceled) return canceled();
  }
  const auto info = engine_->submit(source, request);
  if (!info) return info.error();

  std::promise<void> told;  // all events have been shown
  bool ended = false;
  const auto watching = engine_->events(info->id, 0, [&](const texbuild::build_event& event) {
    progress_.show(event);
    if (event.what != texbuild::build_event::kind::status || !has_ended(event.status) || ended) return;
    ended = true;
    told.set_value();
  });
  auto outcome = [&] {
    const std::stop_callback cancel(stop, [&] { (void)engine_->cancel(info->id); });
    return engine_->wait(info->id);
  }();
  if (watching) told.get_future().wait_for(std::chrono::seconds(2));
  forget(request.owner, info->id, outcome && outcome->succeeded());
  return outcome;
}

/// Only a document's last good build is kept. What was handed out stays readable.
void build_session::forget(const std::string& owner, const std::string& id, bool good) {
  if (!good) {
    (void)engine_->remove(id);
    return;
  }
  const auto known = engine_->list(owner, 1, 100);
  if (!known) return;
  for (const auto& build : known->builds)
    if (build.id != id && build.status != build_status::expired) (void)engine_->remove(build.id);
}

/// A failure for want of TeX is the machine's, not the document's. Looking costs seconds: the message says when to.
result<void> build_session::check_engine(const build_outcome& outcome) const {
  if (outcome.info.message.find("is not installed") == std::string::npos) return {};
  const auto wanted = to_string(outcome.info.engine);
  for (const auto& finding : texbuild::inspect_installation(nullptr)) {
    if (finding.name != wanted || finding.found) continue;
    return error(errc::unavailable,
                 std::string(wanted) + " is not installed here; install it with: " + install_command({finding}));
  }
  return {};
}

void build_session::tell(const built& done) const {
  if (options_.json) {
    std::cout << to_json(done.outcome, done.files, done.exit) << std::endl;
    return;
  }
  report_style style;
  style.warnings = options_.warnings;
  style.columns = ::isatty(STDERR_FILENO) == 1 ? terminal_columns(STDERR_FILENO) : 100;
  style.shown_name = [this](const std::string& file) { return input_.shown_name(file); };
  style.source = [this](const std::string& file) -> std::optional<std::string> {
    auto text = source_->read(file);
    if (!text) return std::nullopt;
    return std::move(*text);
  };
  if (!options_.quiet || done.exit != success) {
    auto shown = done.outcome;
    if (options_.quiet) std::erase_if(shown.diagnostics, [](const auto& d) { return d.level != severity::error; });
    print_diagnostics(std::cerr, shown, style);
    std::cerr << std::flush;
  }
  if (done.exit != success) {
    std::cerr << "texbuild: " << summary(done.outcome, done.files) << std::endl;
  } else if (!options_.quiet) {
    std::cout << summary(done.outcome, done.files) << std::endl;
  }
}

/// What the tool itself writes into the project is no change of it.
std::vector<std::filesystem::path> build_session::own_files() const {
  if (input_.what != build_input::kind::folder) return {};
  const auto source = input_.open();
  if (!source) return {};
  const auto main_file = source->main_file(input_.main_file);
  if (!main_file) return {};
  const auto to = output_files::plan(options_, *main_file);
  return to ? to->all() : std::vector<std::filesystem::path>();
}

int build_session::watch(const interruption& signals) {
  for (;;) {
    const watcher eye(input_.place, own_files());
    const auto seen = eye.look();  // before the sources are read: a change in between is seen as one
    std::stop_source outdated;
    std::atomic<bool> changed = false;
    std::jthread looking([&](const std::stop_token& enough) {
      if (!eye.wait_for_change(seen, enough)) return;
      changed = true;
      outdated.request_stop();
    });
    const std::stop_callback on_signal(signals.token(), [&] {
      outdated.request_stop();
      looking.request_stop();
    });
    (void)build(outdated.get_token());
    if (!changed && signals.exit_code() == 0) progress_.say("watching '" + input_.place.string() + "'; Ctrl-C ends it");
    looking.join();
    progress_.clear();
    if (!changed) return signals.exit_code();
  }
}

}  // namespace

int run_build_command(std::span<const std::string> arguments) {
  const auto options = parse_build_options(arguments);
  if (!options) {
    std::cerr << "texbuild: " << printable(options.error().detail()) << "\n  texbuild build --help lists the options\n";
    return bad_input;
  }
  if (options->help) {
    std::cout << build_help();
    return success;
  }
  const interruption signals;
  auto input = build_input::find(*options);
  build_session session(*options, input ? *input : build_input());
  if (!input) return session.tell(input.error());
  if (auto opened = session.open_engine(); !opened) return session.tell(opened.error());
  const int exit = options->watch ? session.watch(signals) : session.build(signals.token());
  return signals.exit_code() != 0 ? signals.exit_code() : exit;
}

}  // namespace texbuild_tool
