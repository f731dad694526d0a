// One build from its sources to its PDF: asks the pass planner what comes next, runs it, tells it what changed.
#pragma once

#include "src/build/kept_state.hpp"

#include <texbuild/build.hpp>
#include <texbuild/environment.hpp>
#include <texbuild/process.hpp>
#include <texbuild/project.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace build {

/// What is to be compiled, where, with what.
struct compile_job {
  explicit compile_job(project from) : source(std::move(from)) {}

  project source;
  tex_engine engine = tex_engine::pdflatex;
  std::string main_file;  ///< relative to the project
  bool shell_escape = false;
  int most_passes = 6;
  process_limits limits;
  std::vector<folder_view> caches;                             ///< shown read-only
  std::filesystem::path workspace;                             ///< an empty folder of this job's own
  std::vector<std::pair<std::string, std::string>> variables;  ///< more of the environment
  bool keep_state = false;               ///< say what the next build of the project may go on from …
  std::string helper_sources;            ///< see there
  std::optional<earlier_build> earlier;  ///< … as this one may from an earlier build
};

/// Told on the compiling thread. Empty functions are not called.
struct compile_watcher {
  std::function<void(std::string_view program, int pass)> step;
  std::function<void(int page, int pages, int progress)> page;
  std::function<void(std::string_view line)> output;
  std::function<void(const diagnostic&)> found;
};

/// What became of an earlier build's files.
enum class state_use { none, used, thrown_away };

/// What is left in the workspace.
struct compile_result {
  bool succeeded = false;
  bool canceled = false;
  std::string message;  ///< why it failed; "" when it succeeded
  std::vector<diagnostic> diagnostics;
  bool by_chance = false;  ///< a helper was killed or is not installed: another time the result may be another
  int passes = 0;
  std::filesystem::path root;  ///< host folder that holds the outputs
  std::string pdf;             ///< names relative to `root`; "" if there is none
  std::string synctex;
  std::string log;
  std::string log_text;  ///< instead of `log`, when TeX never opened one
  std::vector<output_file> others;
  state_use earlier = state_use::none;
  std::optional<kept_state> state;  ///< what the next build may go on from, with those of `others` that it names
};

/// Blocks until the build has ended. An error means that this machine could not run it.
result<compile_result> compile(const compile_job& job, process_runner& processes, const clock& time,
                               const compile_watcher& watcher, const std::stop_token& stop);

}  // namespace build
}  // namespace v0
}  // namespace texbuild
