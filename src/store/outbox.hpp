// Webhooks to be sent: endpoints, and the messages that wait for them. A message is written where a build ends (see
// `move` in rows.hpp). Every method is one transaction. Time is an argument. Blocks on the disk: call it from a pool.
#pragma once

#include "src/store/rows.hpp"

#include <texbuild/notifier.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace store {

/// Writes a message for each endpoint of the build's owner, in the transaction that ended it.
void announce(statements& s, const build_info& info, time now);

/// One attempt to be made. Until `settle`, and for as long as the lease, the endpoint is asked nothing else.
struct outgoing_message {
  std::string id;
  std::string endpoint;
  std::string url;
  std::string secret;
  std::string body;
  int attempt = 0;  ///< 1 for the first; proves to `settle` that no later one was begun
};

/// What came of an attempt.
struct delivery {
  int status = 0;
  std::string error;                          ///< "" for a success
  std::optional<std::chrono::seconds> retry;  ///< of a failure: when it is tried again; else it is dropped
  std::chrono::seconds pause{0};              ///< of a failure: nothing is sent to this endpoint for that long
  bool gone = false;                          ///< the endpoint wants nothing any more
};

class outbox {
 public:
  explicit outbox(std::shared_ptr<database> db) : db_(std::move(db)) {}
  result<void> migrate();

  /// Errors as `notifier::add`.
  result<void> add(std::string_view owner, const webhook_endpoint& what, time now);
  result<std::vector<webhook_endpoint>> list(std::string_view owner);
  /// False: the owner has none with this id.
  result<bool> remove(std::string_view owner, std::string_view id, time now);

  /// The endpoint that is due for longest, and the message of it that is.
  result<std::optional<outgoing_message>> claim(time now, std::chrono::seconds lease);
  /// Nothing if the endpoint or the message is gone, or a later attempt has begun.
  result<void> settle(const outgoing_message& what, const delivery& came, std::chrono::seconds patience, time now);

 private:
  std::shared_ptr<database> db_;
};

}  // namespace store
}  // namespace v0
}  // namespace texbuild
