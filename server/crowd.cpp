#include "server/crowd.hpp"

#include <algorithm>
#include <utility>

namespace texbuild::server {
namespace {

namespace ip = boost::asio::ip;

ip::address plain(const ip::address& a) {
  if (a.is_v6() && a.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, a.to_v6());
  return a;
}

std::string key_of(const ip::address& a) {
  if (a.is_v4()) return a.to_string();
  auto bytes = a.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return ip::address_v6(bytes).to_string();
}

}  // namespace

crowd::crowd(std::size_t most, std::vector<std::string> unlimited) : most_(most), unlimited_(std::move(unlimited)) {}

std::shared_ptr<void> crowd::enter(const ip::address& from) {
  const auto address = plain(from);
  const bool many_clients =
      address.is_loopback() || std::find(unlimited_.begin(), unlimited_.end(), address.to_string()) != unlimited_.end();
  if (many_clients) return std::make_shared<char>();
  auto key = key_of(address);
  const std::scoped_lock lock(state_->mutex);
  auto& taken = state_->places[key];
  if (taken >= most_) return nullptr;
  ++taken;
  return {state_.get(), [in = state_, key = std::move(key)](void*) {
            const std::scoped_lock held(in->mutex);
            const auto found = in->places.find(key);
            if (--found->second == 0) in->places.erase(found);
          }};
}

}  // namespace texbuild::server
