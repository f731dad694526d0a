// What the server runs beside builds: accounts, the storefront, assistants, and durable functions; opened, kept going
// and stopped together.
#pragma once

#include "server/config.hpp"
#include "server/log.hpp"

#include <texbuild/accounts.hpp>
#include <texbuild/assistants.hpp>
#include <texbuild/chat.hpp>
#include <texbuild/environment.hpp>
#include <texbuild/function_runner.hpp>
#include <texbuild/inngest.hpp>
#include <texbuild/storefront.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace texbuild::server {

/// Thread safe once it is started.
class platform {
 public:
  /// `parts` has to have the engine's database, an HTTP client, a pool for what waits for the database alone, and a
  /// loop; `with.chat.admission` is for what may wait for Polar; `port` was bound.
  static result<std::unique_ptr<platform>> open(const settings& with, environment parts, std::uint16_t port,
                                                logger& log);
  platform(const platform&) = delete;
  platform& operator=(const platform&) = delete;
  ~platform();

  /// Begins to run functions, and to look after what was bought.
  void start();
  /// Now and then: what webhooks and crashes left, and what is old.
  void sweep(const std::stop_token& stop);
  /// Begins to stop; returns at once.
  void request_stop();
  /// Lets steps that run end. Assistants on this machine are told to end, too.
  void stop();

  [[nodiscard]] accounts& users() noexcept { return *users_; }
  [[nodiscard]] storefront& shop() noexcept { return *shop_; }
  [[nodiscard]] chat& talk() noexcept { return *talk_; }
  [[nodiscard]] assistants& bots() noexcept { return *bots_; }
  [[nodiscard]] bool serves_inngest() const noexcept { return !runner_; }
  [[nodiscard]] const inngest_endpoint& functions() const noexcept { return *inngest_; }

 private:
  explicit platform(logger& log) : log_(log) {}
  result<void> open_parts(const settings& with, const environment& parts, std::uint16_t port);
  result<void> open_chat(const settings& with, const environment& parts);
  [[nodiscard]] event_sink& events() noexcept;
  /// Does something, rests, and so on until it is time to stop.
  void keep_doing(const std::stop_token& stop, const char* what, std::chrono::seconds rest,
                  const std::function<result<void>()>& act);
  void run_functions(const std::stop_token& stop);
  void complain(const char* what, const error& e);

  logger& log_;
  std::optional<accounts> users_;
  std::optional<storefront> shop_;
  std::optional<chat> talk_;
  std::optional<assistants> bots_;
  std::optional<inngest_endpoint> inngest_;
  std::optional<function_runner> runner_;  // none: Inngest runs the functions
  bool sealed_again_ = false;              // in `sweep` alone
  std::mutex complaining_;
  std::map<std::string, std::string> last_complaints_;  // by what they are about
  std::jthread beginning_;                              // of what was paid
  std::jthread tending_;                                // of assistants
  std::jthread settling_;                               // of chat
  std::jthread telling_;                                // Polar of uses
  std::jthread running_;                                // functions
};

}  // namespace texbuild::server
