// The server as a class that a test constructs; main.cpp is the command line around it.
#pragma once

#include "server/config.hpp"

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>

namespace texbuild::server {

/// A running server. Thread safe.
class web_server {
 public:
  /// Opens the engine, binds the address and starts to answer. `parts` replaces what a test wants to control; `log` has
  /// to outlive the server. `errc::unavailable`, `errc::invalid_input`.
  static result<web_server> start(settings with, environment parts, std::ostream& log);
  web_server(web_server&&) noexcept;
  web_server& operator=(web_server&&) noexcept;
  /// Stops, if `stop` was not called.
  ~web_server();

  /// Makes LuaTeX's font cache in the background, so that no build pays for it; at once done when it is there. Once.
  void warm();
  /// Takes no more connections, lets requests and builds come to their end for a while, hands back what still runs.
  /// Blocks for less than 30 seconds.
  void stop();

  [[nodiscard]] std::uint16_t port() const noexcept;
  /// With `dev`: a token that is good for a week. Else "".
  [[nodiscard]] const std::string& dev_token() const noexcept;

  struct impl;

 private:
  explicit web_server(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace texbuild::server
