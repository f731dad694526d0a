// Who a user is at Polar, what was bought there, and the tokens that were used: told to Polar once each. Every method
// is one transaction. Time is an argument. Blocks on the disk: call it from a pool.
#pragma once

#include "src/policy/credit.hpp"
#include "src/store/inbox.hpp"
#include "src/store/rows.hpp"

#include <texbuild/polar.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace store {

/// What is known of a user at Polar.
struct credit_row {
  std::string customer;  ///< Polar's id; "" if there is none yet
  std::string tier;      ///< stored from events; "" if there never was one
  std::vector<std::string> active_products;
  policy::wallet wallet;
  std::optional<time> asked_at;  ///< when Polar last said what was consumed
};

/// A usage that is to be sent; `attempt` proves to `settle_usage` that no later one was begun.
struct unsent_usage {
  polar_usage what;
  int attempt = 0;
  int refusals = 0;  ///< so far
};

/// A use that Polar itself refused so often is no longer on its way: it counts for nothing there, and is tried once a
/// day. However long Polar is away, what it was not told stays on its way.
constexpr int hopeless_refusals = 20;

class credit_store {
 public:
  explicit credit_store(std::shared_ptr<database> db) : db_(std::move(db)) {}
  result<void> migrate();

  result<credit_row> look_up(std::string_view owner);
  /// Whom Polar knows by our user's id; "" forgets it.
  result<void> set_customer(std::string_view owner, std::string_view customer, time now);
  /// Polar was asked then, and had counted so much. What had not reached it a while before may not be in it.
  result<void> counted(std::string_view owner, std::int64_t tokens, time asked);

  /// Adds a use to the wallet, and to what Polar is to be told; nothing if one with this id was added before.
  result<void> use(const polar_usage& what, bool estimated, time now);
  /// Takes usages that are due, oldest first, for as long as the lease.
  result<std::vector<unsent_usage>> claim_usage(std::size_t limit, time now, std::chrono::seconds lease);
  /// Polar took it; or it is to be sent again then.
  result<void> settle_usage(const std::vector<unsent_usage>& batch, std::optional<time> again, time now);
  /// Polar refused this one, sent by itself; it is to be sent again then.
  result<void> usage_refused(const unsent_usage& one, time again, time now);
  /// What a webhook says of the customer, the subscriptions and the deployments, and that it was applied, in one step;
  /// nothing if that happened before. `tiers` are product and tier. What somebody has to look at, the first time: money
  /// came, and there is nothing to start for it; else "".
  result<std::string> apply(const inbox& from, std::string_view event_id, const polar_event& event,
                            const std::map<std::string, std::string>& tiers, time now);
  /// What was sent before that time. How many there were.
  result<std::uint64_t> forget_usage(time sent_before, std::uint64_t limit);

 private:
  std::shared_ptr<database> db_;
};

}  // namespace store
}  // namespace v0
}  // namespace texbuild
