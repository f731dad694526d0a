// One claimed build from its stored source to its stored artifacts.
#pragma once

#include "src/build/compile.hpp"
#include "src/build/event_hub.hpp"
#include "src/store/build_store.hpp"

#include <texbuild/blob_store.hpp>
#include <texbuild/engine.hpp>
#include <texbuild/environment.hpp>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace build {

/// Why a running build was told to stop.
enum class stop_reason { none, canceled, handed_back, lost };

/// A build that runs in this engine. Shared by the worker and whoever stops it.
struct running_build {
  std::string id;
  std::int64_t fence = 0;
  std::stop_source stop;
  std::atomic<stop_reason> reason{stop_reason::none};
  state_use earlier = state_use::none;  ///< set by the worker before the run ends

  /// The first reason stays.
  void end(stop_reason why) {
    auto none = stop_reason::none;
    reason.compare_exchange_strong(none, why);
    stop.request_stop();
  }
};

/// What a worker needs; outlives every run.
struct worker_parts {
  const engine_options& options;
  const environment& parts;
  store::build_store& builds;
  event_hub& events;
  std::filesystem::path scratch;
  std::function<std::vector<folder_view>()> caches;
  warm_engines* warm = nullptr;  ///< whose projects have places of their own; or none
};

/// Where a build's objects lie in the blob store.
std::string build_prefix(std::string_view id);
std::string source_key(std::string_view id);

/// Runs the build and writes what came of it, or gives it back. Blocks. Returns the row as it stands afterwards.
result<build_info> run_build(const worker_parts& worker, const store::claimed_build& claimed, running_build& self);

}  // namespace build
}  // namespace v0
}  // namespace texbuild
