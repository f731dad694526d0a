// Where one project is at home: a folder that its builds run in one after the other, the rooms that engines have opened
// on it, and the copies that their jobs have left there. All of it is that project's own.
#pragma once

#include "src/warm/copies.hpp"
#include "src/warm/edits.hpp"
#include "src/warm/engine_kinds.hpp"
#include "src/warm/fork_server.hpp"
#include "src/warm/job.hpp"

#include <texbuild/process.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// What a home did.
struct home_figures {
  std::uint64_t jobs = 0;     ///< run in its rooms
  std::uint64_t resumed = 0;  ///< of them in copies of earlier ones
  std::uint64_t midway = 0;   ///< … that had come further than to the start of the document
  std::uint64_t left = 0;     ///< copies
  std::int64_t saved_us = 0;  ///< processor time that earlier jobs had spent for those that were resumed
};

/// Belongs to one build at a time.
class home {
 public:
  explicit home(std::filesystem::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  [[nodiscard]] std::filesystem::path job() const { return folder_ / "job"; }
  [[nodiscard]] std::filesystem::path scratch() const { return folder_ / "tmp"; }

  /// Another build of the project comes here.
  void begin_build();

  /// As run_job. `server` is the one of this kind; a room of another one is given up.
  result<job_end> run(const std::shared_ptr<fork_server>& server, const parked_job& job, const command& what,
                      const output_sink& output, const std::stop_token& stop);

  /// Ends all of it.
  void end();
  /// Memory of what waits here, without what it shares. Milliseconds.
  [[nodiscard]] std::uint64_t memory_bytes() const;
  [[nodiscard]] std::uint64_t copies() const;
  /// Processor time that the best of them has behind it.
  [[nodiscard]] std::int64_t saves_us() const;
  /// What it did since it was last asked.
  [[nodiscard]] home_figures take_figures() noexcept { return std::exchange(figures_, {}); }

 private:
  /// One engine's.
  struct place {
    std::shared_ptr<fork_server> server;
    std::optional<room> where;
    std::string key;  // what all copies have in common
    std::vector<parked_copy> copies;
    std::int64_t pass_us = 0;  // processor time of its last complete pass
    std::int64_t document_at = 0;
  };
  static void close(place& at);
  result<void> open(place& at, const std::shared_ptr<fork_server>& server);
  void drop(place& at, std::vector<parked_copy>::iterator copy);
  const parked_copy* best(place& at, const project_view& now);
  void take(place& at, std::vector<descriptor> left, const std::string& folder, const parked_copy* from,
            std::size_t most);
  void thin_out(place& at, std::size_t most);
  void ask_for_copies(place& at, const parked_copy* from, const parked_job& job, const command& what,
                      const project_view& now, request& order) const;

  std::filesystem::path folder_;
  std::array<place, engine_kinds> places_;
  content_hashes hashes_;
  std::uint64_t builds_ = 0;
  bool looked_ = false;  // for what was edited, in this build
  edit_finder finder_;
  std::optional<edited_place> edited_;
  home_figures figures_;
};

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
