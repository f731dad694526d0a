// What holds for every route: who is asking, what is no HTTP, what every answer carries.
#include "tests/server/client.hpp"

#include <thread>

namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::StartsWith;

using Sessions = texbuild_test::Server;
using texbuild_test::connection;

TEST_F(Sessions, RefusesWhoeverHasNoToken) {
  start();
  for (const char* target : {"/api/build", "/api/build/bld_1", "/api/build/bld_1/status", "/api/build/bld_1/pdf/url"}) {
    const auto refused = send("GET", target);
    EXPECT_EQ(refused.status, 401) << target;
    EXPECT_EQ(refused.text("code"), "unauthorized");
    EXPECT_EQ(refused.headers.at("www-authenticate"), "Bearer");
  }
  EXPECT_EQ(send("GET", "/api/build", "Authorization: Bearer x.y.z\r\n").status, 401);
  EXPECT_EQ(send("GET", "/api/build", "Authorization: Basic abc\r\n").status, 401);
}

TEST_F(Sessions, RefusesAnUploadWithoutATokenBeforeReadingIt) {
  start();
  connection c(running->port());
  c.write(
      "POST /api/build HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
      "Content-Length: 50000000\r\n\r\n");
  EXPECT_EQ(c.read().status, 401);
}

TEST_F(Sessions, TakesTheCookieOnlyForReading) {
  start();
  const auto cookie = "Cookie: a=b; __session=" + token() + "\r\n";
  EXPECT_EQ(send("GET", "/api/build", cookie).status, 200);
  EXPECT_EQ(send("DELETE", "/api/build/bld_1", cookie).status, 401);
}

TEST_F(Sessions, TakesATokenNoLongerThanItIsGood) {
  start();
  const auto good = "Authorization: Bearer " + token() + "\r\n";
  EXPECT_EQ(send("GET", "/api/build", good).status, 200);
  time->advance(std::chrono::hours(1) + std::chrono::seconds(5));  // clocks may differ by less
  EXPECT_EQ(send("GET", "/api/build", good).status, 401);
}

TEST_F(Sessions, CarriesManyRequestsOnOneConnection) {
  start();
  connection c(running->port());
  for (int i = 0; i < 3; ++i) {
    c.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(c.read().status, 200);
  }
  c.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(c.read().status, 200);
  EXPECT_EQ(c.read().status, 404);
  EXPECT_TRUE(c.closed());
}

