/// @file
/// Everything that the library needs from the outside world. The defaults are the real ones; a test, or a host with its
/// own ideas, replaces what it wants to control.
#pragma once

#include <texbuild/error.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

namespace texbuild {
inline namespace v0 {

class blob_store;
class database;
class http_client;
class process_runner;

/// Wall time, as a seam. Thread safe.
class TEXBUILD_API clock {
 public:
  virtual ~clock() = default;
  /// Wall time. All times that are stored or shown come from here.
  [[nodiscard]] virtual std::chrono::system_clock::time_point now() const = 0;
  /// Time that never steps back, for durations.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point steady_now() const = 0;
};

/// Random bytes fit for keys and ids, as a seam. Thread safe.
class TEXBUILD_API entropy {
 public:
  virtual ~entropy() = default;
  /// Fills `out`. There is no failure: a system without randomness ends the program.
  virtual void fill(std::span<std::byte> out) = 0;
};

/// The parts that an engine works with. An empty member means: the real one, made from `engine_options`.
/// Shared ownership: the engine keeps what it was given for as long as it lives.
struct environment {
  std::shared_ptr<texbuild::clock> time;                ///< default `system_clock()`
  std::shared_ptr<texbuild::entropy> random;            ///< default `system_entropy()`
  std::shared_ptr<texbuild::http_client> http;          ///< every outbound request
  std::shared_ptr<texbuild::process_runner> processes;  ///< every child process; default: sandboxed
  std::shared_ptr<texbuild::database> db;               ///< default: SQLite in the data folder
  std::shared_ptr<texbuild::blob_store> blobs;          ///< default: a folder in the data folder
  /// Where the engine's state lives; made serial by the engine itself. Empty: threads of the engine's own.
  boost::asio::any_io_executor loop;
  /// Where blocking work runs. Empty: threads of the engine's own.
  boost::asio::any_io_executor pool;
};

/// The machine's clocks.
TEXBUILD_API std::shared_ptr<clock> system_clock();
/// The kernel's generator (OpenSSL's, seeded by it).
TEXBUILD_API std::shared_ptr<entropy> system_entropy();

}  // namespace v0
}  // namespace texbuild
