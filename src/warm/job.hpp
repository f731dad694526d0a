// One job of a parked engine, run and watched from outside as every command is.
#pragma once

#include "src/warm/copies.hpp"
#include "src/warm/engine_kinds.hpp"
#include "src/warm/fork_server.hpp"

#include <texbuild/process.hpp>

#include <optional>
#include <stop_token>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace warm {

/// What a job is told, but for the copies that it may leave; nothing if that does not fit.
std::optional<request> order_for(const parked_job& job, const command& what);

/// Where a job runs.
struct job_place {
  room* where = nullptr;
  const parked_copy* from = nullptr;  ///< null: the room's own engine
  bool stays = false;                 ///< the room is used again, and what is parked in it stays
};

/// How a job went.
struct job_end {
  std::optional<process_result> ran;  ///< nothing when it did not begin
  bool suited = true;                 ///< false: it was none for such an engine; that is no fault
};

/// Blocks until it has ended. `copies`: our ends of the sockets that it may leave copies on, as many as `order` says;
/// they are made here.
result<job_end> run_job(const job_place& place, const request& order, const command& what, const output_sink& output,
                        const std::stop_token& stop, std::vector<descriptor>& copies);

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
