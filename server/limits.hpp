// How often somebody may ask: by user and class of request, as the plan says; by address for those without a name.
#pragma once

#include "server/exchange.hpp"
#include "server/log.hpp"
#include "server/router.hpp"

#include <texbuild/engine.hpp>
#include <texbuild/rate_limit.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild::server {

/// Thread safe. Blocks on the database. When that fails, requests pass: a limit that cannot be counted is no reason to
/// refuse everybody.
class limits {
 public:
  limits(rate_limiter counter, engine& builds, logger& log)
      : counter_(std::move(counter)), builds_(builds), log_(log) {}

  /// Counts a request of a known user; a reply is a refusal. Notes in the request what the client is told.
  std::optional<reply> count_user(request& r, std::string_view user, rate_class as) const;
  /// Counts one that could not say who it is. The refusal takes the place of the one that it would get.
  std::optional<reply> count_stranger(request& r) const;
  /// Counts one that needs no name, such as a page that asks how a deployment stands.
  std::optional<reply> count_visitor(request& r) const;
  void sweep() const;

 private:
  std::optional<reply> count(request& r, const std::string& key, std::uint32_t per_minute) const;
  rate_limiter counter_;
  engine& builds_;
  logger& log_;
};

/// The address that a connection stands for: the peer's own, or, when that is one of our proxies, the one that the last
/// proxy which is not ours saw. Of IPv6 the network (/64), which is what one client has.
std::string client_of(std::string_view peer, std::string_view forwarded_for, const std::vector<std::string>& proxies);

}  // namespace texbuild::server
