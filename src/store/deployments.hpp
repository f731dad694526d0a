// Assistants that were bought, from the checkout to the end of the subscription. Every method is one transaction. Time
// is an argument. Blocks on the disk: call it from a pool.
#pragma once

#include "src/store/rows.hpp"

#include <texbuild/assistants.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace store {

/// A row of `deployments`.
struct deployment_row {
  deployment shown;
  std::string owner;
  std::string tier;
  std::string product;  ///< Polar's
  std::string token;    ///< of the channel; sealed
  std::string checkout;
  std::string checkout_url;
  std::string subscription;
  std::string provisioner;
  std::string place;  ///< what its provisioner calls it; "" while there is nothing to take down
  bool paid = false;
  bool ended = false;   ///< the subscription is over: nothing of it is to run
  bool paused = false;  ///< it is not over, but nothing of it is to run now
};

/// What a channel's token is sealed for.
inline std::string sealed_for(const std::string& deployment) { return "deployment:" + deployment; }

/// Inside a transaction: a payment was made for one of this owner's deployments, or what it paid for is over.
struct deployment_news {
  std::string owner;
  std::string deployment;  ///< from the metadata; "" if it says nothing
  std::string checkout;
  std::string subscription;
  std::string product;
  std::string payment;  ///< what tells one payment from another: a checkout, a subscription, or an order
  bool paid = false;
  bool over = false;
  std::string checkout_failed;  ///< why it will never be paid; "" if that is open
};
/// Why a payment starts nothing; "" if it did, or did before, or is none.
std::string learn_of_deployment(statements& s, const deployment_news& news, time now);

class deployments_store {
 public:
  explicit deployments_store(std::shared_ptr<database> db) : db_(std::move(db)) {}
  result<void> migrate();

  /// Makes a row whose checkout is yet to be made; nobody is shown it.
  result<void> add(const deployment_row& row, time now);
  result<void> set_checkout(std::string_view id, const std::string& checkout, const std::string& url, time now);
  /// The checkout could not be made.
  result<void> drop(std::string_view id);
  /// Rows without a checkout that were begun before that time: a crash cut them off. How many there were.
  result<std::uint64_t> drop_abandoned(time before);
  /// Rows that were not paid in all that time. How many there were, at most `limit`.
  result<std::uint64_t> drop_unpaid(time before, std::uint64_t limit);
  /// Its checkout is over: it will not be paid there.
  result<void> checkout_over(std::string_view id, time now);
  /// The owner's pending and unpaid ones of this kind, newest first.
  result<std::vector<deployment_row>> open_checkouts(std::string_view owner, const deployment_row& like);

  /// Newest first, at most 100.
  result<std::vector<deployment_row>> of_owner(std::string_view owner);
  result<std::optional<deployment_row>> find(std::string_view id);
  /// Paid and not paused, but its function was not started (again): with a name for that start, always the same;
  /// those that were tried least recently.
  struct due_start {
    std::string id;
    std::string name;
  };
  result<std::vector<due_start>> to_start();
  result<void> started(std::string_view id, time now);

  /// Moves on to a status. False: it is over, or there is none.
  result<bool> move(std::string_view id, deployment_status to, std::string_view message, time now);
  result<void> set_bot(std::string_view id, std::string_view bot, time now);
  /// Where it runs, or ("") that there is nothing to take down.
  result<void> set_place(std::string_view id, std::string_view provisioner, std::string_view place,
                         std::string_view provider_url, time now);
  /// What was at this place is taken down. A place that was noted meanwhile stays.
  result<void> clear_place(std::string_view id, std::string_view place, time now);
  /// What a provisioner runs, or is beginning to run, and whose subscription is not paused.
  result<std::vector<deployment_row>> live(std::string_view provisioner);
  /// Over or failed, but something of them is still to be taken down: those that were tried least recently.
  result<std::vector<deployment_row>> to_take_down();
  /// Active, and something of them runs, but their subscription is paused: those that were tried least recently.
  result<std::vector<deployment_row>> to_rest();
  /// It was taken down at that place for the pause; once that is over, it is to be started again.
  result<void> rests(std::string_view id, std::string_view place, time now);
  /// It could not be started or taken down now.
  result<void> try_later(std::string_view id, time now);
  /// The same token, sealed with a newer key.
  result<void> seal_again(std::string_view id, const std::string& before, const std::string& token);
  result<std::vector<deployment_row>> after(std::string_view id, std::uint64_t limit);

 private:
  std::shared_ptr<database> db_;
};

}  // namespace store
}  // namespace v0
}  // namespace texbuild
