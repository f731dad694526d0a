// What names of configured services led to, so that a name server that is slow or silent for a while stops nobody. Time
// is an argument.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace http {

/// Thread safe.
class address_book {
 public:
  using time = std::chrono::steady_clock::time_point;
  using endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

  struct entry {
    endpoints addresses;
    bool fresh = false;  ///< need not be looked up again
  };
  /// The last good answer for `host:port`, if there was one within the last hour.
  [[nodiscard]] std::optional<entry> find(const std::string& name, time now) const;
  void learn(const std::string& name, endpoints addresses, time now);
  /// The name could not be looked up in good time: the old answer counts for a while before that is tried again.
  void make_do(const std::string& name, time now);

  static constexpr std::chrono::seconds fresh_for{30};
  static constexpr std::chrono::hours good_for{1};
  static constexpr std::size_t most_names = 256;

 private:
  struct known {
    endpoints addresses;
    time learned;
    time fresh_until;
  };
  mutable std::mutex mutex_;
  std::map<std::string, known> names_;
};

}  // namespace http
}  // namespace v0
}  // namespace texbuild
