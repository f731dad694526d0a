/// @file
/// Engines that are already started. TeX spends most of a short run on starting: it loads its format, the lists of all
/// installed files and the map of all fonts, the same for everyone; so do bibtex, biber and xdvipdfmx. A `warm_engines`
/// keeps one process of each program that has done so and has read no byte of any user, and runs each command in a copy
/// of it, behind the same walls that `make_sandbox` puts around it. The programs are those that are installed,
/// unmodified; what they write is what they always write, but for a figure or two in the statistics that end a log, and
/// the head of LuaTeX's. Whatever a warm engine cannot do is done by the plain program.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/process.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Settings of warm engines.
struct warm_options {
  std::filesystem::path jobs;       ///< commands whose `root` and `scratch` lie below this folder can be warm
  std::filesystem::path folder;     ///< for the engines' own files; emptied at the start
  std::uint64_t most_jobs = 1000;   ///< an engine is started anew after so many, since copies share its addresses
  std::chrono::hours most_age{24};  ///< … or after that time
  std::chrono::seconds pause{60};   ///< after one could not be started
  /// What may stay in memory between the builds of projects (see `lend`), of all together; 0: nothing does, and no
  /// build goes on from an earlier one's place. Above it, what saves the least time for its memory ends first.
  std::uint64_t parked_bytes = 1ULL << 30;
  std::size_t parked_projects_of_one = 5;  ///< projects of one owner that may have something parked
  std::chrono::minutes parked_for{10};     ///< without a build
  sandbox_options sandbox;

  warm_options() = default;
};

/// Figures since the start.
struct warm_stats {
  std::uint64_t warm = 0;           ///< commands done by warm engines
  std::uint64_t plain = 0;          ///< commands that are none of theirs, or came too early
  std::uint64_t anomalies = 0;      ///< commands that a warm engine should have done and could not
  std::uint64_t started = 0;        ///< engines started
  std::uint64_t parked = 0;         ///< engines that wait now
  std::uint64_t memory_bytes = 0;   ///< of those that wait, without what they share
  std::uint64_t projects = 0;       ///< that have something parked now
  std::uint64_t copies = 0;         ///< that are parked for them now
  std::uint64_t project_bytes = 0;  ///< memory of these, without what they share
  std::uint64_t resumed = 0;  ///< commands that began in such a copy, where an earlier one of the project had come
  std::uint64_t midway = 0;   ///< … in the middle of its document
  std::chrono::milliseconds saved{0};  ///< processor time that these did not have to spend
  std::uint64_t evicted = 0;           ///< projects that lost theirs to the limits
  std::string last_problem;            ///< why the last anomaly came about, for the log; "" if there was none

  warm_stats() = default;
};

/// Thread safe. Destroying it ends its engines; no `run` may be under way then.
class TEXBUILD_API warm_engines final : public process_runner {
 public:
  /// `plain` does what is left over. `errc::unavailable` when this machine has no sandbox or `folder` cannot be
  /// written. Of `parts`, the clock and the randomness are used.
  static result<std::shared_ptr<warm_engines>> make(std::shared_ptr<process_runner> plain, const warm_options& options,
                                                    const environment& parts = {});
  ~warm_engines() override;

  /// As `process_runner::run` says. An engine that is not there yet is started meanwhile, for the next command.
  result<process_result> run(const command& what, const output_sink& output, std::stop_token stop) override;

  /// Starts the engines that are installed, with the folders that commands will have in `readable`. `wait`: returns
  /// when all of them are there or have failed; else at once.
  void prepare(const std::vector<folder_view>& readable, bool wait);

  /// A folder for one build of a project, with empty folders "job" and "tmp" for its commands. A TeX engine that runs
  /// there leaves a copy of itself at `\begin{document}`, which the project's later passes and builds begin in, for as
  /// long as all that it has read until then is the same. Nothing of it reaches another project. `project` tells the
  /// owner's apart; "": none, and nothing is kept. The folder is emptied when the pointer dies, which has to be before
  /// this object does. Null while another build has the project's folder, or if nothing may be parked.
  std::shared_ptr<const std::filesystem::path> lend(std::string_view owner, std::string_view project);

  [[nodiscard]] warm_stats stats() const;

  struct impl;
  explicit warm_engines(std::unique_ptr<impl> state);

 private:
  std::unique_ptr<impl> impl_;
};

}  // namespace v0
}  // namespace texbuild
