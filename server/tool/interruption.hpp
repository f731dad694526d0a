// Ctrl-C and its like as a stop token.
#pragma once

#include <memory>
#include <stop_token>

namespace texbuild_tool {

/// From construction on, the first SIGINT, SIGTERM or SIGHUP asks for the end; a second one ends the program at once
/// (the sandbox's processes die with it). One object per program.
class interruption {
 public:
  interruption();
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;
  ~interruption();

  [[nodiscard]] std::stop_token token() const;
  /// 128 plus the number of the signal that came; 0 if none did.
  [[nodiscard]] int exit_code() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace texbuild_tool
