// A customer buys an assistant, and it runs: the real server and its real bot program, with Polar, Telegram, AkashML
// and Clerk as stand-ins.
#include "tests/e2e/platform.hpp"

#include <csignal>
#include <fstream>

namespace {

using namespace texbuild_test;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* nobody = "00000000-0000-4000-8000-000000000000";

TEST_F(Platform, SellsAnAssistantThatIsActiveSoonAfter) {
  server.start();
  const auto out = as_user("POST", "/api/checkout", wish());
  ASSERT_EQ(out.status, 200) << out.body;
  EXPECT_THAT(out.text("sessionUrl"), HasSubstr("https://polar.sh/checkout/"));
  const auto id = out.text("deploymentId");
  EXPECT_EQ(as_user("POST", "/api/checkout", wish()).text("deploymentId"), id);
  EXPECT_EQ(status_of(id).at("status"), "pending");
  steer("pay", json::object{{"target", here_at("/api/webhooks/polar")}});
  const auto told = state();
  for (const auto& status : told.at("webhooks").as_array()) EXPECT_EQ(status, 200);
  ASSERT_TRUE(becomes(id, "active")) << server.err();
  const auto status = status_of(id);
  EXPECT_EQ(status.at("channelLink"), "https://t.me/demo_shop_bot");
  EXPECT_EQ(status.at("deploymentId"), json::value(id));
  EXPECT_EQ(status.at("channel"), "telegram");
  EXPECT_FALSE(status.contains("errorMessage"));

  for (const char* path : {"/api/deployments", "/api/v1/deployments"}) {
    const auto mine = as_user("GET", path).json().at("deployments").as_array();
    ASSERT_EQ(mine.size(), 1U);
    const auto& d = mine.front().as_object();
    EXPECT_EQ(d.at("id"), json::value(id));
    EXPECT_EQ(d.at("model"), "minimax-m2.5");
    EXPECT_EQ(d.at("status"), "active");
    EXPECT_TRUE(d.at("errorMessage").is_null());
    EXPECT_TRUE(time_of(std::string(d.at("createdAt").as_string())).has_value());
    EXPECT_EQ(d.size(), 8U);
  }
  EXPECT_TRUE(as_user("GET", "/api/deployments", "", "user_bob").json().at("deployments").as_array().empty());
  // The bot asks Telegram what is new: it runs.
  EXPECT_TRUE(comes_true([&] { return state().at("polled").to_number<int>() > 0; }));
  EXPECT_TRUE(state().at("problems").as_array().empty()) << json::serialize(state().at("problems"));
}

TEST_F(Platform, StartsADeploymentOnceThoughItWasKilledInBetween) {
  server.start();
  const auto id = bought();
  server.kill();
  server.start();
  ASSERT_TRUE(becomes(id, "active")) << server.err();
  server.kill();
  const auto before = state().at("getMe").to_number<int>();
  server.start();  // and it takes its bot up again
  EXPECT_TRUE(comes_true([&] { return state().at("getMe").to_number<int>() > before; }));
  EXPECT_EQ(status_of(id).at("status"), "active");
}

TEST_F(Platform, SaysSoWhenTelegramRefusesTheToken) {
  server.start();
  const auto id = bought("999:not-the-right-one");
  ASSERT_TRUE(becomes(id, "failed")) << server.err();
  EXPECT_EQ(status_of(id).at("errorMessage"), "Telegram refuses the bot token");
  EXPECT_FALSE(status_of(id).contains("channelLink"));
}

TEST_F(Platform, EndsTheBotWithTheSubscription) {
  server.start();
  const auto id = bought();
  ASSERT_TRUE(becomes(id, "active")) << server.err();
  EXPECT_TRUE(comes_true([&] { return bots().size() == 1; }));
  steer("revoke", json::object{{"target", here_at("/api/webhooks/polar")}});
  EXPECT_EQ(status_of(id).at("status"), "failed");
  EXPECT_EQ(status_of(id).at("errorMessage"), "The subscription has ended.");
  EXPECT_TRUE(comes_true([&] { return bots().empty(); }));
}

TEST_F(Platform, StartsABotAgainThatDied) {
  server.start();
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  const auto before = state().at("getMe").to_number<int>();
  for (const auto bot : bots()) EXPECT_EQ(::kill(bot, SIGKILL), 0);
  EXPECT_TRUE(comes_true([&] { return state().at("getMe").to_number<int>() > before; }));
}

TEST_F(Platform, ShowsNoSecretAnywhere) {
  server.start();
  const auto id = bought();
  ASSERT_TRUE(becomes(id, "active")) << server.err();
  const auto secrets = {std::string("AAExample_token-1"), std::string("polar_oat_test"), std::string("akml_test"),
                        std::string("sk_test_1"),         std::string("tba_"),           std::string(polar_secret)};
  std::string shown = server.err() + server.out() + as_user("GET", "/api/deployments").body +
                      server.ask("GET", "/api/status?id=" + id).body;
  for (const auto& s : secrets) EXPECT_THAT(shown, Not(HasSubstr(s)));
  // Nor where other users of the machine look.
  for (const auto& [pid, line] : processes())
    for (const auto& s : secrets) EXPECT_THAT(line, Not(HasSubstr(s))) << pid;
  server.stop();
  for (const char* file : {"texbuild.db", "texbuild.db-wal"})
    EXPECT_THAT(read_file(server.data() / file), Not(HasSubstr("AAExample_token-1")));
}

TEST_F(Platform, TellsTheBalanceAndTheLastKnownWhenPolarIsDown) {
  server.start();
  const auto balance = [&] { return as_user("GET", "/api/user/balance").json(); };
  EXPECT_EQ(balance(), (json::object{{"balance", 10}, {"creditLimit", 10}}));
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  steer("meter", json::object{{"user", "user_ann"}, {"units", 150000}});
  EXPECT_EQ(balance(), (json::object{{"balance", 8.5}, {"creditLimit", 10}}));
  steer("down", json::array{"polar"});
  EXPECT_EQ(balance(), (json::object{{"balance", 8.5}, {"creditLimit", 10}}));
  EXPECT_EQ(server.ask("GET", "/api/user/balance").status, 401);
}

TEST_F(Platform, AnswersEachRefusalWithItsCode) {
  server.start();
  EXPECT_EQ(server.ask("POST", "/api/checkout", "", wish()).status, 401);
  EXPECT_EQ(server.ask("GET", "/api/deployments").status, 401);
  EXPECT_EQ(server.ask("GET", "/api/status").status, 400);
  EXPECT_EQ(server.ask("GET", "/api/status?id=1").status, 400);
  EXPECT_EQ(server.ask("GET", std::string("/api/status?id=") + nobody).status, 404);
  EXPECT_EQ(as_user("POST", "/api/checkout", "no json").status, 400);
  const auto bad = as_user("POST", "/api/checkout", wish("nonsense"));
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.text("details"), HasSubstr("channelToken"));
  steer("down", json::array{"polar"});
  const auto failed = as_user("POST", "/api/checkout", wish(), "user_bob");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.text("code"), "provider_error");
  // Without INNGEST_*, nobody from outside runs functions.
  EXPECT_EQ(server.ask("POST", "/api/inngest?fnId=texbuild-deploy&stepId=step", "", "{}").status, 500);
  EXPECT_EQ(server.ask("PUT", "/api/inngest", "", "{}").status, 500);
}

