// What chat requests take: reserved before a request goes out, settled when it has ended, kept until it is charged. So
// a crash at any moment leaves a row that says what there is to charge. Every method is one transaction. Time is an
// argument. Blocks on the disk: call it from a pool.
#pragma once

#include "src/policy/token_bucket.hpp"
#include "src/store/rows.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace store {

/// Tokens of a request, as estimated or as it turned out.
struct chat_tokens {
  std::int64_t prompt = 0;
  std::int64_t completion = 0;
  bool estimated = false;

  [[nodiscard]] std::int64_t sum() const noexcept { return prompt + completion; }
};

struct chat_reservation {
  std::string id;
  std::string owner;
  std::string holder;  ///< the process
  std::string model;
  chat_tokens tokens;
  std::int64_t per_hour = 0;  ///< the capacity of the owner's bucket
};

/// A request that has ended and is not charged yet.
struct settled_chat {
  std::string id;
  std::string owner;
  std::string model;
  chat_tokens tokens;
};

class chat_ledger {
 public:
  explicit chat_ledger(std::shared_ptr<database> db) : db_(std::move(db)) {}
  result<void> migrate();

  /// Takes the estimate from the owner's bucket and remembers the request; refused, it leaves nothing.
  result<policy::bucket_step> reserve(const chat_reservation& what, time now);
  /// Tokens of the owner's requests that came before this one and are not charged yet.
  result<std::int64_t> ahead_of(std::string_view id);
  /// Forgets a request that is not to be charged, and gives back what it took.
  result<void> release(std::string_view id, time now);
  /// Once for each request: what it really took; its bucket is settled too. Empty: it was settled or released before.
  result<std::optional<settled_chat>> settle(std::string_view id, const chat_tokens& took, time now);
  /// Forgets a request that is charged.
  result<void> charged(std::string_view id);

  /// Settled ones that nobody has charged since `before`, oldest first.
  result<std::vector<settled_chat>> uncharged(time before, std::uint64_t limit);
  /// Says that this process lives.
  result<void> keep_alive(std::string_view holder, time until);
  /// Settles by their estimates what processes had under way that live no more. How many.
  result<std::uint64_t> settle_abandoned(time now, std::uint64_t limit);

 private:
  std::shared_ptr<database> db_;
};

}  // namespace store
}  // namespace v0
}  // namespace texbuild
