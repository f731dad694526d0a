// Watches one running command from outside: its output, its limits, its end.
#pragma once

#include "src/base/descriptor.hpp"

#include <texbuild/process.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <sys/types.h>

namespace texbuild {
inline namespace v0 {
namespace process {

/// What is watched.
struct watched_tree {
  pid_t root = 0;         ///< it and all below it count
  std::uint32_t own = 0;  ///< processes of it that are ours, and not the command's
  /// It was there before the command and outlives it: what it used before does not count, and `ended` does not wait for
  /// the output to be closed by all who hold it.
  bool stays = false;
  std::function<void()> kill;  ///< ends all of it
};

/// One command from start to end. All handlers run on the thread that calls `finish`.
class supervision {
 public:
  supervision(const command& what, const output_sink& output);

  /// Whoever waits for the end does so on this, and calls `ended`.
  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
  /// Call before `finish`: the command runs, and its output comes from `output`.
  void begin(watched_tree tree, descriptor output);
  /// It is over, with the exit status that a shell would give: 128 and the signal for one that was killed.
  void ended(int status);
  /// Blocks until then. What is left in the pipe is read too.
  process_result finish(const std::stop_token& stop);

 private:
  void read_output();
  void take_output(std::size_t bytes);
  void sample();
  void sample_disk(std::chrono::steady_clock::time_point now);
  void sample_stopped(std::chrono::steady_clock::time_point now);
  void read_what_is_there();
  void end(limit_kind why);

  const command& what_;
  const output_sink& output_;
  boost::asio::io_context context_{1};
  boost::asio::posix::stream_descriptor out_{context_};
  boost::asio::steady_timer wall_{context_};
  boost::asio::steady_timer sampler_{context_};
  watched_tree tree_;
  std::array<char, 16384> chunk_{};
  std::uint64_t output_bytes_ = 0;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point next_disk_;
  std::chrono::steady_clock::time_point next_stopped_;
  std::chrono::milliseconds cpu_before_{0};
  std::uint64_t stopped_bytes_ = 0;
  bool ending_ = false;
  bool ended_ = false;
  process_result result_;
};

}  // namespace process
}  // namespace v0
}  // namespace texbuild
