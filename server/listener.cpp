#include "server/listener.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

namespace texbuild::server {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

result<std::shared_ptr<listener>> listener::bind(asio::io_context& io, const std::string& address, std::uint16_t port) {
  auto self = std::make_shared<listener>(io);
  boost::system::error_code failed;
  const tcp::endpoint at(asio::ip::make_address(address, failed), port);
  auto& a = self->acceptor_;
  if (!failed) a.open(at.protocol(), failed);
  if (!failed) a.set_option(asio::socket_base::reuse_address(true), failed);
  if (!failed) a.bind(at, failed);
  if (!failed) a.listen(asio::socket_base::max_listen_connections, failed);
  if (failed)
    return error(errc::unavailable, "cannot listen on " + address + ":" + std::to_string(port) + ": " +
                                        failed.message() + "; choose another with --listen");
  self->port_ = a.local_endpoint().port();
  return self;
}

void listener::start(on_socket taken) {
  taken_ = std::move(taken);
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->accept(); });
}

void listener::accept() {
  acceptor_.async_accept(asio::make_strand(io_),
                         [self = shared_from_this()](boost::system::error_code failed, auto socket) {
                           if (failed == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
                           if (!failed) {
                             self->taken_(tcp::socket(std::move(socket)));
                             return self->accept();
                           }
                           // Out of descriptors, most likely: some will be free in a moment.
                           self->pause_.expires_after(std::chrono::milliseconds(100));
                           self->pause_.async_wait([self](boost::system::error_code) { self->accept(); });
                         });
}

void listener::stop() {
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
  });
}

}  // namespace texbuild::server
