// What the two files of the storefront share: selling (storefront.cpp) and credit (storefront_credit.cpp).
#pragma once

#include "src/payments/questions.hpp"
#include "src/store/credit_store.hpp"
#include "src/store/deployments.hpp"
#include "src/store/inbox.hpp"

#include <texbuild/polar.hpp>
#include <texbuild/storefront.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>

namespace texbuild {
inline namespace v0 {

/// How long a question that takes several calls may still go on.
using time_left = std::function<std::chrono::milliseconds()>;

struct storefront::impl {
  impl(storefront_options o, secret_box b, environment p)
      : options(std::move(o)),
        box(std::move(b)),
        parts(std::move(p)),
        credits(parts.db),
        deployments(parts.db),
        events(parts.db, "polar") {}

  storefront_options options;
  secret_box box;
  environment parts;
  store::credit_store credits;
  store::deployments_store deployments;
  store::inbox events;
  std::array<std::mutex, 16> checkouts;  // one user's checkouts come one after the other
  questions asking;
  std::mutex pausing;                               // of the three below
  std::chrono::steady_clock::time_point ask_after;  // Polar is not asked about users before then
  std::chrono::steady_clock::time_point send_after;
  int send_failures = 0;  // in a row; while there is any, uses are not sent before `send_after`

  [[nodiscard]] std::chrono::system_clock::time_point now() const { return parts.time->now(); }
  [[nodiscard]] const assistant_tier* find_tier(std::string_view name) const;
  [[nodiscard]] const assistant_tier* tier_of_product(std::string_view product) const;
  [[nodiscard]] polar_client polar(std::chrono::milliseconds timeout) const;

  result<assistant_checkout> sell(const std::string& user, const assistant_wish& wish, const assistant_tier& tier);
  result<std::optional<assistant_checkout>> find_open(const std::string& user, const store::deployment_row& like,
                                                      std::string_view token, const time_left& left);
  result<polar_checkout> make_checkout(const std::string& user, const store::deployment_row& row,
                                       const time_left& left);

  /// What the store alone knows.
  result<credit_report> known_credit(std::string_view user, store::credit_row& row);
  /// Sends uses, or says for how long none is sent.
  result<void> send(const std::vector<store::unsent_usage>& batch);
  /// The same for one. One that is told under Polar's id for a customer who is gone is told under ours.
  result<void> send_alone(store::unsent_usage one);
  [[nodiscard]] bool may_send();
  [[nodiscard]] bool may_ask();
  /// It failed, or wants to be left in peace.
  void could_not_ask(const error& why);

  /// Asks Polar who the user is and what was counted, and keeps the answer.
  result<void> ask_polar(std::string_view user, std::string customer);
};

}  // namespace v0
}  // namespace texbuild
