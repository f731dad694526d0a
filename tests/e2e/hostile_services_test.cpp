// Other services that do what none should: every answer of ours is the documented one and comes in bounded time,
// nothing is lost, and all is well right after.
#include "tests/e2e/platform.hpp"

namespace {

using namespace texbuild_test;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr std::int64_t most_taken = 128 << 20;  // some sockets full, of 256 MB for each flood
const std::vector<std::string> quick{"no json",    "a page", "a list",  "null",           "depth",
                                     "a redirect", "half",   "a flood", "endless headers"};

struct HostileServices : Platform {
  /// The service misbehaves like that; "" ends it.
  void makes(const std::string& service, const std::string& trouble) const {
    steer("hostile", trouble.empty() ? json::object() : json::object{{service, trouble}});
  }
  [[nodiscard]] http_answer chat(bool stream = false) const {
    return as_user(
        "POST", "/api/chat",
        json::serialize(json::object{{"model", "minimax-m2.5"},
                                     {"stream", stream},
                                     {"messages", json::array{json::object{{"role", "user"}, {"content", "hello"}}}}}));
  }
  [[nodiscard]] std::int64_t count(const char* of) const { return state().at(of).to_number<std::int64_t>(); }
  [[nodiscard]] std::size_t ingested() const { return state().at("events").as_object().size(); }
  /// That no redirect was followed and no flood taken.
  void expect_untouched() const {
    EXPECT_EQ(count("trapped"), 0);
    EXPECT_LT(count("poured"), most_taken);
  }
  static std::string customer(std::size_t i) { return "user_new" + std::to_string(i); }
};

TEST_F(HostileServices, OfPolarCostNoCheckoutNoBalanceAndNoUse) {
  server.start();
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  steer("meter", json::object{{"user", "user_ann"}, {"units", 150000}});
  EXPECT_EQ(as_user("GET", "/api/user/balance").json().at("balance"), json::value(8.5));
  std::size_t uses = 0;
  auto all = quick;
  for (const char* status : {"400", "401", "403", "409", "422", "429", "503"}) all.emplace_back(status);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& trouble = all[i];
    makes("polar", trouble);
    const auto out = as_user("POST", "/api/checkout", wish(), customer(i));
    EXPECT_EQ(out.status, 500) << trouble << out.body;
    EXPECT_EQ(out.text("code"), "provider_error") << trouble;
    EXPECT_THAT(out.body, Not(::testing::HasSubstr("secret words"))) << trouble;
    const auto balance = as_user("GET", "/api/user/balance").json();
    EXPECT_NEAR(balance.at("balance").to_number<double>(), 8.5, 0.1) << trouble;
    EXPECT_EQ(chat().status, 200) << trouble;  // by what was known last
    ++uses;
    makes("polar", "");
    EXPECT_EQ(as_user("POST", "/api/checkout", wish(), customer(i)).status, 200) << trouble;
  }
  EXPECT_TRUE(comes_true([&] { return ingested() == uses; })) << ingested();
  expect_untouched();
}

TEST_F(HostileServices, OfPolarThatAreSlowAreWaitedForNoLongerThanPromised) {
  server.start();
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  for (const char* slow : {"hangs", "a trickle"}) {
    makes("polar", slow);
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(as_user("GET", "/api/user/balance").json().at("balance"), 10) << slow;
    EXPECT_LT(std::chrono::steady_clock::now() - began, 4s) << slow;  // 2 are promised
    const auto out = as_user("POST", "/api/checkout", wish(), "user_bob");
    EXPECT_EQ(out.status, 500) << slow << out.body;
    EXPECT_EQ(out.text("code"), "provider_error") << slow;
    EXPECT_LT(std::chrono::steady_clock::now() - began, 25s) << slow;
  }
  makes("polar", "");
  EXPECT_EQ(as_user("POST", "/api/checkout", wish(), "user_bob").status, 200);
}

TEST_F(HostileServices, OfClerkKeepNobodyFromBuying) {
  server.start();
  auto all = quick;
  all.emplace_back("a trickle");
  for (std::size_t i = 0; i < all.size(); ++i) {
    makes("clerk", all[i]);
    EXPECT_EQ(as_user("POST", "/api/checkout", wish(), customer(i)).status, 200) << all[i];
  }
  makes("clerk", "");
  EXPECT_EQ(as_user("POST", "/api/checkout", wish(), "user_last").status, 200);
  EXPECT_THAT(json::serialize(state().at("checkouts")), ::testing::HasSubstr("user_last@clerk.example"));
  expect_untouched();
}

TEST_F(HostileServices, OfModelsAreAnsweredWith502AndChargedToNobody) {
  server.start();
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  for (const auto& trouble : quick) {
    makes("akashml", trouble);
    for (const bool stream : {false, true}) {
      const auto out = chat(stream);
      EXPECT_EQ(out.status, 502) << trouble << stream << out.body;
      EXPECT_EQ(out.text("code"), "provider_error") << trouble;
    }
  }
  makes("akashml", "");
  EXPECT_EQ(as_user("GET", "/api/user/balance").json().at("balance"), 10);
  EXPECT_EQ(chat().status, 200);
  EXPECT_TRUE(comes_true([&] { return ingested() == 1; }));
  expect_untouched();
}

TEST_F(HostileServices, OfTelegramHoldADeploymentUpAndLoseNoMessage) {
  server.start();
  makes("telegram", "a redirect");
  const auto id = bought();
  ASSERT_TRUE(becomes(id, "deploying"));
  makes("telegram", "");
  ASSERT_TRUE(becomes(id, "active")) << server.err();
  EXPECT_TRUE(comes_true([&] { return count("polled") > 0; }));
  for (const char* trouble : {"a flood", "no json"}) {
    makes("telegram", trouble);
    steer("telegram", json::object{{"text", "Are you there?"}});
    std::this_thread::sleep_for(500ms);
  }
  makes("telegram", "");
  EXPECT_TRUE(comes_true([&] { return state().at("sent").as_array().size() == 2; }));
  expect_untouched();
}

TEST_F(HostileServices, OfInngestStartADeploymentLater) {
  server.environment["INNGEST_DEV"] = "http://127.0.0.1:" + std::to_string(services_port);
  server.start();
  steer("sync", json::object{{"target", here_at("/api/inngest")}});
  for (const auto& trouble : quick) {
    makes("inngest", trouble);
    const auto out = server.ask("PUT", "/api/inngest", "", "{}");
    EXPECT_EQ(out.status, 500) << trouble << out.body;
    EXPECT_EQ(out.json().at("modified"), false);
  }
  const auto id = bought();
  for (const auto& trouble : {"no json", "a redirect"}) {
    makes("inngest", trouble);
    std::this_thread::sleep_for(500ms);
    EXPECT_EQ(status_of(id).at("status"), "pending") << trouble;
  }
  makes("inngest", "");
  EXPECT_TRUE(becomes(id, "active")) << server.err();
  expect_untouched();
}

}  // namespace
