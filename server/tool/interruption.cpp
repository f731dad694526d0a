#include "server/tool/interruption.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <atomic>
#include <csignal>
#include <thread>
#include <unistd.h>

namespace texbuild_tool {

struct interruption::impl {
  boost::asio::io_context context{1};
  boost::asio::signal_set signals{context, SIGINT, SIGTERM, SIGHUP};
  std::stop_source stop;
  std::atomic<int> signal{0};
  std::jthread thread;  // last: ends before what it uses

  void listen() {
    signals.async_wait([this](boost::system::error_code failed, int number) {
      if (failed) return;
      signal = number;
      listen_again();
      // Elsewhere: stopping a build takes a moment, and the next signal is not to wait for it.
      stopper = std::jthread([this] { stop.request_stop(); });
    });
  }
  void listen_again() {
    signals.async_wait([](boost::system::error_code failed, int number) {
      if (!failed) ::_exit(128 + number);
    });
  }
  std::jthread stopper;
};

interruption::interruption() : impl_(std::make_unique<impl>()) {
  impl_->listen();
  impl_->thread = std::jthread([self = impl_.get()] { self->context.run(); });
}

interruption::~interruption() {
  impl_->context.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

std::stop_token interruption::token() const { return impl_->stop.get_token(); }

int interruption::exit_code() const {
  const int number = impl_->signal;
  return number == 0 ? 0 : 128 + number;
}

}  // namespace texbuild_tool
