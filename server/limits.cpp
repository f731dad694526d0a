#include "server/limits.hpp"

#include "server/problem.hpp"
#include "server/text.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace texbuild::server {
namespace {

namespace ip = boost::asio::ip;

// Of requests with no valid token, from one address, a minute.
constexpr std::uint32_t stranger_rate = 60;
// Of requests that need none: several people behind one address may poll.
constexpr std::uint32_t visitor_rate = 600;
// Of one user a minute, whatever the plan.
constexpr std::uint32_t chat_rate = 60;
constexpr std::uint32_t checkout_rate = 5;
constexpr std::uint32_t deployments_rate = 30;

std::string_view name_of(rate_class c) {
  switch (c) {
    case rate_class::create:
      return "create";
    case rate_class::download:
      return "download";
    case rate_class::status:
      return "status";
    case rate_class::chat:
      return "chat";
    case rate_class::checkout:
      return "checkout";
    case rate_class::deployments:
      return "deployments";
    case rate_class::other:
      break;
  }
  return "other";
}

std::uint32_t rate_of(const plan_rates& rates, rate_class c) {
  switch (c) {
    case rate_class::create:
      return rates.create;
    case rate_class::download:
      return rates.download;
    case rate_class::status:
      return rates.status;
    case rate_class::chat:
      return chat_rate;
    case rate_class::checkout:
      return checkout_rate;
    case rate_class::deployments:
      return deployments_rate;
    case rate_class::other:
      break;
  }
  return rates.other;
}

/// An IPv4 address that came in an IPv6 one is IPv4.
std::optional<ip::address> parse_address(std::string_view text) {
  boost::system::error_code failed;
  const auto address = ip::make_address(std::string(text), failed);
  if (failed) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

}  // namespace

std::optional<reply> limits::count(request& r, const std::string& key, std::uint32_t per_minute) const {
  const auto decision = counter_.take(key, rate(per_minute));
  if (!decision) {
    log_.write(log_level::error, "a rate limit could not be counted: " + decision.error().cause());
    return std::nullopt;
  }
  r.limited = *decision;
  if (decision->allowed) return std::nullopt;
  const auto wait = decision->retry_after;
  return problem(error(errc::rate_limited, "Please try again in " + std::to_string(wait.count()) + " seconds")
                     .with_retry_after(wait));
}

std::optional<reply> limits::count_user(request& r, std::string_view user, rate_class as) const {
  const auto quota = builds_.quota(user);
  const auto rates = quota ? quota->allowed.rates : plan_rates();
  return count(r, "user:" + std::string(name_of(as)) + ":" + std::string(user), rate_of(rates, as));
}

std::optional<reply> limits::count_stranger(request& r) const { return count(r, "address:" + r.client, stranger_rate); }

std::optional<reply> limits::count_visitor(request& r) const { return count(r, "visitor:" + r.client, visitor_rate); }

void limits::sweep() const {
  if (const auto done = counter_.sweep(); !done)
    log_.write(log_level::error, "old rate limits could not be removed: " + done.error().cause());
}

std::string client_of(std::string_view peer, std::string_view forwarded_for, const std::vector<std::string>& proxies) {
  auto address = parse_address(peer);
  const auto is_proxy = [&](const ip::address& a) {
    return std::any_of(proxies.begin(), proxies.end(), [&](const auto& p) { return parse_address(p) == a; });
  };
  auto hops = split(forwarded_for, ',');
  while (address && is_proxy(*address) && !hops.empty()) {
    const auto before = parse_address(hops.back());
    if (!before) break;  // what a client wrote itself, perhaps
    address = before;
    hops.pop_back();
  }
  if (!address) return std::string(peer);
  if (address->is_v4()) return address->to_string();
  auto bytes = address->to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return ip::make_address_v6(bytes).to_string() + "/64";
}

}  // namespace texbuild::server
