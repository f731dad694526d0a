// The server's own log: one line an event on stderr. Never holds a token, a query or a body.
#pragma once

#include <texbuild/environment.hpp>

#include <memory>
#include <mutex>
#include <ostream>
#include <string_view>

namespace texbuild::server {

enum class log_level { off, error, info, debug };

/// Thread safe.
class logger {
 public:
  logger(log_level level, std::ostream& out, std::shared_ptr<clock> time)
      : level_(level), out_(out), time_(std::move(time)) {}
  /// Control characters in `text` are replaced: nobody can write lines of his own into the log.
  void write(log_level level, std::string_view text);
  [[nodiscard]] bool wants(log_level level) const noexcept { return level <= level_ && level != log_level::off; }

 private:
  log_level level_;
  std::ostream& out_;
  std::shared_ptr<clock> time_;
  std::mutex mutex_;
};

}  // namespace texbuild::server
