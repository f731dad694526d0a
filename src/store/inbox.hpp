// Webhooks received: stored before they are answered, applied after. Being stored once is also what makes a second
// delivery harmless. Every method is one transaction. Blocks on the disk: call it from a pool.
#pragma once

#include "src/store/rows.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace store {

/// A verified webhook that is not applied yet.
struct received_event {
  std::string id;
  std::string body;
  time received_at;
};

/// What came from one service.
class inbox {
 public:
  inbox(std::shared_ptr<database> db, std::string provider) : db_(std::move(db)), provider_(std::move(provider)) {}

  /// False: it was there.
  result<bool> receive(std::string_view event_id, std::string_view body, time now);
  /// Has everything applied that waits, oldest first, one at a time: `apply` calls `take`, or the event is set aside.
  /// How many there were. One that fails holds up no other: it is tried again the next time, and set aside after many
  /// times; then the first error is given back when all have been tried.
  result<std::uint64_t> apply_all(const std::function<result<void>(const received_event&)>& apply, time now);
  /// An event that can never be applied is kept for whoever looks, and not tried again.
  result<void> set_aside(std::string_view event_id, std::string_view why);
  /// Events that were received before that time and wait for nothing. How many there were.
  result<std::uint64_t> forget(time received_before, std::uint64_t limit);

  /// In the transaction that applies it: false when that was done before.
  [[nodiscard]] bool take(statements& s, std::string_view event_id) const;
  /// In the same, for whoever looks.
  void note(statements& s, std::string_view event_id, std::string_view what) const;

 private:
  result<std::vector<received_event>> waiting_after(const received_event& last);
  result<void> failed(const received_event& event, const error& why, time now);
  std::shared_ptr<database> db_;
  std::string provider_;
  std::mutex applying_;
};

}  // namespace store
}  // namespace v0
}  // namespace texbuild
