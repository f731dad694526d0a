// Plans, limits and payments of the real server, with a Razorpay on loopback, and killed between any two steps.
#include "tests/e2e/accounts.hpp"
#include "tests/e2e/real_server.hpp"
#include "tests/http/loopback_server.hpp"

#include <openssl/hmac.h>

#include <atomic>
#include <thread>

namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace texbuild_test;

std::string subscription(const std::string& id, const std::string& status = "created") {
  return R"({"id":")" + id + R"(","entity":"subscription","plan_id":"plan_PRO","status":")" + status +
         R"(","total_count":12,"paid_count":0,"notes":[],"short_url":"https://rzp.io/i/)" + id + R"("})";
}

struct Money : RealServer {
  Money() {
    server.environment["TEXBUILD_PLANS"] = "";  // the default ones
    server.environment["RAZORPAY_KEY_ID"] = "rzp_test_1";
    server.environment["RAZORPAY_KEY_SECRET"] = "secret";
    server.environment["RAZORPAY_WEBHOOK_SECRET"] = "whs";
    server.environment["RAZORPAY_PLAN_PRO"] = "plan_PRO";
    server.environment["RAZORPAY_API_URL"] = razorpay.url("/v1/");
  }
  http_answer post(const std::string& target, const std::string& body) const {
    return server.ask("POST", target, "Authorization: Bearer " + server.token() + "\r\n", body);
  }
  http_answer webhook(const std::string& body, const std::string& id) const {
    unsigned char mac[32];
    unsigned length = 0;
    ::HMAC(::EVP_sha256(), "whs", 3, reinterpret_cast<const unsigned char*>(body.data()), body.size(), mac, &length);
    std::string hex;
    for (const auto c : mac) {
      hex += "0123456789abcdef"[c >> 4];
      hex += "0123456789abcdef"[c & 15];
    }
    return server.ask("POST", "/api/webhooks/razorpay",
                      "X-Razorpay-Signature: " + hex + "\r\nX-Razorpay-Event-Id: " + id + "\r\n", body);
  }
  static std::string event(const std::string& name, int second) {
    return R"({"event":")" + name + R"(","created_at":)" + std::to_string(1'790'000'000 + second) +
           R"(,"payload":{"subscription":{"entity":{"id":"sub_1","plan_id":"plan_PRO","status":"active","paid_count":1,
             "total_count":12,"current_start":1790000000,"current_end":4000000000,"notes":{"user_id":"user_dev"}}}}})";
  }
  ended_run tool(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), TEXBUILD_E2E_TOOL);
    arguments.insert(arguments.end(), {"--data-dir", server.data().string()});
    return run(arguments);
  }
  loopback_server razorpay{with_json("200 OK", subscription("sub_1"))};
};

TEST_F(Money, BuysAPlanAndBuildsMoreThanBefore) {
  server.start();
  EXPECT_EQ(server.get("/api/user/usage").text("tier"), "free");
  const auto out = post("/api/subscription/create", R"({"plan_id":"pro"})");
  ASSERT_EQ(out.status, 200) << out.body;
  EXPECT_EQ(out.text("checkout_url"), "https://rzp.io/i/sub_1");
  EXPECT_THAT(razorpay.request(), StartsWith("POST /v1/subscriptions HTTP/1.1"));
  EXPECT_THAT(razorpay.request(), HasSubstr("Authorization: Basic cnpwX3Rlc3RfMTpzZWNyZXQ="));
  EXPECT_EQ(webhook(event("subscription.activated", 1), "evt_1").status, 200);
  EXPECT_TRUE(comes_true([&] { return server.get("/api/subscription/status").text("status") == "active"; }));
  const auto usage = server.get("/api/user/usage").json();
  EXPECT_EQ(usage.at("tier").as_string(), "pro");
  EXPECT_EQ(usage.at("monthly_limit").to_number<int>(), 500);
  (void)server.ended(server.accepted(zip_of(document("Paid for."))));
  EXPECT_EQ(server.get("/api/user/usage").json().at("monthly_used").to_number<int>(), 1);
  const auto trail = tool({"user", "audit", "--user", "user_dev"});
  EXPECT_EQ(trail.exit, 0) << trail.err;
  EXPECT_THAT(trail.out, HasSubstr("razorpay  user_dev  subscription.active  sub_1"));
  EXPECT_EQ(trail.out.find("secret"), std::string::npos);
}

