#include <texbuild/quota.hpp>

namespace texbuild {
inline namespace v0 {
namespace {

error over(const char* reason, std::string detail, double used, double limit,
           std::optional<std::chrono::system_clock::time_point> reset = std::nullopt) {
  return error(errc::limit_exceeded, std::move(detail)).with_reason(reason, limit_usage(used, limit, reset));
}

double gigabytes(double bytes) { return bytes / 1e9; }

bool reached(std::uint64_t used, std::int64_t limit) { return limit >= 0 && used >= static_cast<std::uint64_t>(limit); }

}  // namespace

result<void> check_quota(const quota_report& quota, std::uint64_t incoming_bytes) {
  const auto& allowed = quota.allowed;
  const auto& used = quota.used;
  if (quota.paused)
    return error(errc::forbidden, "the subscription is paused; resume it to build again")
        .with_reason("subscription_paused");
  if (reached(used.monthly_builds, allowed.monthly_builds))
    return over("monthly_limit_exceeded",
                "the plan \"" + allowed.name + "\" has " + std::to_string(allowed.monthly_builds) +
                    " builds a month, and all are used",
                static_cast<double>(used.monthly_builds), static_cast<double>(allowed.monthly_builds),
                quota.monthly_reset);
  if (reached(used.concurrent, allowed.concurrent_builds))
    return over("concurrent_limit_exceeded",
                "the plan \"" + allowed.name + "\" has " + std::to_string(allowed.concurrent_builds) +
                    " builds at once; wait for one to end, or cancel it",
                static_cast<double>(used.concurrent), static_cast<double>(allowed.concurrent_builds));
  const bool full = reached(used.storage_bytes, allowed.storage_bytes);
  if (full || (allowed.storage_bytes >= 0 &&
               incoming_bytes > static_cast<std::uint64_t>(allowed.storage_bytes) - used.storage_bytes))
    return over("storage_limit_exceeded", "the storage of the plan \"" + allowed.name + "\" is full; delete builds",
                gigabytes(static_cast<double>(used.storage_bytes)),
                gigabytes(static_cast<double>(allowed.storage_bytes)));
  return {};
}

std::chrono::system_clock::time_point next_month(std::chrono::system_clock::time_point now) {
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  return std::chrono::sys_days((today.year() / today.month() + std::chrono::months(1)) / 1);
}

}  // namespace v0
}  // namespace texbuild
