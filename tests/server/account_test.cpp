// /api/user, /api/subscription, /api/coupon and the webhook behind them, from outside.
#include "tests/server/client.hpp"

#include <texbuild/database.hpp>
#include <texbuild/http.hpp>
#include <texbuild/payments.hpp>

#include <boost/asio/thread_pool.hpp>
#include <openssl/hmac.h>

#include <mutex>

namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using texbuild_test::http_answer;
namespace json = boost::json;

struct Account : texbuild_test::Server {
  boost::asio::thread_pool threads{1};
  std::mutex mutex;
  bool razorpay_is_down = false;

  Account() {
    auto plans = texbuild::plan_catalog();
    (void)plans.set_razorpay_plan("pro", "plan_PRO");
    with.engine.plans = with.billing.plans = plans;
    with.billing.razorpay.emplace();
    with.billing.razorpay->key_id = "rzp_test_1";
    with.billing.razorpay->key_secret = "secret";
    with.billing.webhook_secrets = {"whs"};
    http = std::make_shared<texbuild::testing::scripted_http>(
        threads.get_executor(), [this](const texbuild::http_request& r) -> texbuild::result<texbuild::http_response> {
          const std::scoped_lock guard(mutex);
          texbuild::http_response answer;
          answer.status = razorpay_is_down ? 500 : 200;
          answer.body = r.url.ends_with("/subscriptions")
                            ? R"({"id":"sub_1","status":"created","plan_id":"plan_PRO","total_count":12,
                                  "short_url":"https://rzp.io/i/abc"})"
                            : R"({"id":"sub_1","status":"active","plan_id":"plan_PRO"})";
          return answer;
        });
  }
  ~Account() override {
    running.reset();
    threads.join();
  }

  http_answer post(const std::string& target, const std::string& body) {
    return as("user_dev", "POST", target, "Content-Type: application/json\r\n", body);
  }
  http_answer get(const std::string& target) { return as("user_dev", "GET", target); }
  static std::string signature_of(const std::string& body) {
    unsigned char mac[32];
    unsigned length = 0;
    ::HMAC(::EVP_sha256(), "whs", 3, reinterpret_cast<const unsigned char*>(body.data()), body.size(), mac, &length);
    std::string out;
    for (const auto c : mac) {
      out += "0123456789abcdef"[c >> 4];
      out += "0123456789abcdef"[c & 15];
    }
    return out;
  }
  http_answer webhook(const std::string& body, const std::string& id = "evt_1") {
    return send("POST", "/api/webhooks/razorpay",
                "X-Razorpay-Signature: " + signature_of(body) + "\r\nX-Razorpay-Event-Id: " + id + "\r\n", body);
  }
  static std::string event(const std::string& name) {
    return R"({"event":")" + name + R"(","created_at":1790000000,"payload":{"subscription":{"entity":{"id":"sub_1",
      "plan_id":"plan_PRO","status":"active","paid_count":1,"total_count":12,"current_start":1790000000,
      "current_end":1792592000,"notes":{"user_id":"user_dev"}}}}})";
  }
};

TEST_F(Account, TellsTheUsageAsDocumented) {
  start();
  (void)built();
  const auto o = get("/api/user/usage").json();
  EXPECT_EQ(o.size(), 8U);
  EXPECT_EQ(o.at("tier").as_string(), "free");
  EXPECT_EQ(o.at("monthly_used").to_number<int>(), 1);
  EXPECT_EQ(o.at("monthly_limit").to_number<int>(), 50);
  EXPECT_EQ(o.at("monthly_reset_at").as_string(), "2026-10-01T00:00:00Z");
  EXPECT_EQ(o.at("concurrent_used").to_number<int>(), 0);
  EXPECT_EQ(o.at("concurrent_limit").to_number<int>(), 2);
  EXPECT_GT(o.at("storage_used_gb").to_number<double>(), 0);
  EXPECT_EQ(o.at("storage_limit_gb").to_number<double>(), 1);
}

TEST_F(Account, TellsWhoOneIs) {
  start();
  const auto o = get("/api/user/me").json();
  EXPECT_EQ(o.at("id").as_string(), "user_dev");
  EXPECT_EQ(o.at("tier").as_string(), "free");
  EXPECT_EQ(o.at("subscription_status").as_string(), "none");
  EXPECT_EQ(o.at("created_at").as_string(), "2026-09-21T14:13:20Z");
}

TEST_F(Account, TellsTheStatusOfSomeoneWhoNeverSubscribed) {
  start();
  EXPECT_EQ(get("/api/subscription/status").body,
            R"({"tier":"free","status":"none","current_start":null,"current_end":null,"paid_count":0,"total_count":0,)"
            R"("canceled_at":null,"paused":false,"last_payment_error":null})");
}

TEST_F(Account, BuysUsesPausesAndEndsASubscription) {
  start();
  const auto out = post("/api/subscription/create", R"({"plan_id":"pro"})");
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(out.body, R"({"checkout_url":"https://rzp.io/i/abc","plan":"pro"})");
  EXPECT_EQ(webhook(event("subscription.activated")).status, 200);
  auto o = get("/api/subscription/status").json();
  EXPECT_EQ(o.at("tier").as_string(), "pro");
  EXPECT_EQ(o.at("status").as_string(), "active");
  EXPECT_EQ(o.at("current_end").as_string(), "2026-10-21T14:13:20Z");
  EXPECT_EQ(o.at("paid_count").to_number<int>(), 1);
  EXPECT_EQ(get("/api/user/usage").json().at("monthly_limit").to_number<int>(), 500);
  EXPECT_EQ(post("/api/subscription/create", R"({"plan_id":"pro"})").text("code"), "conflict");

  EXPECT_EQ(webhook(event("subscription.paused"), "evt_2").status, 200);
  const auto refused = upload(texbuild_test::paper_zip());
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.text("code"), "forbidden");
  EXPECT_EQ(refused.text("reason"), "subscription_paused");
  EXPECT_EQ(webhook(event("subscription.resumed"), "evt_3").status, 200);

  for (int i = 0; i < 2; ++i) {
    const auto canceled = post("/api/subscription/cancel", "");
    EXPECT_EQ(canceled.status, 200);
    EXPECT_EQ(canceled.body,
              R"({"status":"canceled","message":"Subscription will be canceled at end of billing period"})");
  }
  EXPECT_EQ(get("/api/subscription/status").text("canceled_at"), "2026-09-21T14:13:20Z");
}