TEST_F(Money, NeverAcceptsMoreBuildsThanThePlanHasWhateverComesAtOnce) {
  server.start();
  std::atomic<int> taken{0}, refused{0}, other{0};
  {
    std::vector<std::jthread> crowd;
    for (int i = 0; i < 10; ++i)
      crowd.emplace_back([&] {
        const auto answer = server.upload(zip_of(endless_document()));
        if (answer.status == 201) ++taken;
        if (answer.status == 403 && answer.text("reason") == "concurrent_limit_exceeded") ++refused;
        if (answer.status != 201 && answer.status != 403) ++other;
      });
  }
  EXPECT_EQ(taken, 2);
  EXPECT_EQ(refused, 8);
  const auto eleventh = server.upload(zip_of(document("One too many.")));
  EXPECT_EQ(eleventh.status, 429);
  EXPECT_EQ(eleventh.headers.at("x-ratelimit-remaining"), "0");
  for (const auto& build : server.list()) {
    const auto id = std::string(build.at("id").as_string());
    EXPECT_EQ(server.as("POST", "/api/build/" + id + "/cancel").status, 200);
  }
  EXPECT_TRUE(
      comes_true([&] { return server.get("/api/user/usage").json().at("concurrent_used").to_number<int>() == 0; }));
  EXPECT_EQ(server.get("/api/user/usage").json().at("monthly_used").to_number<int>(), 2);
}

TEST_F(Money, GivesACouponThatWasMadeOnTheCommandLine) {
  server.start();
  const auto made = tool({"coupon", "create", "--code", "save20", "--percent", "20", "--plan", "pro", "--uses", "1",
                          "--expires", "2099-01-31", "--offer", "offer_1"});
  ASSERT_EQ(made.exit, 0) << made.err;
  razorpay.answer_with(with_json("400 Bad Request", R"({"error":{"description":"Offer not applicable"}})"));
  EXPECT_EQ(post("/api/coupon/redeem", R"({"coupon_code":"SAVE20","plan_id":"pro"})").status, 502);
  razorpay.answer_with(with_json("200 OK", subscription("sub_1")));
  const auto out = post("/api/coupon/redeem", R"({"coupon_code":"Save20","plan_id":"pro"})");
  EXPECT_EQ(out.body, R"({"checkout_url":"https://rzp.io/i/sub_1","discount_percent":20,"plan":"pro"})");
  EXPECT_EQ(post("/api/coupon/redeem", R"({"coupon_code":"SAVE20","plan_id":"pro"})").status, 409);
  EXPECT_THAT(tool({"coupon", "list"}).out, HasSubstr("1 of 1 used"));
}

TEST_F(Money, LosesNoEventWhateverTheMomentOfItsDeath) {
  const char* const names[] = {"subscription.activated", "subscription.paused",  "subscription.resumed",
                               "subscription.pending",   "subscription.charged", "subscription.halted"};
  std::atomic<int> next{0};
  for (int round = 0; round < 6; ++round) {
    server.start();
    std::atomic<bool> dead{false};
    std::jthread sender([&] {
      // As Razorpay does: again, until it was taken.
      while (next < 6 && !dead) {
        try {
          const int n = next;
          if (webhook(event(names[n], n), "evt_" + std::to_string(n)).status == 200) ++next;
        } catch (const std::exception&) {
          return;
        }
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(3 * round));
    server.kill();
    dead = true;
  }
  server.start();
  for (int n = next; n < 6; ++n) EXPECT_EQ(webhook(event(names[n], n), "evt_" + std::to_string(n)).status, 200);
  EXPECT_TRUE(comes_true([&] { return server.get("/api/subscription/status").text("status") == "halted"; }));
  EXPECT_EQ(server.get("/api/user/usage").text("tier"), "free");
}

TEST_F(Money, AnswersInBoundedTimeWhenRazorpayHangs) {
  std::optional<loopback_server> hanging;
  hanging.emplace("", true);
  server.environment["RAZORPAY_API_URL"] = hanging->url();
  server.start();
  http_answer refused;
  std::jthread asking([&] { refused = post("/api/subscription/create", R"({"plan_id":"pro"})"); });
  EXPECT_EQ(server.get("/api/user/usage").status, 200);  // others are not held up
  asking.join();
  EXPECT_EQ(refused.status, 502) << refused.body;
  EXPECT_EQ(server.get("/api/subscription/status").text("status"), "none");
}

}  // namespace
