// What Razorpay tells us: once, twice, late, in any order, or forged.
#include "tests/payments/fixture.hpp"

#include <algorithm>
#include <random>

namespace {

using namespace texbuild_test;

TEST_F(Billing, FollowsTheEventsOfASubscription) {
  auto b = open();
  const auto is = [&](const std::string& status, const std::string& tier) {
    const auto view = b.status("ann").value();
    EXPECT_EQ(view.status, status);
    EXPECT_EQ(view.tier, tier) << status;
    EXPECT_EQ(view.paused, status == "paused");
  };
  is("none", "free");
  tell(b, event("subscription.authenticated", "sub_1", noon));
  is("authenticated", "free");
  tell(b, event("subscription.activated", "sub_1", noon + 1s));
  is("active", "pro");
  tell(b, event("subscription.charged", "sub_1", noon + 2s));
  is("active", "pro");
  tell(b, event("subscription.updated", "sub_1", noon + 3s, {{"plan_id", "plan_ENT"}}));
  is("active", "enterprise");
  tell(b, event("subscription.pending", "sub_1", noon + 4s, {{"plan_id", "plan_ENT"}}));
  is("pending", "enterprise");
  tell(b, event("subscription.halted", "sub_1", noon + 5s, {{"plan_id", "plan_ENT"}}));
  is("halted", "free");
  tell(b, event("subscription.activated", "sub_1", noon + 6s));
  is("active", "pro");
  tell(b, event("subscription.paused", "sub_1", noon + 7s));
  is("paused", "pro");
  EXPECT_TRUE(b.quota("ann").value().paused);
  tell(b, event("subscription.resumed", "sub_1", noon + 8s));
  is("active", "pro");
  EXPECT_FALSE(b.quota("ann").value().paused);
  tell(b, event("subscription.completed", "sub_1", noon + 9s));
  is("canceled", "pro");
  time->advance(31 * 24h);
  is("canceled", "free");
}

TEST_F(Billing, TellsTheCycleAndTheCounts) {
  auto b = open();
  tell(b, event("subscription.charged", "sub_1", noon, {{"paid_count", 3}}));
  const auto view = b.status("ann").value();
  EXPECT_EQ(view.current_start, noon);
  EXPECT_EQ(view.current_end, noon + 30 * 24h);
  EXPECT_EQ(view.paid_count, 3);
  EXPECT_EQ(view.total_count, 12);
  EXPECT_EQ(view.canceled_at, std::nullopt);
}

TEST_F(Billing, ShowsWhyTheLastPaymentFailedUntilOneSucceeds) {
  auto b = open();
  const auto payment = [](const char* name, auto at, const char* why) {
    return json::serialize(json::object{{"event", name},
                                        {"created_at", unix_time(at)},
                                        {"payload",
                                         {{"payment",
                                           {{"entity",
                                             {{"id", "pay_1"},
                                              {"status", "failed"},
                                              {"error_description", why},
                                              {"notes", {{"user_id", "ann"}}}}}}}}}});
  };
  tell(b, payment("payment.failed", noon + 2s, "insufficient funds"));
  EXPECT_EQ(b.status("ann").value().last_payment_error, "insufficient funds");
  EXPECT_EQ(b.status("ann").value().tier, "free");
  tell(b, payment("payment.failed", noon + 1s, "late news"));
  EXPECT_EQ(b.status("ann").value().last_payment_error, "insufficient funds");
  tell(b, payment("payment.captured", noon + 3s, ""));
  EXPECT_EQ(b.status("ann").value().last_payment_error, "");
}

TEST_F(Billing, KnowsTheUserByTheSubscriptionThatWasStored) {
  auto b = open();
  (void)b.subscribe("ann", "pro").value();
  // Notes could be changed by somebody at the merchant's; what was stored counts first.
  tell(b, event("subscription.activated", "sub_1", noon, {{"notes", {{"user_id", "eve"}}}}));
  EXPECT_EQ(b.status("ann").value().tier, "pro");
  EXPECT_EQ(b.status("eve").value().tier, "free");
  tell(b, event("subscription.activated", "sub_2", noon, {{"notes", json::array()}}));  // nobody's
  EXPECT_EQ(b.status("eve").value().tier, "free");
}

TEST_F(Billing, StoresAnEventOnceHoweverOftenItComes) {
  auto b = open();
  const auto body = event("subscription.activated", "sub_1", noon);
  EXPECT_TRUE(send(b, body, "evt_1").value());
  EXPECT_FALSE(send(b, body, "evt_1").value());
  EXPECT_EQ(b.apply().value(), 1U);
  EXPECT_FALSE(send(b, body, "evt_1").value());
  EXPECT_EQ(b.apply().value(), 0U);
  // Without an id, the same body is the same event.
  EXPECT_TRUE(send(b, body, "").value());
  EXPECT_FALSE(send(b, body, "").value());
}

TEST_F(Billing, AppliesAfterACrashWhatWasStoredBefore) {
  {
    auto b = open();
    EXPECT_TRUE(send(b, event("subscription.activated", "sub_1", noon), "evt_1"));
  }
  auto b = open();
  EXPECT_EQ(b.status("ann").value().status, "none");
  EXPECT_EQ(b.sweep().value().applied, 1U);
  EXPECT_EQ(b.status("ann").value().status, "active");
}

TEST_F(Billing, RefusesWhatRazorpayDidNotSign) {
  auto b = open();
  const auto body = event("subscription.activated", "sub_1", noon);
  const auto signature = crypto::hex(crypto::hmac_sha256("whs", body));
  for (const auto& [bent, with_signature] :
       std::vector<std::pair<std::string, std::string>>{{body, ""},
                                                        {body, signature.substr(1)},
                                                        {body, signature + "0"},
                                                        {body, " " + signature},
                                                        {body + "\n", signature},
                                                        {body.substr(1), signature},
                                                        {"", signature},
                                                        {body, crypto::hex(crypto::hmac_sha256("other", body))}}) {
    const auto refused = b.receive_razorpay(bent, with_signature, "evt_1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::unauthorized);
  }
  EXPECT_EQ(b.apply().value(), 0U);
  EXPECT_EQ(b.status("ann").value().status, "none");
}

TEST_F(Billing, RefusesWhatIsSignedButNoEvent) {
  auto b = open();
  for (const std::string body : {"", "{}", "[]", "{\"event\":", "{\"event\":7}", "{\"event\":\"\"}", "\xff", "null"})
    EXPECT_EQ(send(b, body, "evt_1").error().code(), errc::invalid_input) << body;
  EXPECT_EQ(b.apply().value(), 0U);
}

TEST_F(Billing, TakesEventsThatMeanNothingHere) {
  auto b = open();
  for (const std::string body :
       {R"({"event":"order.paid"})", R"({"event":"x.y","payload":7})", R"({"event":"subscription.charged"})",
        R"({"event":"subscription.charged","payload":{"subscription":{"entity":{}}}})",
        R"({"event":"payment.failed","payload":{"payment":{"entity":{"id":"pay_1","notes":[]}}}})"})
    tell(b, body);
  EXPECT_TRUE(b.audit("", 10).value().empty());
}

TEST_F(Billing, TakesOldSecretsWhileTheyAreBeingChanged) {
  with.webhook_secrets = {"new", "whs"};
  auto b = open();
  EXPECT_TRUE(send(b, event("subscription.activated", "sub_1", noon), "evt_1"));
  with.webhook_secrets.clear();
  auto none = open();
  EXPECT_EQ(send(none, event("subscription.activated", "sub_1", noon), "evt_2").error().code(), errc::internal);
}

TEST_F(Billing, ForgetsEventsAfterTheTimeInWhichTheyMayComeAgain) {
  auto b = open();
  const auto body = event("subscription.activated", "sub_1", noon);
  tell(b, body);
  time->advance(29 * 24h);
  EXPECT_EQ(b.sweep().value().forgotten, 0U);
  time->advance(2 * 24h);
  EXPECT_EQ(b.sweep().value().forgotten, 1U);
}

// Histories of a subscription, shuffled, repeated, cut by crashes: always the state that the history in order gives.
TEST_F(Billing, EndsInTheSameStateInWhateverOrderEventsCome) {
  std::mt19937_64 random(20261126);
  const auto some = [&](int most) { return static_cast<int>(random() % static_cast<unsigned>(most + 1)); };
  const char* const names[] = {"subscription.authenticated", "subscription.activated", "subscription.charged",
                               "subscription.pending",       "subscription.halted",    "subscription.paused",
                               "subscription.resumed",       "subscription.updated",   "payment.failed"};
  for (int history = 0; history < 60; ++history) {
    std::vector<std::pair<std::string, std::string>> events;
    auto at = noon;
    int paid = 0;
    const auto length = 3 + some(8);
    for (int i = 0; i < length; ++i) {
      at += std::chrono::seconds(some(2));  // often the same second
      const std::string name = i + 1 == length && some(1) == 1 ? "subscription.cancelled" : names[some(8)];
      if (name == "subscription.charged") ++paid;
      json::object more{{"paid_count", paid},
                        {"current_start", unix_time(noon + paid * 30 * 24h)},
                        {"current_end", unix_time(noon + (paid + 1) * 30 * 24h)},
                        {"plan_id", some(3) == 0 ? "plan_ENT" : "plan_PRO"},
                        {"created_at", unix_time(noon)}};
      events.emplace_back(event(name, "sub_1", at, std::move(more)), "evt_" + std::to_string(i));
    }
    const auto outcome = [&](const std::vector<std::pair<std::string, std::string>>& in, bool crashes) {
      db = open_sqlite(":memory:").value();
      auto b = open();
      for (const auto& [body, id] : in) {
        EXPECT_TRUE(send(b, body, id));
        if (crashes && some(3) == 0) b = open();
        if (!crashes || some(1) == 0) {
          EXPECT_TRUE(b.apply());
        }
      }
      EXPECT_TRUE(b.apply());
      const auto v = b.status("ann").value();
      const auto stamp = [](const auto& t) { return t ? unix_time(*t) : 0; };
      return std::tuple(v.status, v.tier, v.paused, stamp(v.current_start), stamp(v.current_end), v.paid_count,
                        v.total_count, stamp(v.canceled_at), v.last_payment_error);
    };
    const auto in_order = outcome(events, false);
    for (int turn = 0; turn < 4; ++turn) {
      auto mixed = events;
      for (int again = some(4); again > 0; --again) mixed.push_back(events[random() % events.size()]);
      std::shuffle(mixed.begin(), mixed.end(), random);
      EXPECT_EQ(outcome(mixed, true), in_order) << "history " << history;
    }
  }
}

}  // namespace
