/// @file
/// How long builds are kept.
#pragma once

#include <chrono>
#include <cstdint>

namespace texbuild {
inline namespace v0 {

/// A build expires `lifetime` after it was created; its files go `grace` later. A deleted build's files go `grace`
/// after it was deleted.
struct retention_policy {
  std::chrono::seconds lifetime{std::chrono::hours(24)};
  std::chrono::seconds grace{std::chrono::hours(1)};
};

/// What a sweep did.
struct sweep_report {
  std::uint64_t expired = 0;   ///< builds that became `expired`
  std::uint64_t removed = 0;   ///< builds whose rows and files are gone
  std::uint64_t orphans = 0;   ///< stored objects that no build knew
  std::uint64_t returned = 0;  ///< builds taken back from workers that fell silent
};

}  // namespace v0
}  // namespace texbuild
