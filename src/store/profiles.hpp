// Who users are, from Clerk. Every method is one transaction. Time is an argument. Blocks on the disk: call it from a
// pool.
#pragma once

#include "src/store/inbox.hpp"

#include <texbuild/accounts.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace store {

class profiles {
 public:
  explicit profiles(std::shared_ptr<database> db) : db_(std::move(db)) {}
  result<void> migrate();

  /// The effect of a webhook, and that it happened, in one step; nothing if it happened before.
  result<void> apply(const inbox& from, std::string_view event_id, const clerk_event& event, time now);
  /// What Clerk said when it was asked.
  result<void> learn(const clerk_user& user, time now);
  /// Empty: nothing is known, so that Clerk may be asked. "": there is none.
  result<std::optional<std::string>> email_of(std::string_view owner);

 private:
  std::shared_ptr<database> db_;
};

}  // namespace store
}  // namespace v0
}  // namespace texbuild
