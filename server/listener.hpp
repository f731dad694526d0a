// Takes connections, as many as the machine can bear, until it is told to stop.
#pragma once

#include <texbuild/error.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace texbuild::server {

/// Thread safe once started.
class listener : public std::enable_shared_from_this<listener> {
 public:
  /// Gets each connection, on a strand of its own.
  using on_socket = std::function<void(boost::asio::ip::tcp::socket)>;

  /// `errc::unavailable` when the address cannot be bound.
  static result<std::shared_ptr<listener>> bind(boost::asio::io_context& io, const std::string& address,
                                                std::uint16_t port);
  explicit listener(boost::asio::io_context& io)
      : io_(io), acceptor_(boost::asio::make_strand(io)), pause_(acceptor_.get_executor()) {}
  void start(on_socket taken);
  void stop();
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  void accept();

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  on_socket taken_;
  std::uint16_t port_ = 0;
};

}  // namespace texbuild::server
