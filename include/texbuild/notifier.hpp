/// @file
/// Webhooks that go out: whoever registered a URL is told when one of their builds has ended.
///
/// A message is written in the transaction that ends the build, so that a crash loses none. It is sent until somebody
/// says 2xx, at growing intervals over three days: at least once, in no promised order; `webhook-id` is the same every
/// time. Signed as the Standard Webhooks specification has it (texbuild/webhook.hpp), which is also where the intervals
/// and the meaning of 410 come from. A message, with `type` one of build.completed, build.failed, build.canceled and
/// build.expired (it never ran):
///
///     {"type": "build.completed", "timestamp": "2026-11-26T09:30:00Z",
///      "data": {"build_id": "bld_…", "status": "completed", "engine": "pdflatex", "main_file": "main.tex",
///               "message": "", "passes": 2, "duration_ms": 1234, "created_at": "…", "completed_at": "…"}}
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Where somebody is told.
struct webhook_endpoint {
  using time_point = std::chrono::system_clock::time_point;

  std::string id;  ///< "ep_…"
  std::string url;
  std::string secret;  ///< "whsec_…", told once: by `add`. Else ""
  time_point created_at;
  std::optional<time_point> disabled_at;  ///< nothing is sent from then on; remove it and add it again
  std::uint64_t waiting = 0;              ///< messages that are not delivered yet
  std::optional<time_point> last_attempt_at;
  int last_status = 0;                      ///< of HTTP; 0 when there was no answer
  std::string last_error;                   ///< "" when the last attempt went well
  std::optional<time_point> failing_since;  ///< the first failure after the last success

  webhook_endpoint() = default;
};

/// Settings of a notifier.
struct notifier_options {
  bool allow_private = false;        ///< also http://, and addresses that are not on the public internet
  std::chrono::seconds timeout{15};  ///< of one attempt
  unsigned parallel = 16;            ///< attempts at once, one per endpoint

  notifier_options() = default;
};

/// Endpoints and their messages over one database, the engine's. Thread safe. Blocks on the database, and in `deliver`
/// on others' servers: call it from a pool.
class TEXBUILD_API notifier {
 public:
  static constexpr std::size_t longest_url = 2048;       ///< in bytes
  static constexpr std::size_t most_endpoints = 10;      ///< of one user
  static constexpr std::uint64_t most_waiting = 10'000;  ///< of one endpoint; what ends then is not told there

  /// `parts` has to have `db` and `http`.
  static result<notifier> open(notifier_options options, environment parts);
  notifier(notifier&&) noexcept;
  notifier& operator=(notifier&&) noexcept;
  ~notifier();

  /// Tells this URL of every build of the user that ends from now on. `errc::invalid_input` (not https, or it leads to
  /// a private network), `errc::conflict` (it is registered), `errc::limit_exceeded` (there are `most_endpoints`).
  result<webhook_endpoint> add(std::string_view user, std::string_view url);
  /// Oldest first.
  result<std::vector<webhook_endpoint>> list(std::string_view user);
  /// What waits for it is dropped. `errc::not_found`, also for another user's.
  result<void> remove(std::string_view user, std::string_view id);

  /// Sends what is due until nothing is, and waits for the answers; how many attempts were made. Call it every second.
  /// After `stop` it returns at once: what was under way is sent again later, as after a crash.
  result<std::uint64_t> deliver(const std::stop_token& stop = {});

  struct impl;

 private:
  explicit notifier(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace v0
}  // namespace texbuild
