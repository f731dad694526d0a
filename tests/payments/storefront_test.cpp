// Checkouts of assistants, and what Polar's webhooks make of them.
#include "src/store/deployments.hpp"
#include "tests/payments/polar_stand_in.hpp"

#include <thread>

namespace {

using namespace texbuild_test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class Checkouts : public Storefront {
 protected:
  store::deployment_row deployment(const std::string& id) {
    return store::deployments_store(db).find(id).value().value();
  }
  std::vector<std::string> to_start() {
    std::vector<std::string> ids;
    for (const auto& due : store::deployments_store(db).to_start().value()) ids.push_back(due.id);
    return ids;
  }
  json::object order(const std::string& deployment, const std::string& checkout = "checkout_1") const {
    return {{"id", "order_1"},
            {"status", "paid"},
            {"paid", true},
            {"product_id", "product_starter"},
            {"checkout_id", checkout},
            {"customer_id", "cus_ann"},
            {"customer", json::object{{"id", "cus_ann"}, {"external_id", "ann"}}},
            {"metadata", json::object{{"user_id", "ann"}, {"deployment_id", deployment}}}};
  }
};

TEST_F(Checkouts, MakeACheckoutAndAPendingDeployment) {
  auto shop = open();
  const auto out = shop.checkout("ann", wish()).value();
  EXPECT_EQ(out.url, "https://polar.sh/checkout/checkout_1");
  EXPECT_THAT(out.deployment,
              ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  const auto row = deployment(out.deployment);
  EXPECT_EQ(row.shown.status, deployment_status::pending);
  EXPECT_EQ(row.tier, "starter");
  EXPECT_FALSE(row.paid);
  const auto sent = json::parse(asked.back().body).as_object();
  EXPECT_EQ(sent.at("products"), json::array{"product_starter"});
  EXPECT_EQ(sent.at("external_customer_id"), "ann");
  EXPECT_EQ(sent.at("metadata").at("deployment_id"), json::value(out.deployment));
  EXPECT_THAT(to_start(), IsEmpty());
}

TEST_F(Checkouts, KeepTheTokenSealed) {
  auto shop = open();
  const auto out = shop.checkout("ann", wish()).value();
  const auto row = deployment(out.deployment);
  EXPECT_THAT(row.token, Not(HasSubstr("AAExample")));
  for (const auto& r : asked) EXPECT_THAT(r.body, Not(HasSubstr("AAExample")));
}

TEST_F(Checkouts, GiveTheSameOneAgainWhileItIsOpen) {
  auto shop = open();
  const auto first = shop.checkout("ann", wish()).value();
  EXPECT_EQ(shop.checkout("ann", wish()).value().deployment, first.deployment);
  EXPECT_EQ(calls("POST", "/checkouts/"), 1U);
  EXPECT_NE(shop.checkout("bob", wish()).value().deployment, first.deployment);
  EXPECT_NE(shop.checkout("ann", wish("pro")).value().deployment, first.deployment);
  auto other = wish();
  other.token = "123456789:AAExample_token-2";
  EXPECT_NE(shop.checkout("ann", other).value().deployment, first.deployment);
  checkout_status["checkout_1"] = "expired";
  EXPECT_NE(shop.checkout("ann", wish()).value().deployment, first.deployment);
}

TEST_F(Checkouts, GiveOneToADoubleClick) {
  auto shop = open();
  std::vector<std::jthread> threads;
  std::mutex guard;
  std::set<std::string> made;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const auto out = shop.checkout("ann", wish()).value();
      const std::scoped_lock lock(guard);
      made.insert(out.deployment);
    });
  threads.clear();
  EXPECT_THAT(made, SizeIs(1));
}

TEST_F(Checkouts, UseTheCustomerThatPolarKnows) {
  auto shop = open();
  customers["ann"] = "cus_ann";
  ASSERT_TRUE(shop.checkout("ann", wish()));
  EXPECT_EQ(json::parse(asked.back().body).at("customer_id"), "cus_ann");
}

