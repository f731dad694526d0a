// How many connections each address has: one of them alone does not take all that there are.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace texbuild::server {

/// Thread safe. Places may outlive it.
class crowd {
 public:
  /// Behind `unlimited` addresses (proxies), as behind those of this machine, there are many clients.
  crowd(std::size_t most, std::vector<std::string> unlimited);
  /// A place for as long as it is held; null: this address has all that it gets. An IPv6 network of 64 bits is one
  /// address: whoever has one has all of them.
  [[nodiscard]] std::shared_ptr<void> enter(const boost::asio::ip::address& from);

 private:
  struct state {
    std::mutex mutex;
    std::map<std::string, std::size_t> places;
  };
  std::size_t most_;
  std::vector<std::string> unlimited_;
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

}  // namespace texbuild::server
