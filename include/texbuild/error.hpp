/// @file
/// How every function of the library says that it could not do its work.
///
/// `result<T>` holds a `T` or an `error`. Only `.value()` throws (`boost::system::system_error`). A TeX run that fails
/// is no error: it is a `build_outcome`.
#pragma once

#include <texbuild/export.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace texbuild {
inline namespace v0 {

/// Stable codes, grouped by what the caller does about them. Do not change the values: they may be stored.
enum class errc {
  invalid_input = 1,           ///< the caller's data is wrong; `detail()` says which part
  not_found = 2,               ///< there is no such thing
  unauthorized = 3,            ///< no proof of identity, or a bad one
  forbidden = 4,               ///< known caller, not allowed
  conflict = 5,                ///< not in the present state
  gone = 6,                    ///< was there, is no more (expired)
  payload_too_large = 7,       ///< over a size limit
  unsupported_media_type = 8,  ///< a form that is not understood
  rate_limited = 9,            ///< too often; see `retry_after()`
  limit_exceeded = 10,         ///< over a quota
  compilation_failed = 11,     ///< asked for the result of a build that failed
  insufficient_storage = 12,   ///< the disk is too full
  unavailable = 13,            ///< a part that is needed is missing or down; trying again later may help
  provider_error = 14,         ///< an outside service failed or refused
  canceled = 15,               ///< stopped on request
  timed_out = 16,              ///< took longer than allowed
  internal = 17,               ///< a fault of this library or of the machine
  payment_required = 18,       ///< nothing left to pay with
};

/// Which limit was hit, of `errc::limit_exceeded`.
struct limit_usage {
  double used = 0;                                                ///< builds, or GB of 10^9 bytes
  double limit = 0;                                               ///< in the same unit
  std::optional<std::chrono::system_clock::time_point> reset_at;  ///< when it is as new, if time alone brings that

  limit_usage() = default;
  limit_usage(double u, double l, std::optional<std::chrono::system_clock::time_point> r = std::nullopt)
      : used(u), limit(l), reset_at(r) {}
};

/// The category of `errc`, named "texbuild".
TEXBUILD_API const boost::system::error_category& error_category() noexcept;

/// Makes `errc` usable as a `boost::system::error_code`.
inline boost::system::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

/// What went wrong: a code, words that are safe to show to whoever asked, and a cause for the log only.
/// A value type; distinct objects may be used from distinct threads.
class error {
 public:
  /// What `result<T>::error()` gives when there is none: `errc::internal` without words.
  error() = default;
  /// `detail` is shown to users: no host path, no secret, nothing of another user.
  explicit error(errc code, std::string detail = {}, std::string cause = {})
      : code_(code), detail_(std::move(detail)), cause_(std::move(cause)) {}

  [[nodiscard]] errc code() const noexcept { return code_; }
  /// Safe to show. May be empty.
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }
  /// For the log only: may hold host paths and messages of the system.
  [[nodiscard]] const std::string& cause() const noexcept { return cause_; }
  /// When trying again makes sense, if that is known.
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }
  /// The entry, field or setting that is meant, where one is. Safe to show.
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }

  /// A word for programs where the code is not enough, such as "monthly_limit_exceeded". Mostly empty.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  /// Of `errc::limit_exceeded`.
  [[nodiscard]] const std::optional<limit_usage>& usage() const noexcept { return usage_; }

  [[nodiscard]] error&& with_retry_after(std::chrono::seconds after) && noexcept {
    retry_after_ = after;
    return std::move(*this);
  }
  [[nodiscard]] error&& with_subject(std::string subject) && noexcept {
    subject_ = std::move(subject);
    return std::move(*this);
  }
  [[nodiscard]] error&& with_reason(std::string reason, std::optional<limit_usage> usage = std::nullopt) && noexcept {
    reason_ = std::move(reason);
    usage_ = usage;
    return std::move(*this);
  }

 private:
  errc code_ = errc::internal;
  std::string detail_;
  std::string cause_;
  std::string subject_;
  std::string reason_;
  std::optional<std::chrono::seconds> retry_after_;
  std::optional<limit_usage> usage_;
};

/// A `T`, or why there is none.
template <class T>
using result = boost::system::result<T, error>;

/// Called by `result<T>::value()`: throws `boost::system::system_error` with the code and `detail()`.
[[noreturn]] TEXBUILD_API void throw_exception_from_error(const error& e, const boost::source_location& where);

}  // namespace v0
}  // namespace texbuild

template <>
struct boost::system::is_error_code_enum<texbuild::errc> : std::true_type {};
