/// @file
/// Selling assistants at Polar: checkouts, customers, what its webhooks say, and the credit for a language model.
///
/// A deployment begins as a checkout; the webhook of its payment marks it as paid, once, in whatever order and however
/// often webhooks come. What happens then is in texbuild/assistants.hpp, over the same database.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>
#include <texbuild/polar.hpp>
#include <texbuild/secret_box.hpp>
#include <texbuild/webhook.hpp>

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

/// What is sold.
struct assistant_tier {
  std::string name;
  std::int64_t credit_dollars = 0;   ///< of a language model, in a billing period
  std::int64_t tokens_per_hour = 0;  ///< at most
  std::string polar_product;         ///< "" if it is not sold

  assistant_tier() = default;
  assistant_tier(std::string n, std::int64_t credit, std::int64_t tokens)
      : name(std::move(n)), credit_dollars(credit), tokens_per_hour(tokens) {}
};

/// starter (10 dollars, 100 000 tokens an hour), pro (20, 500 000), business (60, 2 000 000); none of them for sale.
TEXBUILD_API std::vector<assistant_tier> default_assistant_tiers();

/// Tokens for one dollar.
constexpr std::int64_t tokens_per_dollar = 100'000;

/// Settings of a storefront.
struct storefront_options {
  std::optional<polar_account> polar;                             ///< empty: nothing can be bought
  std::string webhook_secret;                                     ///< "": webhooks are refused
  std::vector<assistant_tier> tiers = default_assistant_tiers();  ///< the first is what counts without any purchase
  std::vector<std::string> channels{"telegram"};                  ///< those that somebody can run an assistant for
  std::vector<std::string> models{"minimax-m2.5", "gpt-3.2", "gemini-3-flash"};
  std::string success_url;  ///< where Polar sends a customer who has paid; "" for its own page
  /// A user's e-mail address, "" if it is not known; may ask another service for a few seconds. May be empty.
  std::function<std::string(std::string_view user)> email;
  /// Gets a line for the log when somebody has to look: money came, and there was nothing to start for it. May be
  /// empty.
  std::function<void(std::string_view line)> note;
  /// How old what Polar said of a user's use may be when a request is let through.
  std::chrono::seconds counted_for{2};

  storefront_options() = default;
};

/// What a customer wants.
struct assistant_wish {
  std::string model;
  std::string channel;  ///< "telegram"
  std::string token;    ///< of the channel
  std::string tier;     ///< "" for the first

  assistant_wish() = default;
};

/// Where to pay for it.
struct assistant_checkout {
  std::string url;
  std::string deployment;  ///< a UUID

  assistant_checkout() = default;
};

/// What a user may still use of a language model.
struct credit_report {
  std::string tier;                  ///< the largest that counts
  std::int64_t limit_tokens = 0;     ///< sum over active subscriptions, else the stored tier's, else the first's
  std::int64_t used_tokens = 0;      ///< in this billing period
  std::int64_t tokens_per_hour = 0;  ///< at most
  bool customer = false;             ///< Polar knows this user
  bool current = false;              ///< Polar was asked just now; else it is what was known last

  /// In dollars; the balance is never below 0.
  [[nodiscard]] double limit() const noexcept { return static_cast<double>(limit_tokens) / tokens_per_dollar; }
  [[nodiscard]] double balance() const noexcept {
    const auto left = limit_tokens - used_tokens;
    return left > 0 ? static_cast<double>(left) / tokens_per_dollar : 0;
  }
  credit_report() = default;
};

/// What `sweep` did.
struct storefront_sweep {
  std::uint64_t applied = 0;    ///< webhooks that were stored, but not applied
  std::uint64_t told = 0;       ///< uses that Polar was told
  std::uint64_t forgotten = 0;  ///< old webhooks and uses, and checkouts that a crash had cut off

  storefront_sweep() = default;
};

/// Checkouts, webhooks and credit over one database, the engine's. Thread safe. Blocks on the database, and where it is
/// said on Polar: call it from a pool.
class TEXBUILD_API storefront {
 public:
  /// `parts` has to have `db`; `http` is needed for what asks Polar. `box` seals the channels' tokens.
  static result<storefront> open(storefront_options options, secret_box box, environment parts);
  storefront(storefront&&) noexcept;
  storefront& operator=(storefront&&) noexcept;
  ~storefront();

  /// Makes a checkout at Polar and a pending deployment; one for the same wish whose checkout is still open there is
  /// given again. Asks Polar. `errc::invalid_input` names the field, `errc::provider_error`, `errc::unavailable`
  /// (nothing can be bought here).
  result<assistant_checkout> checkout(std::string_view user, const assistant_wish& wish);

  /// Verifies a webhook and stores it: when this returns success, its effect survives a crash. True: it is new, and
  /// `apply` is due. `errc::internal` (no secret is configured), `errc::unauthorized` (anything wrong with headers or
  /// signature), `errc::invalid_input` (verified, but no event).
  result<bool> receive_polar(std::string_view body, const webhook_headers& headers);
  /// Applies what was received and is not applied yet. How many there were; an event that cannot be applied holds up no
  /// other, and is what is told at the end.
  result<std::uint64_t> apply();

  /// What the user may still use. Asks Polar (for 2 seconds at most) unless it said something within `max_age`; when it
  /// cannot be reached, wants to be left in peace, or was asked about this user some times within this minute, what was
  /// known last counts.
  result<credit_report> credit(std::string_view user, std::chrono::seconds max_age = std::chrono::seconds(0));
  /// Tokens that the user can still pay, 0 or less for none; Polar is asked as for `credit`, unless it said something
  /// within `counted_for`. `errc::payment_required`: Polar has no such customer.
  result<std::int64_t> spendable(std::string_view user);
  /// Tokens an hour of the tier that counts.
  result<std::int64_t> tokens_per_hour(std::string_view user);
  /// Takes a use off the credit, and has Polar told of it, once for each id; durable when it returns.
  result<void> charge(const polar_usage& what, bool estimated);
  /// Tells Polar what is due, in batches, until nothing is. How many uses that were. Asks Polar.
  result<std::uint64_t> send_usage(const std::stop_token& stop = {});

  /// What has to happen now and then: `apply`, `send_usage`, forgetting. What fails holds up nothing else; the first
  /// error is told at the end. Call it at the start and every half minute.
  result<storefront_sweep> sweep(const std::stop_token& stop = {});

  struct impl;

 private:
  explicit storefront(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace v0
}  // namespace texbuild