TEST_F(Platform, TakesClerksWebhooksFromTheOfficialPackage) {
  server.start();
  const auto tell = [&](const char* name, json::object data) {
    steer("clerk", json::object{{"target", here_at("/api/webhooks/clerk")},
                                {"event", json::object{{"type", name}, {"object", "event"}, {"data", data}}}});
    return state().at("webhooks").as_array().back();
  };
  const json::object user{
      {"id", "user_ines"},
      {"primary_email_address_id", "idn_1"},
      {"updated_at", 5},
      {"email_addresses", json::array{json::object{{"id", "idn_1"},
                                                   {"email_address", "ines@example.com"},
                                                   {"verification", json::object{{"status", "verified"}}}}}}};
  EXPECT_EQ(tell("user.created", user), 200);
  EXPECT_EQ(tell("organization.created", json::object{{"id", "org_1"}}), 200);
  EXPECT_EQ(as_user("POST", "/api/checkout", wish(), "user_ines").status, 200);
  const auto checkouts = state().at("checkouts").as_object();
  ASSERT_EQ(checkouts.size(), 1U);
  EXPECT_EQ(checkouts.begin()->value().at("customer_email"), "ines@example.com");
  // Of a user that no webhook has told, Clerk is asked.
  EXPECT_EQ(as_user("POST", "/api/checkout", wish(), "user_otto").status, 200);
  EXPECT_THAT(json::serialize(state().at("checkouts")), HasSubstr("user_otto@clerk.example"));

  EXPECT_EQ(server.ask("POST", "/api/webhooks/clerk", "", "{}").status, 400);
  const std::string headers = "svix-id: msg_1\r\nsvix-timestamp: 1767225600\r\nsvix-signature: v1,AAAA\r\n";
  EXPECT_EQ(server.ask("POST", "/api/webhooks/clerk", headers, "{}").status, 401);
  EXPECT_EQ(server.ask("POST", "/api/webhooks/polar", "", "{}").status, 401);
}

