// Rate limits and quotas from outside.
#include "tests/server/client.hpp"

namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using texbuild_test::http_answer;
using texbuild_test::paper_zip;

struct Limits : texbuild_test::Server {
  Limits() { with.engine.plans = with.billing.plans = texbuild::plan_catalog(); }
  http_answer status() { return as("user_dev", "GET", "/api/build/bld_none/status"); }
};

TEST_F(Limits, AreToldWithEveryAnswer) {
  start();
  const auto first = as("user_dev", "GET", "/api/build");
  EXPECT_EQ(first.headers.at("x-ratelimit-limit"), "100");
  EXPECT_EQ(first.headers.at("x-ratelimit-remaining"), "99");
  EXPECT_EQ(first.headers.at("x-ratelimit-reset"), "1790000001");
  EXPECT_EQ(first.headers.count("retry-after"), 0U);
  EXPECT_EQ(status().headers.at("x-ratelimit-limit"), "30");  // of a request that finds nothing too
  const auto created = upload(paper_zip());
  EXPECT_EQ(created.headers.at("x-ratelimit-limit"), "10");
  EXPECT_EQ(send("GET", "/healthz").headers.count("x-ratelimit-limit"), 0U);
}

TEST_F(Limits, RefuseTheNextOneAndSayWhen) {
  start();
  for (int i = 0; i < 30; ++i) ASSERT_EQ(status().status, 404) << i;
  const auto refused = status();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.text("code"), "rate_limited");
  EXPECT_EQ(refused.text("message"), "Rate limit exceeded");
  EXPECT_EQ(refused.text("details"), "Please try again in 2 seconds");
  EXPECT_EQ(refused.headers.at("retry-after"), "2");
  EXPECT_EQ(refused.headers.at("x-ratelimit-remaining"), "0");
  EXPECT_EQ(refused.headers.at("cache-control"), "no-store");
  EXPECT_EQ(as("user_dev", "GET", "/api/build").status, 200);  // another class
  EXPECT_EQ(as("user_other", "GET", "/api/build/bld_none/status").status, 404);
  time->advance(std::chrono::seconds(2));
  EXPECT_EQ(status().status, 404);
}

TEST_F(Limits, NeverRefuseAClientThatPollsAtTheLimit) {
  start();
  for (int i = 0; i < 90; ++i) {
    ASSERT_EQ(status().status, 404) << i;
    time->advance(std::chrono::seconds(2));
  }
}

TEST_F(Limits, HoldForDownloadsByLink) {
  with.engine.plans = texbuild::plan_catalog::from_json(
                          R"({"plans":[{"name":"free","monthly_builds":-1,"concurrent_builds":-1,"storage_gb":-1,
                              "rate_limits":{"download":2}}]})")
                          .value();
  start();
  const auto id = built();
  const auto url = as("user_dev", "GET", "/api/build/" + id + "/pdf/url").text("url");
  EXPECT_EQ(send("GET", "/api" + url).headers.at("x-ratelimit-remaining"), "1");
  EXPECT_EQ(send("GET", url).status, 200);
  EXPECT_EQ(send("GET", url).status, 429);
}

TEST_F(Limits, HoldStrangersByTheirAddress) {
  start();
  const auto guess = [&] { return send("GET", "/api/build", "Authorization: Bearer x.y.z\r\n").status; };
  for (int i = 0; i < 60; ++i) ASSERT_EQ(guess(), 401) << i;
  EXPECT_EQ(guess(), 429);
  EXPECT_EQ(send("GET", "/api/build").status, 429);
  EXPECT_EQ(send("GET", "/build/bld_x/pdf?token=guess").status, 429);
  EXPECT_EQ(as("user_dev", "GET", "/api/build").status, 200);  // whoever has a token is no stranger
}

TEST_F(Limits, RefuseABuildOverTheQuotaBeforeItsBytesCome) {
  with.engine.plans = texbuild::plan_catalog::from_json(
                          R"({"plans":[{"name":"free","monthly_builds":1,"concurrent_builds":5,"storage_gb":1}]})")
                          .value();
  start();
  (void)built();
  const auto refused = upload(paper_zip());
  EXPECT_EQ(refused.status, 403);
  const auto o = refused.json();
  EXPECT_EQ(o.at("code").as_string(), "limit_exceeded");
  EXPECT_EQ(o.at("message").as_string(), "Monthly build limit exceeded");
  EXPECT_EQ(o.at("reason").as_string(), "monthly_limit_exceeded");
  EXPECT_EQ(o.at("used").to_number<int>(), 1);
  EXPECT_EQ(o.at("limit").to_number<int>(), 1);
  EXPECT_EQ(o.at("reset_at").as_string(), "2026-10-01T00:00:00Z");
  EXPECT_EQ(files_below("uploads"), 0U);
  texbuild_test::connection c(running->port());
  c.write("POST /api/build HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token() +
          "\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 50000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(c.read().status, 403);
  EXPECT_EQ(as("user_dev", "GET", "/api/build").json().at("total").to_number<int>(), 1);
}

TEST_F(Limits, GiveABuildThatIsSentAgainBackThoughItFilledTheQuota) {
  with.engine.plans = texbuild::plan_catalog::from_json(
                          R"({"plans":[{"name":"free","monthly_builds":1,"concurrent_builds":1,"storage_gb":1}]})")
                          .value();
  start();
  const auto first = upload(paper_zip(), {}, "user_dev", "Idempotency-Key: k1\r\n");
  const auto again = upload(paper_zip(), {}, "user_dev", "Idempotency-Key: k1\r\n");
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(again.text("id"), first.text("id"));
  EXPECT_EQ(upload(paper_zip(), {}, "user_dev", "Idempotency-Key: k2\r\n").status, 403);
}

TEST_F(Limits, RefuseShellEscapeThatThePlanLacks) {
  with.engine.allow_shell_escape = true;
  start();
  const auto refused = upload(paper_zip(), {{"shell_escape", "true"}});
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.text("code"), "forbidden");
  EXPECT_THAT(refused.text("details"), HasSubstr("free"));
  EXPECT_EQ(as("user_dev", "GET", "/api/user/usage").json().at("monthly_used").to_number<int>(), 0);
}

}  // namespace
