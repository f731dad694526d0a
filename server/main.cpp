// texbuild-server: the command line around server.hpp.
#include "server/config.hpp"
#include "server/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sys/resource.h>

namespace {

using namespace texbuild;

/// As many descriptors as we are allowed: each connection takes one.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

/// A look-up of a name cannot be ended, and the server waits for it when it stops: not for the half minute that the C
/// library may take.
void bound_look_ups() { (void)::setenv("RES_OPTIONS", "timeout:2 attempts:2", 0); }

void greet(const server::settings& with, const server::web_server& running) {
  const bool v6 = with.address.find(':') != std::string::npos;
  const auto base = "http://" + (v6 ? "[" + with.address + "]" : with.address) + ":" + std::to_string(running.port());
  std::cout << "url: " << base << "/\n";
  if (with.dev)
    std::cout << "DEVELOPMENT MODE: whoever can reach this address can build. Never expose it.\n"
              << "token: " << running.dev_token() << "\n"
              << "try it:\n  curl -X POST " << base << "/api/build -H \"Authorization: Bearer " << running.dev_token()
              << "\" -F file=@project.zip\n";
  std::cout << std::flush;
}

int complain(const error& e, int status) {
  std::cerr << "texbuild-server: " << (e.detail().empty() ? "failed" : e.detail());
  if (!e.cause().empty()) std::cerr << " (" << e.cause() << ")";
  std::cerr << "\n";
  return status;
}

}  // namespace

int main(int count, char** values) {
  std::optional<server::shown_text> shown;
  const auto with = server::read_settings(
      {values + 1, values + count},
      [](const std::string& name) {
        const char* value = std::getenv(name.c_str());
        return std::string(value == nullptr ? "" : value);
      },
      shown);
  if (!with) return complain(with.error(), 2);
  if (shown) {
    std::cout << shown->text;
    return 0;
  }
  raise_descriptor_limit();
  bound_look_ups();
  // Before any thread starts, so that a signal during the start is not lost.
  boost::asio::io_context signals;
  boost::asio::signal_set stop(signals, SIGINT, SIGTERM);
  auto running = server::web_server::start(*with, {}, std::cerr);
  if (!running) return complain(running.error(), running.error().code() == errc::invalid_input ? 2 : 1);
  greet(*with, *running);
  if (with->warm_fonts) running->warm();
  stop.async_wait([](boost::system::error_code, int) {});
  signals.run();
  std::cerr << "texbuild-server: stopping; running builds may finish\n";
  running->stop();
  return 0;
}
