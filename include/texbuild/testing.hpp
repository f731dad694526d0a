/// @file
/// Fakes for your tests and ours: component `texbuild::testing`.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/http.hpp>
#include <texbuild/process.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace testing {

/// A clock that moves when the test says so. Thread safe.
class TEXBUILD_API manual_clock final : public clock {
 public:
  explicit manual_clock(std::chrono::system_clock::time_point start);
  [[nodiscard]] std::chrono::system_clock::time_point now() const override;
  [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override;
  void advance(std::chrono::milliseconds by);

 private:
  mutable std::mutex mutex_;
  std::chrono::system_clock::time_point now_;
  std::chrono::steady_clock::time_point steady_;
};

/// The same bytes in every run. Thread safe. Never for secrets.
class TEXBUILD_API fixed_entropy final : public entropy {
 public:
  explicit fixed_entropy(std::uint64_t seed = 1) : state_(seed) {}
  void fill(std::span<std::byte> out) override;

 private:
  std::mutex mutex_;
  std::uint64_t state_;
};

/// Runs no process: records each command and lets a function act for it (write files below `command::root`).
class TEXBUILD_API scripted_processes final : public process_runner {
 public:
  using script = std::function<result<process_result>(const command&, const output_sink&, std::stop_token)>;
  explicit scripted_processes(script act) : act_(std::move(act)) {}
  result<process_result> run(const command& what, const output_sink& output, std::stop_token stop) override;
  [[nodiscard]] std::vector<command> commands() const;

 private:
  mutable std::mutex mutex_;
  std::vector<command> commands_;
  script act_;
};

/// Sends nothing: a function answers each request, on a thread of the executor, where it may take its time.
class TEXBUILD_API scripted_http final : public http_client {
 public:
  using script = std::function<result<http_response>(const http_request&)>;
  scripted_http(boost::asio::any_io_executor executor, script act)
      : executor_(std::move(executor)), act_(std::move(act)) {}
  /// With pieces: what `async_open` gives one after the other, an empty one at the end. Without (or when they are an
  /// empty function) the body of the answer comes as one piece.
  using pieces = std::function<result<std::string>()>;
  using stream_script = std::function<pieces(const http_request&)>;
  scripted_http(boost::asio::any_io_executor executor, script act, stream_script stream)
      : executor_(std::move(executor)), act_(std::move(act)), stream_(std::move(stream)) {}
  void async_send(http_request request, handler done) override;
  void async_open(http_request request, stream_handler done) override;

 private:
  boost::asio::any_io_executor executor_;
  script act_;
  stream_script stream_;
};

}  // namespace testing
}  // namespace v0
}  // namespace texbuild
