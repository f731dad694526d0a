/// @file
/// Assistants: chat bots that customers have bought, from their payment to the end of their subscription.
///
/// Once the storefront (texbuild/storefront.hpp, over the same database) has marked a deployment as paid, a durable
/// function sets it up: it asks Telegram whether the bot's token is good, has a provisioner run the bot, and says how
/// that ended. The bot answers through this server's own API with a key of its own.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>
#include <texbuild/functions.hpp>
#include <texbuild/secret_box.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Where a deployment stands. Do not change the values: they are stored.
enum class deployment_status {
  pending = 0,    ///< waits for its payment, or to be set up
  deploying = 1,  ///< is being set up
  active = 2,     ///< runs
  failed = 3,     ///< could not be set up, was never paid, or is over; `error_message` says which
};
TEXBUILD_API std::string_view to_string(deployment_status status) noexcept;

/// A deployment, as far as its owner may see it: no token, no key.
struct deployment {
  using time_point = std::chrono::system_clock::time_point;

  std::string id;  ///< a UUID
  std::string model;
  std::string channel;
  deployment_status status = deployment_status::pending;
  std::string provider_url;   ///< where it runs; "" if that is nobody's business
  std::string error_message;  ///< of a failed one
  std::string bot;            ///< the bot's name at Telegram, "" before it is known
  time_point created_at;
  time_point updated_at;

  deployment() = default;
};

/// What a provisioner is to run. Holds secrets: not for logs.
struct assistant_job {
  std::string deployment;
  std::string channel;
  std::string model;
  std::string channel_token;
  std::string api_url;  ///< of this server
  std::string api_key;  ///< for that, and for nothing but this deployment

  assistant_job() = default;
};

/// Where something runs.
struct assistant_place {
  std::string name;  ///< what the provisioner calls it, not ""
  std::string url;   ///< for the owner to see; "" for none

  assistant_place() = default;
  explicit assistant_place(std::string n, std::string u = {}) : name(std::move(n)), url(std::move(u)) {}
};

/// Runs assistants somewhere. Thread safe. Blocks: called from a pool.
class TEXBUILD_API assistant_provisioner {
 public:
  /// Told of a place as soon as there is something that would have to be taken down.
  using note = std::function<result<void>(const assistant_place&)>;

  virtual ~assistant_provisioner() = default;
  /// Stored with the deployment: "local", "akash".
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// Runs it; when this returns success, it answers. What an error says is shown to the owner.
  virtual result<assistant_place> start(const assistant_job& job, const note& began) = 0;
  /// Takes down what `start` made, as a whole or in part; no error if it is gone.
  virtual result<void> stop(std::string_view deployment, std::string_view place) = 0;
  /// Just these are to run, after a restart of the server too, as far as that is this provisioner's to do: Akash keeps
  /// its own running. Called every second or so.
  virtual result<void> keep(const std::vector<assistant_job>& jobs) = 0;
  /// What it runs goes on by itself, so that `keep` need not be called: jobs are not made every second then, each with
  /// its secrets.
  [[nodiscard]] virtual bool goes_on_alone() const noexcept { return false; }
  /// The process is about to end: what waits in `start` gives up (`errc::canceled`). For good.
  virtual void stop_waiting() = 0;
};

/// Settings of the provisioner on this machine.
struct local_provisioner_options {
  std::string program;                     ///< of the assistant
  std::chrono::seconds ready_within{20};   ///< after its start it says that it is
  std::chrono::seconds first_pause{1};     ///< before it is started again; doubled each time, up to
  std::chrono::seconds longest_pause{60};  ///< this; as new after it ran for that long
  /// Gets what an assistant writes, line by line, on a thread of its own: for a log. May be empty.
  std::function<void(std::string_view deployment, std::string_view line)> output;

  local_provisioner_options() = default;
};

/// Each assistant is a child process of this one, which starts it again when it ends and takes it along when it dies
/// itself. The program gets TEXBUILD_API_URL, TEXBUILD_API_KEY, TEXBUILD_MODEL and TELEGRAM_BOT_TOKEN as its only
/// environment (and TELEGRAM_API_URL, if `telegram_url` is another), and says "ready" on a line of its own.
TEXBUILD_API std::shared_ptr<assistant_provisioner> make_local_provisioner(local_provisioner_options options,
                                                                           std::string telegram_url, environment parts);

