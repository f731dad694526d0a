// What a user may still use of a language model, and what Polar is told of it.
#include "tests/payments/polar_stand_in.hpp"

#include <thread>

namespace {

using namespace texbuild_test;
using ::testing::SizeIs;

class Credit : public Storefront {
 protected:
  Credit() { customers["ann"] = "cus_ann"; }
  std::int64_t audited(const std::string& what) {
    std::int64_t count = 0;
    EXPECT_TRUE(db->read([&](sql_session& s) -> result<void> {
      const auto rows = s.run("SELECT COUNT(*) FROM audit WHERE what = $1", what);
      if (!rows) return rows.error();
      count = rows->front().integer(0);
      return {};
    }));
    return count;
  }
  polar_usage use(const std::string& id, std::int64_t prompt = 1000, std::int64_t completion = 500,
                  const std::string& user = "ann") const {
    polar_usage u;
    u.id = id;
    u.user = user;
    u.model = "minimax-m2.5";
    u.prompt_tokens = prompt;
    u.completion_tokens = completion;
    u.at = time->now();
    return u;
  }
};

TEST_F(Credit, IsThatOfTheFirstTierWithoutAnyPurchase) {
  auto shop = open();
  const auto c = shop.credit("ann").value();
  EXPECT_EQ(c.limit(), 10);
  EXPECT_EQ(c.balance(), 10);
  EXPECT_EQ(c.tokens_per_hour, 100'000);
  EXPECT_TRUE(c.customer);
  EXPECT_TRUE(c.current);
}

TEST_F(Credit, IsTheSumOverActiveSubscriptions) {
  auto shop = open();
  tell(shop, "subscription.active", subscription("active", "ann", "product_pro", "sub_1"));
  EXPECT_EQ(shop.credit("ann").value().limit(), 20);
  tell(shop, "subscription.active", subscription("trialing", "ann", "product_business", "sub_2"));
  const auto both = shop.credit("ann").value();
  EXPECT_EQ(both.limit(), 80);
  EXPECT_EQ(both.tier, "business");
  EXPECT_EQ(both.tokens_per_hour, 2'000'000);
  tell(shop, "subscription.revoked",
       subscription("canceled", "ann", "product_business", "sub_2", "2026-11-24T00:00:02Z"));
  EXPECT_EQ(shop.credit("ann").value().limit(), 20);
  // Late news of an older state changes nothing.
  tell(shop, "subscription.updated", subscription("active", "ann", "product_business", "sub_2"));
  EXPECT_EQ(shop.credit("ann").value().limit(), 20);
}

TEST_F(Credit, IsLessWhatPolarHasCounted) {
  auto shop = open();
  consumed["cus_ann"] = 150'000;
  const auto c = shop.credit("ann").value();
  EXPECT_EQ(c.balance(), 8.5);
  consumed["cus_ann"] = 5e6;
  EXPECT_EQ(shop.credit("ann").value().balance(), 0);
  EXPECT_EQ(shop.spendable("ann").value(), -4'000'000);
}

TEST_F(Credit, FallsAtOnceWhenSomethingIsUsedHere) {
  auto shop = open();
  (void)shop.credit("ann").value();
  ASSERT_TRUE(shop.charge(use("r1", 60'000, 40'000), false));
  EXPECT_EQ(shop.credit("ann").value().balance(), 9);
}

TEST_F(Credit, TakesNothingOffTwice) {
  auto shop = open();
  counts_at_once = true;
  ASSERT_TRUE(shop.charge(use("r1", 60'000, 40'000), false));
  ASSERT_TRUE(shop.charge(use("r1", 60'000, 40'000), false));
  EXPECT_EQ(shop.send_usage().value(), 1U);
  EXPECT_EQ(shop.credit("ann").value().balance(), 9);
  time->advance(10min);
  EXPECT_EQ(shop.credit("ann").value().balance(), 9);
}

TEST_F(Credit, BeginsAnewWithABillingPeriod) {
  auto shop = open();
  counts_at_once = true;
  ASSERT_TRUE(shop.charge(use("r1", 600'000, 400'000), false));
  EXPECT_EQ(shop.send_usage().value(), 1U);
  time->advance(10min);
  EXPECT_EQ(shop.credit("ann").value().balance(), 0);
  consumed["cus_ann"] = 0;
  EXPECT_EQ(shop.credit("ann").value().balance(), 10);
}

TEST_F(Credit, IsTheLastKnownWhilePolarIsDown) {
  auto shop = open();
  consumed["cus_ann"] = 300'000;
  (void)shop.credit("ann").value();
  down = true;
  ASSERT_TRUE(shop.charge(use("r1", 50'000, 50'000), false));
  const auto c = shop.credit("ann").value();
  EXPECT_EQ(c.balance(), 6);
  EXPECT_FALSE(c.current);
  EXPECT_TRUE(shop.spendable("ann"));
}

TEST_F(Credit, IsNotAskedForWithEveryRequest) {
  auto shop = open();
  EXPECT_TRUE(shop.spendable("ann"));
  const auto before = asked.size();
  EXPECT_TRUE(shop.spendable("ann"));
  EXPECT_EQ(asked.size(), before);
  time->advance(3s);
  EXPECT_TRUE(shop.spendable("ann"));
  EXPECT_GT(asked.size(), before);
  down = true;
  time->advance(3s);
  EXPECT_TRUE(shop.spendable("ann"));
  const auto failed = asked.size();
  EXPECT_TRUE(shop.spendable("ann"));
  EXPECT_EQ(asked.size(), failed);
}

TEST_F(Credit, IsNotAskedForAgainAndAgainByWhoeverIsNoCustomer) {
  auto shop = open();
  for (int i = 0; i < 600; ++i) {  // ten minutes of a hundred and twenty requests
    EXPECT_EQ(shop.spendable("eve").error().code(), errc::payment_required);
    EXPECT_TRUE(shop.credit("eve"));
    time->advance(1s);
  }
  EXPECT_LE(asked.size(), 45U);
  // Whoever becomes one by a webhook is let through at once.
  customers["eve"] = "cus_eve";
  tell(shop, "subscription.active", subscription("active", "eve"));
  EXPECT_EQ(shop.spendable("eve").value(), 1'000'000);
}

TEST_F(Credit, LeavesPolarInPeaceForAsLongAsItWants) {
  auto shop = open();
  consumed["cus_ann"] = 100'000;
  EXPECT_EQ(shop.credit("ann").value().balance(), 9);
  ASSERT_TRUE(shop.charge(use("r1"), false));
  status_of_all = 429;
  retry_after = "120";
  time->advance(3s);
  EXPECT_TRUE(shop.spendable("ann"));
  const auto before = asked.size();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(shop.spendable("ann"));
    EXPECT_TRUE(shop.credit("ann"));
    EXPECT_EQ(shop.send_usage().value(), 0U);
    time->advance(1s);
  }
  EXPECT_EQ(asked.size(), before);
  status_of_all = 0;
  time->advance(20s);
  EXPECT_TRUE(shop.credit("ann").value().current);
  EXPECT_EQ(shop.send_usage().value(), 1U);
}

TEST_F(Credit, IsAskedForOnceByManyRequestsAtATime) {
  auto shop = open();
  (void)shop.credit("ann").value();
  time->advance(1min);
  asked.clear();
  {
    std::unique_lock polar_is_slow(mutex);
    std::vector<std::jthread> threads;
    threads.reserve(30);
    for (int t = 0; t < 30; ++t) threads.emplace_back([&] { EXPECT_TRUE(shop.credit("ann", 2s)); });
    polar_is_slow.unlock();
  }
  EXPECT_EQ(calls("GET", "/customer-meters/"), 1U);
}

TEST_F(Credit, GivesPolarAllItsTimeForTheMeters) {
  auto shop = open();
  (void)shop.credit("ann").value();
  (void)shop.credit("ann").value();
  ASSERT_THAT(asked.back().url, ::testing::HasSubstr("/customer-meters/"));
  EXPECT_EQ(asked.back().timeout, 1800ms);
}

TEST_F(Credit, IsOfUsersThatPolarCannotBeAskedAboutWithoutHarmToOthers) {
  auto shop = open();
  status_of_all = 422;
  EXPECT_EQ(shop.credit("eve").value().balance(), 10);
  status_of_all = 0;
  EXPECT_TRUE(shop.credit("ann").value().current);
}

TEST_F(Credit, IsForCustomersOnly) {
  auto shop = open();
  EXPECT_EQ(shop.spendable("eve").error().code(), errc::payment_required);
  EXPECT_EQ(shop.credit("eve").value().balance(), 10);
}

TEST_F(Credit, FollowsACustomerToANewId) {
  auto shop = open();
  (void)shop.credit("ann").value();
  customers["ann"] = "cus_ann2";
  consumed["cus_ann2"] = 100'000;
  EXPECT_EQ(shop.credit("ann").value().balance(), 9);
}

TEST_F(Credit, StaysWithItsCustomerWhenPolarRefusesAllThatItIsAsked) {
  auto shop = open();
  EXPECT_TRUE(shop.spendable("ann"));
  for (const int status : {400, 401, 403, 409, 422, 429, 500}) {
    status_of_all = status;
    time->advance(10s);
    EXPECT_TRUE(shop.spendable("ann")) << status;
    EXPECT_FALSE(shop.checkout("ann", wish())) << status;
    time->advance(10s);
    EXPECT_TRUE(shop.spendable("ann")) << status;
  }
  status_of_all = 0;
  customers.erase("ann");  // a clear word
  time->advance(10s);
  EXPECT_EQ(shop.spendable("ann").error().code(), errc::payment_required);
}

TEST_F(Credit, TellsPolarOfEachUseOnce) {
  auto shop = open();
  ASSERT_TRUE(shop.charge(use("r1"), false));
  ASSERT_TRUE(shop.charge(use("r2"), true));
  EXPECT_EQ(shop.send_usage().value(), 2U);
  EXPECT_EQ(shop.send_usage().value(), 0U);
  ASSERT_THAT(ingested, SizeIs(2));
  const auto& e = ingested.at("r1");
  EXPECT_EQ(e.at("name"), "ai_usage");
  EXPECT_EQ(e.at("external_customer_id"), "ann");
  EXPECT_EQ(e.at("timestamp"), "2026-11-24T00:00:00Z");
  EXPECT_EQ(e.at("metadata").at("tokens"), 1500);
  EXPECT_EQ(e.at("metadata").at("prompt_tokens"), 1000);
  EXPECT_EQ(e.at("metadata").at("completion_tokens"), 500);
  EXPECT_EQ(e.at("metadata").at("model"), "minimax-m2.5");
}

TEST_F(Credit, TellsPolarLaterWhenItIsDown) {
  auto shop = open();
  ASSERT_TRUE(shop.charge(use("r1"), false));
  down = true;
  EXPECT_FALSE(shop.send_usage());
  EXPECT_EQ(shop.send_usage().value(), 0U);  // not yet again
  down = false;
  time->advance(10s);
  auto after_a_crash = open();
  EXPECT_EQ(after_a_crash.send_usage().value(), 1U);
  EXPECT_THAT(ingested, SizeIs(1));
}

TEST_F(Credit, GivesNothingBackHoweverLongPolarIsDown) {
  auto shop = open();
  ASSERT_TRUE(shop.charge(use("r1", 600'000, 400'000), false));
  down = true;
  for (int i = 0; i < 30; ++i) {
    EXPECT_FALSE(shop.send_usage());
    time->advance(1h);
  }
  down = false;
  EXPECT_EQ(shop.credit("ann").value().balance(), 0);
  EXPECT_EQ(shop.send_usage().value(), 1U);  // at once, as soon as it is there again
  EXPECT_THAT(ingested, SizeIs(1));
  EXPECT_EQ(shop.credit("ann").value().balance(), 0);
}

TEST_F(Credit, AsksAPolarThatIsDownNowAndThen) {
  auto shop = open();
  ASSERT_TRUE(shop.charge(use("r1"), false));
  down = true;
  for (int i = 0; i < 3600; ++i) {
    (void)shop.send_usage();
    time->advance(1s);
  }
  EXPECT_LT(calls("POST", "/events/ingest"), 25U);
}

TEST_F(Credit, TellsPolarOfTheUsesOfACustomerWhoWasBornThere) {
  auto shop = open();
  customers.clear();
  customers["somebody else's id"] = "cus_9";
  counts_at_once = true;
  auto bought = subscription("active");
  bought["customer_id"] = "cus_9";
  bought["customer"] = json::object{{"id", "cus_9"}, {"external_id", nullptr}};
  bought["metadata"] = json::object{{"user_id", "ann"}};
  tell(shop, "subscription.active", bought);
  ASSERT_TRUE(shop.charge(use("r1", 600'000, 400'000), false));
  EXPECT_EQ(shop.send_usage().value(), 1U);
  EXPECT_EQ(ingested.at("r1").at("customer_id"), "cus_9");
  EXPECT_FALSE(ingested.at("r1").contains("external_customer_id"));
  time->advance(2min);
  EXPECT_EQ(shop.spendable("ann").value(), 0);
  // The customer is gone: the use still counts as one of the user's.
  customers.clear();
  ASSERT_TRUE(shop.charge(use("r2"), false));
  EXPECT_EQ(shop.send_usage().value(), 1U);
  EXPECT_EQ(ingested.at("r2").at("external_customer_id"), "ann");
}

TEST_F(Credit, TellsOfUsesUnderTheUsersIdOnceTheCustomerHasIt) {
  auto shop = open();
  auto bought = subscription("active");
  tell(shop, "subscription.active", bought);
  bought["customer"] = json::object{{"id", "cus_ann"}};  // what is told later takes nothing back
  bought["metadata"] = json::object{{"user_id", "ann"}};
  tell(shop, "subscription.updated", bought);
  ASSERT_TRUE(shop.charge(use("r1"), false));
  EXPECT_EQ(shop.send_usage().value(), 1U);
  EXPECT_EQ(ingested.at("r1").at("external_customer_id"), "ann");
}

TEST_F(Credit, TellsPolarAgainWhatACrashLeftUnderWay) {
  auto shop = open();
  ASSERT_TRUE(shop.charge(use("r1"), false));
  (void)store::credit_store(db).claim_usage(100, time->now(), 60s).value();  // and killed
  EXPECT_EQ(shop.send_usage().value(), 0U);
  time->advance(61s);
  EXPECT_EQ(shop.send_usage().value(), 1U);
}

TEST_F(Credit, DoesNotHoldUpGoodEventsForABadOne) {
  auto shop = open();
  for (const char* id : {"r1", "r2", "r3"}) ASSERT_TRUE(shop.charge(use(id), false));
  bad_events.insert("r2");
  EXPECT_EQ(shop.send_usage().value(), 2U);
  EXPECT_THAT(ingested, SizeIs(2));
  bad_events.clear();
  time->advance(1h);
  EXPECT_EQ(shop.send_usage().value(), 1U);
}

TEST_F(Credit, ForgetsOldUses) {
  auto shop = open();
  ASSERT_TRUE(shop.charge(use("r1"), false));
  ASSERT_TRUE(shop.send_usage());
  time->advance(24h * 41);
  EXPECT_EQ(shop.sweep().value().forgotten, 1U);
}

TEST_F(Credit, IsSweptThoughPolarIsDown) {
  auto shop = open();
  ASSERT_TRUE(shop.charge(use("r1"), false));
  ASSERT_TRUE(shop.send_usage());
  ASSERT_TRUE(shop.charge(use("r2"), false));
  time->advance(24h * 41);
  down = true;
  EXPECT_FALSE(shop.sweep());
  EXPECT_EQ(shop.sweep().value().forgotten, 0U);  // the first time did it
}

TEST_F(Credit, SurvivesManyUsesAtOnce) {
  auto shop = open();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) EXPECT_TRUE(shop.charge(use("r" + std::to_string(t * 25 + i), 600, 400), false));
      });
  }
  EXPECT_EQ(shop.credit("ann").value().used_tokens, 125'000);
  EXPECT_EQ(shop.send_usage().value(), 125U);
}

