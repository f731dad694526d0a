// From a reservation to a charge: the ledger and the host's hooks brought together. What it does blocks on the
// database.
#pragma once

#include "src/chat/request.hpp"
#include "src/store/chat_ledger.hpp"

#include <texbuild/chat.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {

/// Thread safe.
class meter {
 public:
  meter(chat_hooks hooks, std::shared_ptr<database> db, std::shared_ptr<clock> time, entropy& random);

  result<void> open();
  /// The reservation's id, or why the user may not go on; then nothing is left of it.
  result<std::string> admit(std::string_view user, const chat_request& asked);
  /// Ends a request that costs nothing.
  void release(const std::string& id);
  /// Ends a request that took this much; the charge, if it is the first to say so.
  std::optional<store::settled_chat> settle(const std::string& id, const store::chat_tokens& took);
  /// Hands a charge to the host. One that fails is tried again by `sweep`.
  result<void> charge(const store::settled_chat& what);
  result<std::uint64_t> sweep(const std::stop_token& stop);
  void note(const std::string& line) const;

 private:
  result<void> check_balance(std::string_view user, const std::string& id);
  [[nodiscard]] store::time now() const { return time_->now(); }

  chat_hooks hooks_;
  store::chat_ledger ledger_;
  std::shared_ptr<clock> time_;
  entropy& random_;
  std::string holder_;
  std::mutex mutex_;
  std::map<std::string, store::chat_tokens> unsettled_;  // the database failed when they ended
};

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
