/// @file
/// Plans: what a user may use, and what was used.
#pragma once

#include <texbuild/error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Requests a minute, by class.
struct plan_rates {
  std::uint32_t create = 10;
  std::uint32_t download = 60;
  std::uint32_t status = 30;
  std::uint32_t other = 100;

  plan_rates() = default;
  friend bool operator==(const plan_rates&, const plan_rates&) = default;
};

/// What a plan allows. -1 is without limit.
struct plan {
  std::string name;
  std::int64_t monthly_builds = 0;     ///< accepted in a calendar month, UTC
  std::int64_t concurrent_builds = 0;  ///< pending or compiling
  std::int64_t storage_bytes = 0;      ///< kept, sources and artifacts; a build may end above it, the next is refused
  bool shell_escape = false;           ///< if the server allows it too
  int priority = 0;                    ///< of its builds in the queue; higher goes first
  plan_rates rates;
  std::string razorpay_plan;  ///< "plan_…"; "" if it is not sold there

  plan() = default;
  friend bool operator==(const plan&, const plan&) = default;
};

/// The plans of an installation. Immutable but for `set_razorpay_plan`; a value.
class TEXBUILD_API plan_catalog {
 public:
  /// free (50 builds a month, 2 at once, 1 GB), pro (500, 10, 10 GB) and enterprise (no limit, 50, 100 GB, shell
  /// escape). A GB has 10^9 bytes.
  plan_catalog();
  /// One plan, "free", without any limit: for a host that counts elsewhere.
  static plan_catalog unlimited();
  /// `{"plans": [{"name", "monthly_builds", "concurrent_builds", "storage_gb", "shell_escape", "priority",
  /// "rate_limits": {"create", "download", "status", "other"}, "razorpay_plan"}]}`; the first four are required, and a
  /// plan called "free" is. `errc::invalid_input` says which plan and member is wrong.
  static result<plan_catalog> from_json(std::string_view text);

  [[nodiscard]] const plan& free() const;
  /// Null if there is none of that name.
  [[nodiscard]] const plan* find(std::string_view name) const noexcept;
  /// Null if none is sold at Razorpay as this one; "" finds none.
  [[nodiscard]] const plan* find_razorpay(std::string_view plan_id) const noexcept;
  [[nodiscard]] std::span<const plan> all() const noexcept { return plans_; }
  /// `errc::invalid_input`: no such plan, or another one has this id.
  result<void> set_razorpay_plan(std::string_view name, std::string_view plan_id);

 private:
  std::vector<plan> plans_;
};

/// What an owner has used.
struct owner_usage {
  std::uint64_t monthly_builds = 0;  ///< accepted in this calendar month (UTC)
  std::uint64_t concurrent = 0;      ///< pending or compiling
  std::uint64_t storage_bytes = 0;
};

/// The same beside what the plan allows.
struct quota_report {
  std::string owner;
  plan allowed;
  owner_usage used;
  std::chrono::system_clock::time_point monthly_reset;               ///< the next month's first moment, UTC
  std::optional<std::chrono::system_clock::time_point> known_since;  ///< empty for an owner who was never seen
  bool paused = false;                                               ///< the subscription is: no build is accepted

  quota_report() = default;
};

/// Whether one more build, whose sources take `incoming_bytes`, is within the quota; `errc::limit_exceeded` with
/// `reason()` "monthly_limit_exceeded", "concurrent_limit_exceeded" or "storage_limit_exceeded" and `usage()`,
/// `errc::forbidden` with "subscription_paused". Pure; the engine asks it inside the transaction that accepts a build.
TEXBUILD_API result<void> check_quota(const quota_report& quota, std::uint64_t incoming_bytes = 0);

/// The first moment of the month after `now`, UTC.
TEXBUILD_API std::chrono::system_clock::time_point next_month(std::chrono::system_clock::time_point now);

}  // namespace v0
}  // namespace texbuild
