// Buying, canceling and coupons.
#include "tests/payments/fixture.hpp"

#include <atomic>
#include <thread>

namespace {

using namespace texbuild_test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(Billing, SendsACustomerToRazorpayAndRemembersWho) {
  auto b = open();
  const auto out = b.subscribe("ann", "pro").value();
  EXPECT_EQ(out.url, "https://rzp.io/i/sub_1");
  EXPECT_EQ(out.plan, "pro");
  ASSERT_THAT(asked, SizeIs(1));
  const auto sent = json::parse(asked[0].body).as_object();
  EXPECT_EQ(sent.at("plan_id").as_string(), "plan_PRO");
  EXPECT_EQ(sent.at("total_count").to_number<int>(), 12);
  EXPECT_EQ(sent.at("notes").at("user_id").as_string(), "ann");
  EXPECT_EQ(b.status("ann").value().status, "created");
  EXPECT_EQ(b.status("ann").value().tier, "free");
}

TEST_F(Billing, GivesTheSameCheckoutAgainWhileItIsOpen) {
  auto b = open();
  const auto first = b.subscribe("ann", "pro").value();
  EXPECT_EQ(b.subscribe("ann", "pro").value().url, first.url);
  EXPECT_EQ(calls("POST"), 1U);
  EXPECT_NE(b.subscribe("ann", "enterprise").value().url, first.url);
  time->advance(8 * 24h);
  EXPECT_NE(b.subscribe("ann", "pro").value().url, first.url);
}

TEST_F(Billing, RefusesPlansThatAreNotSold) {
  auto b = open();
  EXPECT_EQ(b.subscribe("ann", "gold").error().code(), errc::invalid_input);
  EXPECT_EQ(b.subscribe("ann", "free").error().code(), errc::invalid_input);
  with.razorpay.reset();
  auto none = open();
  EXPECT_EQ(none.subscribe("ann", "pro").error().code(), errc::unavailable);
  EXPECT_EQ(none.subscribe("ann", "gold").error().code(), errc::invalid_input);
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(Billing, RefusesASecondSubscription) {
  auto b = open();
  (void)b.subscribe("ann", "pro").value();
  tell(b, event("subscription.activated", "sub_1", noon));
  EXPECT_EQ(b.subscribe("ann", "pro").error().code(), errc::conflict);
  EXPECT_EQ(b.subscribe("ann", "enterprise").error().code(), errc::conflict);
}

TEST_F(Billing, LetsSomeoneSubscribeAgainAfterTheEnd) {
  auto b = open();
  (void)b.subscribe("ann", "pro").value();
  tell(b, event("subscription.activated", "sub_1", noon));
  tell(b, event("subscription.cancelled", "sub_1", noon + 1h));
  EXPECT_EQ(b.status("ann").value().status, "canceled");
  EXPECT_EQ(b.subscribe("ann", "pro").value().url, "https://rzp.io/i/sub_2");
  // What was paid counts until the new one is.
  EXPECT_EQ(b.status("ann").value().tier, "pro");
  tell(b, event("subscription.activated", "sub_2", noon + 2h));
  EXPECT_EQ(b.status("ann").value().status, "active");
}

TEST_F(Billing, LetsNoPaidTimeLapseBecauseTheNextSubscriptionHasYetToBegin) {
  auto b = open();
  (void)b.subscribe("ann", "pro").value();
  tell(b, event("subscription.activated", "sub_1", noon));
  tell(b, event("subscription.cancelled", "sub_1", noon + 1h));
  (void)b.subscribe("ann", "enterprise").value();
  tell(b, event("subscription.authenticated", "sub_2", noon + 2h, {{"plan_id", "plan_ENT"}}));
  EXPECT_EQ(b.status("ann").value().status, "authenticated");
  EXPECT_EQ(b.status("ann").value().tier, "pro");
  tell(b, event("subscription.activated", "sub_2", noon + 3h, {{"plan_id", "plan_ENT"}}));
  EXPECT_EQ(b.status("ann").value().tier, "enterprise");
}

TEST_F(Billing, LeavesNothingBehindWhenRazorpayRefuses) {
  auto b = open();
  ASSERT_TRUE(b.add_coupon(a_coupon()));
  instead = [](const auto&) { return refusal(400, "offer not applicable"); };
  const auto refused = b.redeem("ann", "SAVE20", "pro");
  EXPECT_EQ(refused.error().code(), errc::provider_error);
  EXPECT_THAT(refused.error().cause(), HasSubstr("offer not applicable"));
  EXPECT_EQ(b.coupons().value().front().used, 0);
  EXPECT_EQ(b.status("ann").value().status, "none");
  instead = nullptr;
  EXPECT_EQ(b.redeem("ann", "SAVE20", "pro").value().discount_percent, 20);
}

TEST_F(Billing, FailsInAWayThatCanBeTriedAgainWhateverRazorpayAnswers) {
  auto b = open();
  const std::vector<std::pair<std::string, std::function<result<http_response>(const http_request&)>>> kinds = {
      {"down", [](const auto&) { return error(errc::unavailable, "no connection"); }},
      {"slow", [](const auto&) { return error(errc::timed_out, "no answer"); }},
      {"500", [](const auto&) { return refusal(500, "oops"); }},
      {"429", [](const auto&) { return refusal(429, "too many"); }},
      {"401", [](const auto&) { return refusal(401, "auth"); }},
      {"html",
       [](const auto&) {
         http_response r;
         r.status = 200;
         r.body = "<html>";
         return r;
       }},
      {"half",
       [](const auto&) {
         http_response r;
         r.status = 200;
         r.body = R"({"id":"sub_)";
         return r;
       }},
      {"no id",
       [](const auto&) {
         return reply(200, {{"short_url", "https://rzp.io/i/x"}});
       }},
      {"no url",
       [](const auto&) {
         return reply(200, {{"id", "sub_9"}});
       }},
      {"odd url",
       [](const auto&) {
         return reply(200, {{"id", "sub_9"}, {"short_url", "javascript:1"}});
       }},
      {"redirect", [](const auto&) { return reply(302, {}); }},
  };
  for (const auto& [name, answers] : kinds) {
    instead = answers;
    const auto failed = b.subscribe("ann", "pro");
    ASSERT_FALSE(failed) << name;
    EXPECT_EQ(failed.error().code(), errc::provider_error) << name;
    EXPECT_FALSE(failed.error().detail().empty()) << name;
    EXPECT_EQ(failed.error().detail().find("secret"), std::string::npos) << name;
    EXPECT_EQ(b.status("ann").value().status, "none") << name;
  }
  instead = nullptr;
  EXPECT_TRUE(b.subscribe("ann", "pro"));
}

TEST_F(Billing, FindsTheSubscriptionWhoseAnswerWasLost) {
  auto b = open();
  loses_answers = true;
  EXPECT_EQ(b.subscribe("ann", "pro").value().url, "https://rzp.io/i/sub_1");
  EXPECT_EQ(made.size(), 1U);  // asked for once, then looked for
  EXPECT_EQ(calls("POST"), 1U);
}

TEST_F(Billing, RedeemsACouponOnceForEachUser) {
  auto b = open();
  ASSERT_TRUE(b.add_coupon(a_coupon(2)));
  EXPECT_EQ(b.redeem("ann", "save20", "pro").value().discount_percent, 20);
  EXPECT_EQ(json::parse(asked.back().body).at("offer_id").as_string(), "offer_1");
  EXPECT_EQ(b.redeem("ann", "SAVE20", "pro").error().code(), errc::conflict);
  EXPECT_TRUE(b.redeem("bob", "SAVE20", "pro"));
  EXPECT_EQ(b.redeem("eve", "SAVE20", "pro").error().code(), errc::gone);
  EXPECT_EQ(b.coupons().value().front().used, 2);
}

TEST_F(Billing, RefusesCouponsThatDoNotFit) {
  auto b = open();
  auto c = a_coupon();
  c.expires_at = noon + 1h;
  ASSERT_TRUE(b.add_coupon(c));
  EXPECT_EQ(b.redeem("ann", "NONE", "pro").error().code(), errc::invalid_input);
  EXPECT_EQ(b.redeem("ann", "' OR 1=1 --", "pro").error().code(), errc::invalid_input);
  EXPECT_EQ(b.redeem("ann", "SAVE20", "enterprise").error().code(), errc::invalid_input);
  EXPECT_EQ(b.redeem("ann", "SAVE20", "gold").error().code(), errc::invalid_input);
  time->advance(1h);
  EXPECT_EQ(b.redeem("ann", "SAVE20", "pro").error().code(), errc::gone);
  EXPECT_EQ(b.coupons().value().front().used, 0);
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(Billing, TakesNoCouponThatWouldMakeTheCustomerPayInFull) {
  auto b = open();
  auto c = a_coupon();
  c.offer.clear();
  EXPECT_EQ(b.add_coupon(c).error().subject(), "offer");
  c = a_coupon();
  c.percent = 101;
  EXPECT_EQ(b.add_coupon(c).error().subject(), "percent");
  c = a_coupon(0);
  EXPECT_EQ(b.add_coupon(c).error().subject(), "uses");
  c = a_coupon();
  c.plan = "gold";
  EXPECT_EQ(b.add_coupon(c).error().subject(), "plan");
  c = a_coupon();
  c.expires_at = noon;
  EXPECT_EQ(b.add_coupon(c).error().subject(), "expires");
  c = a_coupon();
  c.code = "a b";
  EXPECT_EQ(b.add_coupon(c).error().subject(), "code");
  ASSERT_TRUE(b.add_coupon(a_coupon()));
  EXPECT_EQ(b.add_coupon(a_coupon()).error().code(), errc::conflict);
}

TEST_F(Billing, GivesALastUseToOneOfAHundred) {
  auto b = open();
  ASSERT_TRUE(b.add_coupon(a_coupon(1)));
  std::atomic<int> given{0}, gone{0};
  {
    std::vector<std::jthread> crowd;
    for (int i = 0; i < 100; ++i)
      crowd.emplace_back([&, i] {
        const auto out = b.redeem("user" + std::to_string(i), "SAVE20", "pro");
        if (out) ++given;
        if (!out && out.error().code() == errc::gone) ++gone;
      });
  }
  EXPECT_EQ(given, 1);
  EXPECT_EQ(gone, 99);
  EXPECT_EQ(made.size(), 1U);
}

TEST_F(Billing, MakesOneSubscriptionOfAHundredRequestsAtOnce) {
  auto b = open();
  std::atomic<int> other{0};
  {
    std::vector<std::jthread> crowd;
    for (int i = 0; i < 100; ++i)
      crowd.emplace_back([&] {
        const auto out = b.subscribe("ann", "pro");
        if (!out && out.error().code() != errc::conflict) ++other;
      });
  }
  EXPECT_EQ(other, 0);
  EXPECT_EQ(made.size(), 1U);
}

TEST_F(Billing, UndoesACheckoutThatACrashCutOffBeforeRazorpayHeardOfIt) {
  {
    auto b = open();
    ASSERT_TRUE(b.add_coupon(a_coupon()));
  }
  // As a crash leaves it: the use is taken, the checkout begun.
  ASSERT_TRUE(db->write([&](sql_session& s) -> result<void> {
    const char* const left[] = {"INSERT INTO owners (id, created_at) VALUES ('ann', 1)", "UPDATE coupons SET used = 1",
                                "INSERT INTO redemptions (coupon, owner, redeemed_at) VALUES ('SAVE20', 'ann', 1)"};
    for (const char* sql : left)
      if (auto done = s.run(sql); !done) return done.error();
    if (auto done = s.run("INSERT INTO checkouts (reference, owner, plan, coupon, begun_at)"
                          " VALUES ('chk_1', 'ann', 'pro', 'SAVE20', $1)",
                          unix_time(noon));
        !done)
      return done.error();
    return {};
  }));
  auto b = open();
  EXPECT_EQ(b.subscribe("ann", "pro").error().code(), errc::conflict);
  EXPECT_EQ(b.sweep().value().recovered, 0U);  // it may still be under way
  time->advance(61s);
  EXPECT_EQ(b.sweep().value().recovered, 1U);
  EXPECT_EQ(b.coupons().value().front().used, 0);
  EXPECT_TRUE(b.redeem("ann", "SAVE20", "pro"));
}

TEST_F(Billing, KeepsACheckoutThatACrashCutOffAfterRazorpayMadeIt) {
  auto b = open();
  (void)b.subscribe("ann", "pro").value();
  // As a crash leaves it: made there, not known here.
  const auto reference = std::string(made["sub_1"].at("notes").at("reference").as_string());
  ASSERT_TRUE(db->write([&](sql_session& s) -> result<void> {
    for (const char* sql : {"UPDATE owners SET subscription = NULL", "DELETE FROM subscriptions"})
      if (auto done = s.run(sql); !done) return done.error();
    if (auto done = s.run("INSERT INTO checkouts (reference, owner, plan, begun_at) VALUES ($1, 'ann', 'pro', $2)",
                          reference, unix_time(noon));
        !done)
      return done.error();
    return {};
  }));
  time->advance(61s);
  EXPECT_EQ(b.sweep().value().recovered, 1U);
  EXPECT_EQ(b.subscribe("ann", "pro").value().url, "https://rzp.io/i/sub_1");
  EXPECT_EQ(made.size(), 1U);
}

TEST_F(Billing, CancelsAtTheEndOfTheCycleAndOnce) {
  auto b = open();
  EXPECT_EQ(b.cancel("ann").error().code(), errc::not_found);
  (void)b.subscribe("ann", "pro").value();
  EXPECT_EQ(b.cancel("ann").error().code(), errc::not_found);  // nothing was bought yet
  tell(b, event("subscription.activated", "sub_1", noon));
  ASSERT_TRUE(b.cancel("ann"));
  EXPECT_EQ(asked.back().url, "https://api.razorpay.com/v1/subscriptions/sub_1/cancel");
  EXPECT_EQ(json::parse(asked.back().body).at("cancel_at_cycle_end").as_bool(), true);
  const auto before = asked.size();
  EXPECT_TRUE(b.cancel("ann"));
  EXPECT_EQ(asked.size(), before);
  auto view = b.status("ann").value();
  EXPECT_EQ(view.status, "active");
  EXPECT_EQ(view.tier, "pro");
  EXPECT_EQ(view.canceled_at, noon);
  tell(b, event("subscription.cancelled", "sub_1", noon + 24h, {{"ended_at", unix_time(noon + 24h)}}));
  EXPECT_TRUE(b.cancel("ann"));
  view = b.status("ann").value();
  EXPECT_EQ(view.status, "canceled");
  EXPECT_EQ(view.tier, "pro");
  EXPECT_EQ(view.canceled_at, noon + 24h);
  time->advance(31 * 24h);
  EXPECT_EQ(b.status("ann").value().tier, "free");
  EXPECT_EQ(b.cancel("ann").error().code(), errc::not_found);
}

TEST_F(Billing, SaysWhenCancelingFailsAndChangesNothing) {
  auto b = open();
  (void)b.subscribe("ann", "pro").value();
  tell(b, event("subscription.activated", "sub_1", noon));
  instead = [](const auto&) { return error(errc::unavailable, "no connection"); };
  EXPECT_EQ(b.cancel("ann").error().code(), errc::provider_error);
  EXPECT_EQ(b.status("ann").value().canceled_at, std::nullopt);
  instead = nullptr;
  EXPECT_TRUE(b.cancel("ann"));
}

TEST_F(Billing, AsksRazorpayAboutASubscriptionThatFellSilent) {
  auto b = open();
  (void)b.subscribe("ann", "pro").value();
  tell(b, event("subscription.activated", "sub_1", noon));
  made["sub_1"]["status"] = "halted";  // and the event never arrived
  time->advance(32 * 24h);
  EXPECT_EQ(b.sweep().value().checked, 0U);
  EXPECT_EQ(b.status("ann").value().tier, "pro");
  time->advance(2 * 24h);
  EXPECT_EQ(b.sweep().value().checked, 1U);
  EXPECT_EQ(b.status("ann").value().status, "halted");
  EXPECT_EQ(b.status("ann").value().tier, "free");
}

TEST_F(Billing, GivesAPlanThatNobodyBought) {
  auto b = open();
  EXPECT_EQ(b.grant_plan("ann", "gold").error().code(), errc::invalid_input);
  ASSERT_TRUE(b.grant_plan("ann", "enterprise"));
  EXPECT_EQ(b.quota("ann").value().allowed.name, "enterprise");
  ASSERT_TRUE(b.grant_plan("ann", ""));
  EXPECT_EQ(b.quota("ann").value().allowed.name, "free");
}

TEST_F(Billing, WritesDownWhatChangedMoneyOrRights) {
  auto b = open();
  ASSERT_TRUE(b.add_coupon(a_coupon()));
  (void)b.redeem("ann", "SAVE20", "pro").value();
  tell(b, event("subscription.activated", "sub_1", noon));
  ASSERT_TRUE(b.cancel("ann"));
  ASSERT_TRUE(b.grant_plan("bob", "pro"));
  std::vector<std::string> seen;
  for (const auto& e : b.audit("ann", 10).value()) seen.push_back(e.actor + " " + e.what);
  EXPECT_THAT(seen, ::testing::ElementsAre("user subscription.cancel_asked", "razorpay subscription.active",
                                           "user checkout.opened"));
  EXPECT_THAT(b.audit("", 10).value(), SizeIs(5));
  EXPECT_THAT(b.audit("", 2).value(), SizeIs(2));
}

}  // namespace