TEST_F(Checkouts, ForgetACustomerThatPolarNoLongerKnows) {
  auto shop = open();
  customers["ann"] = "cus_ann";
  ASSERT_TRUE(shop.checkout("ann", wish()));
  customers.clear();
  ASSERT_TRUE(shop.checkout("ann", wish("pro")));
  EXPECT_EQ(json::parse(asked.back().body).at("external_customer_id"), "ann");
}

TEST_F(Checkouts, NameTheFieldThatIsWrong) {
  auto shop = open();
  const auto field = [&](auto change) {
    auto w = wish();
    change(w);
    const auto out = shop.checkout("ann", w);
    EXPECT_FALSE(out);
    EXPECT_EQ(out.error().code(), errc::invalid_input);
    return out.error().subject();
  };
  EXPECT_EQ(field([](auto& w) { w.model = "gpt-99"; }), "model");
  EXPECT_EQ(field([](auto& w) { w.channel = "smoke"; }), "channel");
  EXPECT_EQ(field([](auto& w) { w.token = "abc:def"; }), "channelToken");
  EXPECT_EQ(field([](auto& w) { w.token = "123:../getMe"; }), "channelToken");
  EXPECT_EQ(field([](auto& w) { w.token = "123:"; }), "channelToken");
  EXPECT_EQ(field([](auto& w) { w.tier = "gold"; }), "tier");
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(Checkouts, LeaveNothingWhenPolarFails) {
  auto shop = open();
  down = true;
  EXPECT_EQ(shop.checkout("ann", wish()).error().code(), errc::provider_error);
  down = false;
  for (const int status : {401, 404, 422, 429, 500}) {
    status_of_all = status;
    EXPECT_EQ(shop.checkout("ann", wish()).error().code(), errc::provider_error) << status;
  }
  EXPECT_THAT(store::deployments_store(db).of_owner("ann").value(), IsEmpty());
  EXPECT_THAT(store::deployments_store(db).after("", 10).value(), IsEmpty());
}

TEST_F(Checkouts, CannotBeMadeWherePolarIsNotConfigured) {
  with.polar.reset();
  EXPECT_EQ(open().checkout("ann", wish()).error().code(), errc::unavailable);
}

TEST_F(Checkouts, AreForgottenWhenACrashCutThemOff) {
  auto shop = open();
  store::deployment_row row;
  row.shown.id = "a";
  row.owner = "ann";
  ASSERT_TRUE(store::deployments_store(db).add(row, time->now()));
  EXPECT_THAT(store::deployments_store(db).of_owner("ann").value(), IsEmpty());
  time->advance(2h);
  EXPECT_EQ(shop.sweep().value().forgotten, 1U);
  EXPECT_THAT(store::deployments_store(db).after("", 10).value(), IsEmpty());
}

TEST_F(Checkouts, StartADeploymentOnceItIsPaid) {
  auto shop = open();
  const auto id = shop.checkout("ann", wish()).value().deployment;
  tell(shop, "order.created", [&] {
    auto o = order(id);
    o["status"] = "pending";
    o["paid"] = false;
    return o;
  }());
  EXPECT_THAT(to_start(), IsEmpty());
  tell(shop, "order.paid", order(id));
  EXPECT_THAT(to_start(), ::testing::ElementsAre(id));
  EXPECT_TRUE(deployment(id).paid);
}

TEST_F(Checkouts, StartADeploymentOnceHoweverOftenItIsTold) {
  auto shop = open();
  const auto id = shop.checkout("ann", wish()).value().deployment;
  tell(shop, "order.paid", order(id));
  ASSERT_TRUE(store::deployments_store(db).started(id, time->now()));
  auto sub = subscription("active");
  sub["metadata"] = json::object{{"deployment_id", id}};
  tell(shop, "subscription.active", sub);
  tell(shop, "subscription.updated", sub);
  tell(shop, "order.paid", order(id));
  tell(shop, "checkout.updated", {{"id", "checkout_1"}, {"status", "succeeded"}, {"external_customer_id", "ann"}});
  EXPECT_THAT(to_start(), IsEmpty());
  EXPECT_EQ(deployment(id).subscription, "sub_1");
}

TEST_F(Checkouts, StartADeploymentByItsCheckoutAlone) {
  auto shop = open();
  const auto id = shop.checkout("ann", wish()).value().deployment;
  tell(shop, "checkout.updated", {{"id", "checkout_1"}, {"status", "confirmed"}, {"external_customer_id", "ann"}});
  EXPECT_THAT(to_start(), IsEmpty());
  tell(shop, "checkout.updated", {{"id", "checkout_1"}, {"status", "succeeded"}, {"external_customer_id", "ann"}});
  EXPECT_THAT(to_start(), ::testing::ElementsAre(id));
}

TEST_F(Checkouts, StartNobodyElsesDeployment) {
  auto shop = open();
  const auto id = shop.checkout("bob", wish()).value().deployment;
  tell(shop, "order.paid", order(id));  // paid by ann
  EXPECT_THAT(to_start(), IsEmpty());
  auto cheaper = order(id);
  cheaper["customer"] = json::object{{"id", "cus_bob"}, {"external_id", "bob"}};
  cheaper["product_id"] = "product_of_a_cent";
  tell(shop, "order.paid", cheaper);
  EXPECT_THAT(to_start(), IsEmpty());
}

TEST_F(Checkouts, EndADeploymentWithItsSubscription) {
  auto shop = open();
  const auto id = shop.checkout("ann", wish()).value().deployment;
  auto sub = subscription("active");
  sub["metadata"] = json::object{{"deployment_id", id}};
  tell(shop, "subscription.active", sub);
  // Asked to end with the period: it runs until then.
  tell(shop, "subscription.canceled",
       subscription("active", "ann", "product_starter", "sub_1", "2026-11-24T00:00:02Z"));
  EXPECT_FALSE(deployment(id).ended);
  tell(shop, "subscription.revoked",
       subscription("canceled", "ann", "product_starter", "sub_1", "2026-11-24T00:00:03Z"));
  EXPECT_TRUE(deployment(id).ended);
  EXPECT_EQ(deployment(id).shown.status, deployment_status::failed);
  EXPECT_EQ(deployment(id).shown.error_message, "The subscription has ended.");
}

TEST_F(Checkouts, StartNothingWhoseEndWasToldFirst) {
  auto shop = open();
  const auto id = shop.checkout("ann", wish()).value().deployment;
  auto ended = subscription("canceled", "ann", "product_starter", "sub_1", "2026-11-24T00:00:03Z");
  ended["metadata"] = json::object{{"deployment_id", id}};
  tell(shop, "subscription.revoked", ended);
  auto begun = subscription("active");
  begun["metadata"] = json::object{{"deployment_id", id}};
  tell(shop, "subscription.active", begun);
  auto paid = order(id);
  paid["subscription_id"] = "sub_1";
  tell(shop, "order.paid", paid);
  EXPECT_TRUE(deployment(id).ended);
  EXPECT_FALSE(deployment(id).paid);
}

TEST_F(Checkouts, SayWhenTheyHaveExpired) {
  auto shop = open();
  const auto id = shop.checkout("ann", wish()).value().deployment;
  tell(shop, "checkout.expired", {{"id", "checkout_1"}, {"status", "expired"}, {"external_customer_id", "ann"}});
  EXPECT_EQ(deployment(id).shown.status, deployment_status::failed);
  EXPECT_EQ(deployment(id).shown.error_message, "The checkout has expired.");
  // A payment that came in all the same counts.
  tell(shop, "order.paid", order(id));
  EXPECT_EQ(deployment(id).shown.status, deployment_status::pending);
  EXPECT_THAT(to_start(), SizeIs(1));
}

TEST_F(Checkouts, RefuseWebhooksThatAreNotPolars) {
  auto shop = open();
  const std::string body = R"({"type":"order.paid","data":{}})";
  auto headers = sign("e1", body);
  EXPECT_EQ(shop.receive_polar(body + " ", headers).error().code(), errc::unauthorized);
  EXPECT_EQ(shop.receive_polar(body, {}).error().code(), errc::unauthorized);
  time->advance(301s);
  EXPECT_EQ(shop.receive_polar(body, headers).error().code(), errc::unauthorized);
  EXPECT_EQ(shop.receive_polar("[]", sign("e2", "[]")).error().code(), errc::invalid_input);
  with.webhook_secret.clear();
  EXPECT_EQ(open().receive_polar(body, headers).error().code(), errc::internal);
}

TEST_F(Checkouts, TakeAnUnknownEventAndKnowItAgain) {
  auto shop = open();
  const std::string body = R"({"type":"comet.seen","data":{"id":"x"}})";
  EXPECT_TRUE(shop.receive_polar(body, sign("e1", body)).value());
  EXPECT_FALSE(shop.receive_polar(body, sign("e1", body)).value());
  EXPECT_EQ(shop.apply().value(), 1U);
  EXPECT_EQ(shop.apply().value(), 0U);
}

TEST_F(Checkouts, ComeToTheSameEndInEveryOrder) {
  std::vector<int> turns{0, 1, 2, 3};
  do {
    db = open_sqlite(":memory:").value();
    checkout_status.clear();
    events = 0;
    auto shop = open();
    const auto id = shop.checkout("ann", wish()).value().deployment;
    for (const int turn : turns) {
      auto begun = subscription("active");
      begun["metadata"] = json::object{{"deployment_id", id}};
      auto ended = subscription("canceled", "ann", "product_starter", "sub_1", "2026-11-24T00:00:03Z");
      ended["metadata"] = json::object{{"deployment_id", id}};
      if (turn == 0) tell(shop, "subscription.active", begun);
      if (turn == 1) tell(shop, "order.paid", order(id));
      if (turn == 2) tell(shop, "subscription.revoked", ended);
      if (turn == 3)
        tell(shop, "checkout.updated",
             {{"id", "checkout_1"}, {"status", "succeeded"}, {"external_customer_id", "ann"}});
    }
    EXPECT_TRUE(deployment(id).ended);
    EXPECT_EQ(shop.credit("ann").value().tier, "starter");
  } while (std::next_permutation(turns.begin(), turns.end()));
}

TEST_F(Checkouts, EndADeploymentThoughItsProductWasChanged) {
  auto shop = open();
  const auto id = shop.checkout("ann", wish()).value().deployment;
  auto sub = subscription("active");
  sub["metadata"] = json::object{{"deployment_id", id}};
  tell(shop, "subscription.active", sub);
  sub = subscription("canceled", "ann", "product_pro", "sub_1", "2026-11-24T00:00:03Z");
  sub["metadata"] = json::object{{"deployment_id", id}};
  tell(shop, "subscription.revoked", sub);
  EXPECT_TRUE(deployment(id).ended);
}

TEST_F(Checkouts, PauseADeploymentWhoseSubscriptionIsNotPaidAndGoOnWhenItIs) {
  auto shop = open();
  const auto id = shop.checkout("ann", wish()).value().deployment;
  const auto told = [&](const char* name, const char* status, const char* at) {
    auto sub = subscription(status, "ann", "product_starter", "sub_1", at);
    sub["metadata"] = json::object{{"deployment_id", id}};
    tell(shop, name, sub);
  };
  told("subscription.active", "active", "2026-11-24T00:00:01Z");
  told("subscription.revoked", "unpaid", "2026-11-24T00:00:02Z");
  EXPECT_FALSE(deployment(id).ended);
  EXPECT_TRUE(deployment(id).paused);
  told("subscription.active", "active", "2026-11-24T00:00:03Z");
  EXPECT_FALSE(deployment(id).paused);
  told("subscription.paused", "paused", "2026-11-24T00:00:04Z");
  EXPECT_TRUE(deployment(id).paused);
}

TEST_F(Checkouts, StartOneDeploymentForOnePurchaseThatNamesNone) {
  auto shop = open();
  const auto first = shop.checkout("ann", wish()).value().deployment;
  checkout_status["checkout_1"] = "expired";
  time->advance(1s);
  const auto second = shop.checkout("ann", wish()).value().deployment;
  ASSERT_NE(first, second);
  // Bought at a page that we did not make.
  tell(
      shop, "checkout.updated",
      {{"id", "foreign"}, {"status", "succeeded"}, {"product_id", "product_starter"}, {"external_customer_id", "ann"}});
  auto paid = order("", "foreign");
  paid["subscription_id"] = "sub_9";
  tell(shop, "order.paid", paid);
  auto sub = subscription("active", "ann", "product_starter", "sub_9");
  tell(shop, "subscription.active", sub);
  EXPECT_THAT(to_start(), ::testing::ElementsAre(second));
}

TEST_F(Checkouts, SayWhenThereIsNothingToStartForAPayment) {
  std::vector<std::string> lines;
  with.note = [&](std::string_view line) { lines.emplace_back(line); };
  auto shop = open();
  const auto id = shop.checkout("ann", wish()).value().deployment;
  // Of another product than the deployment that it names; several events tell of it.
  auto other = order(id);
  other["product_id"] = "product_business";
  tell(shop, "order.paid", other);
  tell(shop, "order.updated", other);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines.back(), HasSubstr("checkout_1 of ann starts nothing: the deployment " + id));
  EXPECT_THAT(lines.back(), HasSubstr("another product"));
  // Of a user who has none.
  auto foreign = order("", "checkout_9");
  foreign["customer_id"] = "cus_eve";
  foreign["customer"] = json::object{{"id", "cus_eve"}, {"external_id", "eve"}};
  tell(shop, "order.paid", foreign);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines.back(), HasSubstr("no deployment that it could be for"));
  // For another user's.
  foreign = order(id, "checkout_8");
  foreign["customer"] = json::object{{"id", "cus_eve"}, {"external_id", "eve"}};
  tell(shop, "order.paid", foreign);
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines.back(), HasSubstr("another user's"));
  // Of something else that is sold there, and one that starts something: no line.
  foreign = order("", "checkout_7");
  foreign["product_id"] = "a mug";
  tell(shop, "order.paid", foreign);
  tell(shop, "order.paid", order(id));
  tell(shop, "order.updated", order(id));
  tell(shop, "subscription.active", subscription("incomplete", "bob", "product_starter", "sub_7"));
  EXPECT_THAT(lines, SizeIs(3));
  EXPECT_THAT(to_start(), ::testing::ElementsAre(id));
  ASSERT_TRUE(db->read([&](sql_session& s) -> result<void> {
    const auto notes = s.run("SELECT note FROM inbox WHERE note <> ''");
    const auto audit = s.run("SELECT detail FROM audit WHERE what = 'payment.starts_nothing'");
    if (!notes || !audit) return error(errc::internal, "no rows");
    EXPECT_EQ(notes->size(), 5U);
    EXPECT_EQ(audit->size(), 3U);
    return {};
  }));
}

TEST_F(Checkouts, AskPolarNoMoreForOnesThatAreOver) {
  auto shop = open();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(shop.checkout("ann", wish()));
    for (auto& [id, status] : checkout_status) status = "expired";
    time->advance(1s);
  }
  EXPECT_EQ(calls("GET", "/checkouts/"), 3U);
}

TEST_F(Checkouts, AreForgottenWhenNobodyPaysThem) {
  auto shop = open();
  const auto id = shop.checkout("ann", wish()).value().deployment;
  time->advance(24h * 31);
  ASSERT_TRUE(shop.sweep());
  EXPECT_FALSE(store::deployments_store(db).find(id).value().has_value());
}

}  // namespace