TEST_F(Sessions, GoesOnAfterASmallBodyThatNobodyWanted) {
  start();
  connection c(running->port());
  c.write("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(c.read().status, 200);
  EXPECT_EQ(c.read().status, 200);
}

TEST_F(Sessions, AnswersWithTheErrorFormatEverywhere) {
  start();
  const auto missing = send("GET", "/api/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.json().size(), 3U);
  EXPECT_EQ(missing.text("code"), "not_found");
  const auto method = send("PUT", "/api/build");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.text("code"), "method_not_allowed");
  EXPECT_THAT(method.headers.at("allow"), HasSubstr("POST"));
  EXPECT_THAT(method.headers.at("allow"), HasSubstr("HEAD"));
  EXPECT_EQ(send("GET", "/api/build/%zz").status, 400);
}

TEST_F(Sessions, KeepsASaneRequestIdAndMakesOneOtherwise) {
  start();
  EXPECT_EQ(send("GET", "/healthz", "X-Request-Id: abc-1.2_3\r\n").headers.at("x-request-id"), "abc-1.2_3");
  EXPECT_THAT(send("GET", "/healthz", "X-Request-Id: a b\r\n").headers.at("x-request-id"), StartsWith("req_"));
  EXPECT_THAT(send("GET", "/healthz").headers.at("x-request-id"), StartsWith("req_"));
}

TEST_F(Sessions, RefusesWhatIsNoHttp) {
  start();
  for (const char* bytes : {"hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
                            "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                            "POST /api/build HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    connection c(running->port());
    c.write(bytes);
    const auto refused = c.read();
    EXPECT_EQ(refused.status, 400) << bytes;
    EXPECT_EQ(refused.text("code"), "invalid_input");
    EXPECT_TRUE(c.closed());
  }
}

TEST_F(Sessions, RefusesHeadersWithoutEnd) {
  start();
  connection c(running->port());
  c.write("GET / HTTP/1.1\r\nX: " + std::string(80'000, 'x'));
  EXPECT_EQ(c.read().status, 431);
}

TEST_F(Sessions, TellsHealthAndReadinessToAnyone) {
  start();
  EXPECT_EQ(send("GET", "/healthz").body, R"({"status":"ok"})");
  EXPECT_EQ(send("GET", "/readyz").status, 200);
  EXPECT_EQ(send("HEAD", "/healthz").headers.at("content-length"), "15");
}

TEST_F(Sessions, IsNotReadyWithoutTex) {
  tex = [](const auto&, const auto&, const auto&) -> texbuild::result<texbuild::process_result> {
    texbuild::process_result r;
    r.exit_status = 127;
    return r;
  };
  start();
  const auto answer = send("GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.text("code"), "unavailable");
  EXPECT_THAT(answer.headers, Contains(Key("retry-after")));
}

TEST_F(Sessions, LetsNoPageInUnlessItsOriginIsSet) {
  start();
  const auto answer = send("GET", "/healthz", "Origin: https://app.example\r\n");
  EXPECT_THAT(answer.headers, Not(Contains(Key("access-control-allow-origin"))));
}

TEST_F(Sessions, AnswersThePreflightOfAnOriginThatIsSet) {
  with.cors_origins = {"https://app.example"};
  start();
  const auto preflight =
      send("OPTIONS", "/api/build", "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.at("access-control-allow-origin"), "https://app.example");
  EXPECT_THAT(preflight.headers.at("access-control-allow-headers"), HasSubstr("Authorization"));
  const auto stranger = send("GET", "/healthz", "Origin: https://evil.example\r\n");
  EXPECT_THAT(stranger.headers, Not(Contains(Key("access-control-allow-origin"))));
}

TEST_F(Sessions, WritesNoTokenIntoTheLog) {
  start();
  const auto id = built();
  const auto url = as("user_dev", "GET", "/api/build/" + id + "/pdf/url").text("url");
  EXPECT_EQ(send("GET", "/api" + url).status, 200);
  running->stop();
  EXPECT_THAT(log.str(), HasSubstr("/pdf 200"));
  EXPECT_THAT(log.str(), Not(HasSubstr("token=")));
  EXPECT_THAT(log.str(), Not(HasSubstr(token().substr(60))));
}

TEST_F(Sessions, EndsConnectionsThatWaitWhenTheServerStops) {
  start();
  connection idle(running->port());
  idle.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(idle.read().status, 200);
  std::thread stopping([this] { running->stop(); });
  EXPECT_TRUE(idle.closed());
  stopping.join();
}

TEST_F(Sessions, ReadsLittleOfWhatShouldBeSignedAndIsNot) {
  with.inngest.signing_key = "signkey-test-" + std::string(64, 'a');
  start();
  const std::string long_body(20'000, ' ');
  for (const auto& [path, header] :
       {std::pair("/api/webhooks/razorpay", "X-Razorpay-Signature"), std::pair("/api/webhooks/clerk", "Svix-Signature"),
        std::pair("/api/webhooks/polar", "Webhook-Signature"), std::pair("/api/inngest", "X-Inngest-Signature")}) {
    EXPECT_EQ(send("POST", path, {}, long_body).status, 413) << path;
    EXPECT_NE(send("POST", path, std::string(header) + ": x\r\n", long_body).status, 413) << path;
  }
}

TEST_F(Sessions, HoldsTheSumOfAllBodiesInMemory) {
  with.body_bytes = 10'000;
  start();
  const auto post = [this](std::size_t bytes) {
    return send("POST", "/api/webhooks/razorpay", "X-Razorpay-Signature: x\r\n", std::string(bytes, ' '));
  };
  const auto refused = post(10'001);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_NE(post(10'000).status, 503);
  EXPECT_NE(post(10'000).status, 503);  // what was held is free again
}

TEST_F(Sessions, ServesManyClientsAtOnce) {
  start();
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] {
      connection c(running->port());
      const auto header = "Authorization: Bearer " + token() + "\r\n";
      for (int k = 0; k < 50; ++k) {
        c.write("GET /api/build HTTP/1.1\r\nHost: x\r\n" + header + "\r\n");
        good += c.read().status == 200;
      }
    });
  for (auto& c : clients) c.join();
  EXPECT_EQ(good, 400);
}

}  // namespace