TEST_F(Account, HasNothingToCancelBeforeThat) {
  start();
  EXPECT_EQ(post("/api/subscription/cancel", "").status, 404);
}

TEST_F(Account, RefusesBodiesThatAreNoneByTheField) {
  start();
  for (const char* body : {"", "{", "[]", "7", "{}", R"({"plan_id":7})", R"({"plan_id":""})", R"({"plan_id":"gold"})",
                           R"({"plan_id":null})", R"({"other":"pro"})"}) {
    const auto refused = post("/api/subscription/create", body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(refused.text("code"), "invalid_input") << body;
    EXPECT_FALSE(refused.text("details").empty()) << body;
  }
  EXPECT_THAT(post("/api/subscription/create", R"({"plan_id":7})").text("details"), HasSubstr("plan_id"));
  EXPECT_THAT(post("/api/coupon/redeem", R"({"plan_id":"pro"})").text("details"), HasSubstr("coupon_code"));
  const auto large = post("/api/subscription/create", std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(send("POST", "/api/subscription/create", "", R"({"plan_id":"pro"})").status, 401);
}

TEST_F(Account, SaysWhenRazorpayFails) {
  start();
  razorpay_is_down = true;
  const auto failed = post("/api/subscription/create", R"({"plan_id":"pro"})");
  EXPECT_EQ(failed.status, 502);
  EXPECT_EQ(failed.text("code"), "provider_error");
  EXPECT_EQ(get("/api/subscription/status").text("status"), "none");
}

TEST_F(Account, SellsNothingThatIsNotConfigured) {
  with.billing.razorpay.reset();
  with.billing.webhook_secrets.clear();
  start();
  EXPECT_EQ(post("/api/subscription/create", R"({"plan_id":"pro"})").status, 503);
  const auto refused = webhook(event("subscription.activated"));
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(refused.text("code"), "server_error");
}

TEST_F(Account, RefusesForgedWebhooksAndChangesNothing) {
  start();
  const auto body = event("subscription.activated");
  const auto forged = [&](const std::string& headers, const std::string& sent) {
    return send("POST", "/api/webhooks/razorpay", headers, sent);
  };
  EXPECT_EQ(forged("", body).status, 401);
  EXPECT_EQ(forged("X-Razorpay-Signature: x\r\n", body).status, 401);
  const auto bent = forged("X-Razorpay-Signature: " + signature_of(body) + "\r\n", body + " ");
  EXPECT_EQ(bent.status, 401);
  EXPECT_EQ(bent.text("code"), "unauthorized");
  EXPECT_EQ(bent.headers.count("www-authenticate"), 0U);
  EXPECT_EQ(webhook("{}").status, 400);
  EXPECT_EQ(webhook("").status, 400);
  EXPECT_EQ(webhook(std::string((1 << 20) + 1, ' ')).status, 413);
  EXPECT_EQ(get("/api/subscription/status").text("status"), "none");
}

TEST_F(Account, TakesAnEventTwiceAndEventsThatItDoesNotKnow) {
  start();
  EXPECT_EQ(webhook(event("subscription.activated")).status, 200);
  EXPECT_EQ(webhook(event("subscription.activated")).status, 200);
  EXPECT_EQ(webhook(R"({"event":"invoice.expired"})", "evt_9").status, 200);
  EXPECT_EQ(get("/api/subscription/status").text("tier"), "pro");
}

TEST_F(Account, RedeemsACoupon) {
  start();
  {
    texbuild::environment parts;
    parts.db = texbuild::open_sqlite(with.data_dir / "texbuild.db").value();
    parts.time = time;
    auto admin = texbuild::billing::open({}, parts).value();
    texbuild::coupon c;
    c.code = "SAVE20";
    c.percent = 20;
    c.plan = "pro";
    c.offer = "offer_1";
    c.uses = 1;
    ASSERT_TRUE(admin.add_coupon(c));
  }
  EXPECT_EQ(post("/api/coupon/redeem", R"({"coupon_code":"NONE","plan_id":"pro"})").status, 400);
  EXPECT_EQ(post("/api/coupon/redeem", R"({"coupon_code":"SAVE20","plan_id":"enterprise"})").status, 400);
  const auto out = post("/api/coupon/redeem", R"({"coupon_code":"SAVE20","plan_id":"pro"})");
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(out.body, R"({"checkout_url":"https://rzp.io/i/abc","discount_percent":20,"plan":"pro"})");
  EXPECT_EQ(post("/api/coupon/redeem", R"({"coupon_code":"SAVE20","plan_id":"pro"})").status, 409);
  const auto late = as("user_other", "POST", "/api/coupon/redeem", "", R"({"coupon_code":"SAVE20","plan_id":"pro"})");
  EXPECT_EQ(late.status, 410);
  EXPECT_EQ(late.text("code"), "gone");
}

}  // namespace
