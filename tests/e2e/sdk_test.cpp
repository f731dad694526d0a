// The official packages of outside services sign, and the real server takes it; we sign, and they take it.
#include "tests/e2e/accounts.hpp"
#include "tests/e2e/real_server.hpp"

#include <texbuild/webhook.hpp>

#include <fstream>

namespace {

using namespace texbuild_test;

struct Sdk : RealServer {
  static void SetUpTestSuite() {
    const auto fetched = run({"/bin/bash", TEXBUILD_SOURCE_DIR "/tests/sdk/packages.sh", TEXBUILD_SDK});
    ASSERT_EQ(fetched.exit, 0) << fetched.err;
  }
  ended_run node(std::vector<std::string> arguments, const std::string& body) const {
    const auto file = server.folder() / "body";
    std::filesystem::create_directories(server.folder());
    std::ofstream(file, std::ios::binary) << body;
    std::string line = "exec node \"$0\" \"$@\" < \"" + file.string() + "\"";
    arguments.insert(arguments.begin(), {"/bin/sh", "-c", line, TEXBUILD_SOURCE_DIR "/tests/sdk/signatures.js"});
    return run(arguments, {{"TEXBUILD_SDK", TEXBUILD_SDK}, {"PATH", "/usr/local/bin:/usr/bin:/bin"}});
  }
  static std::string event(const std::string& name, const std::string& user) {
    return R"({"event":")" + name + R"(","created_at":1790000000,"payload":{"subscription":{"entity":{"id":"sub_)" +
           user +
           R"(","plan_id":"plan_PRO","status":"active","paid_count":1,"total_count":12,"current_start":1790000000,
             "current_end":4000000000,"notes":{"user_id":")" +
           user + R"(","name":"Zoë \/ 渡辺 \ud83d\ude00"}}}}})";
  }
};

TEST_F(Sdk, RazorpaysSignaturesAreTakenByTheServer) {
  server.environment["RAZORPAY_WEBHOOK_SECRET"] = "whsec, \xc3\xa4 \"quoted\"";
  server.environment["RAZORPAY_PLAN_PRO"] = "plan_PRO";
  server.environment["TEXBUILD_PLANS"] = "";
  server.start();
  const auto body = event("subscription.activated", "user_dev");
  const auto signature = node({"razorpay-sign", server.environment["RAZORPAY_WEBHOOK_SECRET"]}, body);
  ASSERT_EQ(signature.exit, 0) << signature.err;
  const auto send = [&](const std::string& bytes) {
    return server
        .ask("POST", "/api/webhooks/razorpay",
             "X-Razorpay-Signature: " + signature.out + "\r\nX-Razorpay-Event-Id: evt_1\r\n", bytes)
        .status;
  };
  EXPECT_EQ(send(body + "\n"), 401);
  EXPECT_EQ(send(body), 200);
  EXPECT_EQ(server.get("/api/user/usage").text("tier"), "pro");
}

TEST_F(Sdk, StandardWebhooksVerifiesWhatTheLibrarySignedAndTheOtherWayRound) {
  const std::string key("\x00\x01 a key of 32 bytes with a NUL!!", 32);
  const auto secret = texbuild::webhook_secret::from_bytes(key).value();
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  for (const std::string body : {R"({"type":"build.completed"})", R"({"text":"Zoë \/ 渡辺"})", R"([ 1,2 ])"}) {
    const auto ours = secret.sign("msg_1", now, body);
    const auto verified = node({"webhook-verify", secret.text(), ours.id, ours.timestamp, ours.signature}, body);
    EXPECT_EQ(verified.exit, 0) << verified.err;
    EXPECT_NE(node({"webhook-verify", secret.text(), "msg_2", ours.timestamp, ours.signature}, body).exit, 0);
    const auto theirs = node({"webhook-sign", secret.text(), "msg_1", ours.timestamp}, body);
    EXPECT_EQ(theirs.out, ours.signature);
    EXPECT_TRUE(secret.verify({"msg_1", ours.timestamp, theirs.out}, body, now));
  }
}

TEST_F(Sdk, ClerksPackageTakesTheSameSessionTokensAsTheServer) {
  const auto pem = pem_of(rsa_key::common().spki(), "\n");
  server.arguments = {};
  server.environment["CLERK_JWT_KEY"] = pem;
  server.start();
  std::ofstream(server.folder() / "key.pem") << pem;
  const auto both = [&](const std::string& token) {
    const auto theirs = run({"/usr/bin/env", "node", TEXBUILD_SOURCE_DIR "/tests/sdk/session.js", token,
                             (server.folder() / "key.pem").string()},
                            {{"TEXBUILD_SDK", TEXBUILD_SDK}, {"PATH", "/usr/local/bin:/usr/bin:/bin"}});
    const auto ours = server.as("GET", "/api/user/me", token);
    EXPECT_EQ(theirs.exit == 0, ours.status == 200) << theirs.err << ours.body;
    if (theirs.exit == 0) {
      EXPECT_EQ(theirs.out, ours.text("id"));
    }
    return ours.status;
  };
  session_words words;
  words.user = "user_ines";
  const auto good = session(words);
  EXPECT_EQ(both(good), 200);
  words.good_for = std::chrono::seconds(-60);
  EXPECT_EQ(both(session(words)), 401);
  auto forged = good;
  forged[good.rfind('.') + 5] = good[good.rfind('.') + 5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(both(forged), 401);
}

}  // namespace