TEST_F(Platform, CannotTakeWebhooksWithoutTheirSecrets) {
  server.environment.erase("CLERK_WEBHOOK_SECRET");
  server.environment.erase("POLAR_WEBHOOK_SECRET");
  server.environment.erase("POLAR_ACCESS_TOKEN");
  server.start();
  EXPECT_EQ(server.ask("POST", "/api/webhooks/clerk", "", "{}").status, 500);
  EXPECT_EQ(server.ask("POST", "/api/webhooks/polar", "", "{}").status, 500);
  EXPECT_EQ(as_user("POST", "/api/checkout", wish()).status, 503);
}

TEST_F(Platform, LimitsCheckoutsToFiveAMinute) {
  server.start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(as_user("POST", "/api/checkout", wish()).status, 200) << i;
  EXPECT_EQ(as_user("POST", "/api/checkout", wish()).status, 429);
}

TEST_F(Platform, HasAPolarThatTheOfficialPackageTalksTo) {
  // What the stand-in takes and gives is what Polar's own client sends and reads.
  const auto ran = run({"/usr/bin/env", "node", TEXBUILD_SOURCE_DIR "/tests/sdk/polar_client.js",
                        "http://127.0.0.1:" + std::to_string(services_port)},
                       {{"TEXBUILD_SDK", TEXBUILD_SDK}, {"PATH", "/usr/local/bin:/usr/bin:/bin"}});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("all as Polar"));
}

/// A server whose functions Inngest runs.
void with_inngest(Platform& p, bool signs) {
  const auto origin = "http://127.0.0.1:" + std::to_string(p.services_port);
  if (signs) {
    p.server.environment["INNGEST_SIGNING_KEY"] = Platform::inngest_key;
    p.server.environment["INNGEST_EVENT_KEY"] = "evk_1";
    p.server.environment["INNGEST_BASE_URL"] = origin;
  } else {
    p.server.environment["INNGEST_DEV"] = origin;
  }
  p.server.start();
  p.steer("sync", json::object{{"target", p.here_at("/api/inngest")}});
  EXPECT_EQ(p.state().at("registered"), json::array{"texbuild-deploy"});
  const auto id = p.bought();
  EXPECT_TRUE(p.becomes(id, "active")) << p.server.err();
  EXPECT_TRUE(comes_true([&] {
    const auto events = json::serialize(p.state().at("inngestEvents"));
    return events == R"(["deployment/requested","deployment/completed"])";
  }));
  EXPECT_TRUE(p.state().at("problems").as_array().empty()) << json::serialize(p.state().at("problems"));
}

TEST_F(Platform, HasItsFunctionsRunByInngest) { with_inngest(*this, false); }

struct SignedPlatform : Platform {
  SignedPlatform() : Platform({{"INNGEST_SIGNING_KEY", inngest_key}}) {}
};

TEST_F(SignedPlatform, HasItsFunctionsRunByInngestWithSignedCalls) {
  // A stranger's PUT may name any host: none is announced before the server is told its own.
  server.environment["INNGEST_SIGNING_KEY"] = inngest_key;
  server.environment["INNGEST_BASE_URL"] = "http://127.0.0.1:" + std::to_string(services_port);
  server.start();
  const auto refused = server.ask("PUT", "/api/inngest", "", "{}");
  EXPECT_EQ(refused.status, 500);
  EXPECT_THAT(refused.body, HasSubstr("INNGEST_SERVE_ORIGIN"));
  server.listen = "127.0.0.1:" + std::to_string(server.port());
  EXPECT_EQ(server.stop(), 0);
  server.environment["INNGEST_SERVE_ORIGIN"] = "http://" + server.listen;
  with_inngest(*this, true);
  // And by nobody else.
  EXPECT_EQ(server.ask("POST", "/api/inngest?fnId=texbuild-deploy&stepId=step", "", "{}").status, 401);
}

TEST_F(Platform, StopsInTimeThoughAnotherServiceDoesNotAnswer) {
  server.start();
  steer("down", json::array{"polar-hangs"});
  std::jthread asks([&] { (void)as_user("POST", "/api/checkout", wish()); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(server.stop(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));  // what is promised
}

}  // namespace
