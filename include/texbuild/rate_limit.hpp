/// @file
/// How often somebody may ask. One stored time for each key, taken and checked in one step, the same on every node that
/// shares the database.
///
/// The algorithm is GCRA (ITU-T I.371, the virtual scheduling form) with a burst as large as the limit: of 10 requests
/// a minute, ten may come at once, then one every six seconds; who asks exactly at the limit is never refused.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace texbuild {
inline namespace v0 {

/// So many in that time.
struct rate {
  std::uint32_t limit = 0;
  std::chrono::seconds window{60};

  rate() = default;
  explicit rate(std::uint32_t n, std::chrono::seconds in = std::chrono::minutes(1)) : limit(n), window(in) {}
};

/// What came of asking.
struct rate_decision {
  bool allowed = false;
  std::uint32_t limit = 0;
  std::uint32_t remaining = 0;                  ///< how many more may come at once now
  std::chrono::system_clock::time_point reset;  ///< from then on, `limit` may come at once again
  std::chrono::seconds retry_after{0};          ///< of a refusal: at least 1; the next one then passes

  rate_decision() = default;
};

/// Counts by key. Thread safe. Blocks on the database: call it from a pool.
class TEXBUILD_API rate_limiter {
 public:
  /// Makes its table if need be. A database of its own may be opened with `durability::relaxed`: a crash of the machine
  /// that forgets some counts harms nobody.
  static result<rate_limiter> open(std::shared_ptr<database> db, std::shared_ptr<clock> time);

  /// Takes one, if there is one left; a refusal takes nothing. A limit of 0 refuses all.
  result<rate_decision> take(std::string_view key, const rate& allowed) const;
  /// Forgets keys that are as good as new, at most `limit`. How many there were.
  result<std::uint64_t> sweep(std::uint64_t limit = 10'000) const;

 private:
  rate_limiter(std::shared_ptr<database> db, std::shared_ptr<clock> time);
  std::shared_ptr<database> db_;
  std::shared_ptr<clock> time_;
};

}  // namespace v0
}  // namespace texbuild