/// Settings of the provisioner at Akash, by its Console API.
struct akash_options {
  std::string api_key;
  std::string api_url = "https://console-api.akash.network";
  std::string image;  ///< a container image of the assistant
  double deposit_dollars = 5;
  /// What bids are made in: "uact" is a millionth of a dollar. The console puts its own there if that is another.
  std::string denom = "uact";
  /// The highest bid that is taken, for a block of about six seconds: 100 uact are about 43 dollars a month.
  std::uint64_t most_per_block = 100;
  std::chrono::seconds bids_within{25};
  std::chrono::milliseconds pause{3000};                               ///< between two looks
  std::chrono::milliseconds timeout{std::chrono::seconds(15)};         ///< of one call
  std::chrono::milliseconds create_timeout{std::chrono::seconds(30)};  ///< of the one that costs a deposit

  akash_options() = default;
};

/// Each assistant is a deployment at Akash: a lease with the cheapest provider that takes it. The account has to be
/// this program's alone: after a crash in the middle of a start, deployments without a lease are closed.
/// Source of the wire facts: Akash Console API, its reference.
TEXBUILD_API std::shared_ptr<assistant_provisioner> make_akash_provisioner(akash_options options, environment parts);

/// Settings of assistants.
struct assistants_options {
  std::string api_url = "http://127.0.0.1:9000";  ///< where an assistant reaches this server
  std::string telegram_url = "https://api.telegram.org";
  std::chrono::milliseconds telegram_timeout{std::chrono::seconds(5)};
  std::vector<std::string> keys;  ///< secrets of at least 32 bytes that assistants' keys are made of, newest first
  /// The first one runs new deployments; the others only take down what they still run.
  std::vector<std::shared_ptr<assistant_provisioner>> provisioners;

  assistants_options() = default;
};

/// Deployments over one database, the engine's. Thread safe. Blocks: call it from a pool.
class TEXBUILD_API assistants {
 public:
  /// The event that starts the function; its data is {"deployment_id"}.
  static constexpr std::string_view requested_event = "deployment/requested";
  static constexpr std::string_view completed_event = "deployment/completed";
  static constexpr std::string_view failed_event = "deployment/failed";

  /// `parts` has to have `db` and `http`. `box` is the storefront's. `errc::invalid_input`.
  static result<assistants> open(assistants_options options, secret_box box, environment parts);
  assistants(assistants&&) noexcept;
  assistants& operator=(assistants&&) noexcept;
  ~assistants();

  /// The function that sets a deployment up: three attempts for each step, then it has failed, and what was begun is
  /// taken down. Add it to a host; it uses this object, which has to outlive the host's runners.
  result<void> add_functions(function_host& host);

  /// The user's, newest first, at most 100.
  result<std::vector<deployment>> list(std::string_view user);
  /// `errc::not_found`. Of an active one whose bot has no name yet, Telegram is asked, for 2 seconds at most.
  result<deployment> find(std::string_view id);

  /// The key with which a deployment's assistant calls the API on its owner's behalf.
  [[nodiscard]] std::string key_of(std::string_view deployment) const;
  /// Whether this looks like such a key, as opposed to a session token.
  [[nodiscard]] static bool is_key(std::string_view bearer) noexcept;
  /// The user on whose behalf. `errc::unauthorized`: no such key, or the deployment is not one that is to run now: its
  /// subscription is over, or paused.
  result<std::string> verify_key(std::string_view bearer);

  /// Sends the event for each deployment that was paid and not begun, or whose pause is over; once, whatever happens in
  /// between. One that fails holds up no other; the first error is told at the end.
  result<std::uint64_t> start_paid(event_sink& events);
  /// Has the provisioner run what is to run, and takes down what is over, or paused: that is begun again by
  /// `start_paid` when its pause is over. Call it every second or so.
  result<void> supervise(const std::stop_token& stop = {});
  /// The process is about to end: a function that waits for a provisioner gives up, and goes on in the next process.
  void stop_waiting();
  /// Seals tokens with the newest key that are sealed with an older one. How many those were. Call it at the start.
  result<std::uint64_t> seal_again();

  struct impl;

 private:
  explicit assistants(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace v0
}  // namespace texbuild