TEST_F(Credit, IsThatOfWhatWasBoughtOnceUntilTheMoneyIsGivenBack) {
  for (const bool refund_first : {false, true}) {
    db = open_sqlite(":memory:").value();
    events = 0;
    auto shop = open();
    json::object order{{"id", "order_1"},
                       {"status", "paid"},
                       {"paid", true},
                       {"product_id", "product_business"},
                       {"customer", json::object{{"id", "cus_ann"}, {"external_id", "ann"}}},
                       {"modified_at", "2026-11-24T00:00:01Z"}};
    auto refund = order;
    refund["status"] = "refunded";
    refund["modified_at"] = "2026-11-24T00:00:02Z";
    if (refund_first) tell(shop, "order.refunded", refund);
    tell(shop, "order.paid", order);
    if (!refund_first) {
      EXPECT_EQ(shop.credit("ann").value().limit(), 60);
      tell(shop, "order.refunded", refund);
    }
    EXPECT_EQ(shop.credit("ann").value().limit(), 10);
  }
}

TEST_F(Credit, IsNotHeldUpByAUseThatPolarNeverTakes) {
  auto shop = open();
  ASSERT_TRUE(shop.charge(use("r1", 600'000, 400'000), false));
  bad_events.insert("r1");
  for (int i = 0; i < 25; ++i) {
    (void)shop.send_usage();
    time->advance(25h);
  }
  EXPECT_EQ(shop.credit("ann").value().balance(), 10);
  EXPECT_EQ(audited("usage.refused"), 1);
}

}  // namespace
