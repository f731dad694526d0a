#include "tests/auth/keys_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace {

using namespace texbuild;
using namespace texbuild_test;

/// Its `exp` is far ahead, so that hours may pass.
std::string token(const std::string& key_id = "k1", const rsa_key& key = rsa_key::common()) {
  return sign_token(R"({"alg":"RS256","kid":")" + key_id + "\"}", R"({"sub":"user_1","exp":8000000000})", key);
}

class SessionVerifier : public ::testing::Test {
 protected:
  session_verifier verifier(std::string bearer = {}, std::shared_ptr<http_client> client = nullptr) {
    session_verifier::options with;
    with.jwks_url = "https://clerk.example/.well-known/jwks.json";
    with.bearer = std::move(bearer);
    return session_verifier::make(std::move(with), client ? client : server_.client(), server_.time).value();
  }
  void down() {
    server_.answer_with([](const http_request&) { return error(errc::unavailable, "no connection"); });
  }
  keys_server server_;
};

TEST_F(SessionVerifier, FetchesTheKeysOnceWhileTheyAreFresh) {
  server_.publish(jwk("k1"));
  auto v = verifier();
  EXPECT_EQ(server_.requests, 0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(v.verify(token())->user_id, "user_1");
  EXPECT_EQ(server_.requests, 1);
  EXPECT_EQ(server_.last.url, "https://clerk.example/.well-known/jwks.json");
  server_.time->advance(299s);
  EXPECT_TRUE(v.verify(token()));
  EXPECT_EQ(server_.requests, 1);
  server_.time->advance(1s);
  EXPECT_TRUE(v.verify(token()));
  EXPECT_EQ(server_.requests, 2);
}

TEST_F(SessionVerifier, SendsTheSecretOnlyIfThereIsOne) {
  server_.publish(jwk("k1"));
  ASSERT_TRUE(verifier("sk_test_1").verify(token()));
  EXPECT_THAT(server_.last.headers, ::testing::Contains(::testing::Pair("Authorization", "Bearer sk_test_1")));
  ASSERT_TRUE(verifier().verify(token()));
  EXPECT_THAT(server_.last.headers,
              ::testing::Not(::testing::Contains(::testing::Pair("Authorization", ::testing::_))));
}

TEST_F(SessionVerifier, FetchesAgainForAKeyItDoesNotKnow) {
  const rsa_key next;
  server_.publish(jwk("k1"));
  auto v = verifier();
  ASSERT_TRUE(v.verify(token()));
  server_.publish(jwk("k1") + "," + jwk("k2", next));
  EXPECT_TRUE(v.verify(token("k2", next)));
  EXPECT_EQ(server_.requests, 2);
}

TEST_F(SessionVerifier, UnknownKeysCauseAtMostOneFetchInThirtySeconds) {
  server_.publish(jwk("k1"));
  auto v = verifier();
  ASSERT_TRUE(v.verify(token()));
  for (int i = 0; i < 50; ++i) {
    const auto refused = v.verify(token("made-up-" + std::to_string(i)));
    EXPECT_EQ(refused.error().code(), errc::unauthorized);
    EXPECT_EQ(refused.error().cause(), "jwk-kid-mismatch");
  }
  EXPECT_EQ(server_.requests, 2);
  server_.time->advance(29s);
  EXPECT_FALSE(v.verify(token("made-up")));
  EXPECT_EQ(server_.requests, 2);
  server_.time->advance(1s);
  EXPECT_FALSE(v.verify(token("made-up")));
  EXPECT_EQ(server_.requests, 3);
}

TEST_F(SessionVerifier, HopelessTokensCauseNoFetch) {
  server_.publish(jwk("k1"));
  auto v = verifier();
  for (const auto& bad : {std::string(), std::string("a.b.c"), sign_token(R"({"alg":"none","kid":"k1"})", "{}")})
    EXPECT_FALSE(v.verify(bad));
  EXPECT_EQ(server_.requests, 0);
  ASSERT_TRUE(v.verify(token()));
  EXPECT_EQ(v.verify(sign_token(R"({"alg":"RS256"})", plain_payload)).error().cause(), "jwk-kid-mismatch");
  EXPECT_EQ(server_.requests, 1);
}

TEST_F(SessionVerifier, AKeyThatWasTakenOutOfTheSetIsForgotten) {
  server_.publish(jwk("k1") + "," + jwk("k2"));
  auto v = verifier();
  ASSERT_TRUE(v.verify(token("k1")));
  server_.publish(jwk("k2"));
  server_.time->advance(300s);
  EXPECT_FALSE(v.verify(token("k1")));
  EXPECT_TRUE(v.verify(token("k2")));
}

TEST_F(SessionVerifier, KeepsTheLastGoodSetWhileFetchingFails) {
  server_.publish(jwk("k1"));
  auto v = verifier();
  ASSERT_TRUE(v.verify(token()));
  server_.time->advance(1h);
  const std::vector<keys_server::answer> bad = {error(errc::unavailable, "no connection"), keys_server::status(500),
                                                keys_server::status(401), keys_server::ok("<html>"),
                                                keys_server::ok(R"({"keys":[]})")};
  int requests = 1;
  for (const auto& answer : bad) {
    server_.answer_with([&](const http_request&) { return answer; });
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(v.verify(token()));
    EXPECT_EQ(v.verify(token("k2")).error().code(), errc::unauthorized);
    EXPECT_EQ(server_.requests, ++requests) << "one attempt, then a pause";
    server_.time->advance(30s);
  }
  server_.publish(jwk("k2"));
  EXPECT_TRUE(v.verify(token("k2")));
  EXPECT_FALSE(v.verify(token("k1")));
}

TEST_F(SessionVerifier, IsUnavailableWhileThereNeverWasAKeySet) {
  down();
  auto v = verifier();
  const auto refused = v.verify(token());
  EXPECT_EQ(refused.error().code(), errc::unavailable);
  EXPECT_TRUE(refused.error().retry_after());
  EXPECT_THAT(refused.error().cause(), ::testing::HasSubstr("no connection"));
  EXPECT_EQ(refused.error().detail().find("clerk.example"), std::string::npos);
  EXPECT_EQ(v.verify(token()).error().code(), errc::unavailable);
  EXPECT_EQ(server_.requests, 1);
  server_.publish(jwk("k1"));
  server_.time->advance(2s);
  EXPECT_TRUE(v.verify(token()));
}

TEST_F(SessionVerifier, SaysWhenTheSecretKeyIsRefused) {
  server_.answer_with([](const http_request&) { return keys_server::status(401); });
  auto v = verifier("sk_test_secret");
  const auto refused = v.verify(token());
  EXPECT_THAT(refused.error().cause(), ::testing::StartsWith("secret-key-invalid"));
  EXPECT_EQ(refused.error().cause().find("sk_test_secret"), std::string::npos);
}

TEST_F(SessionVerifier, EndsEvenIfKeysAreNeverFresh) {
  server_.publish(jwk("k1"));
  session_verifier::options with;
  with.jwks_url = "https://clerk.example/keys";
  with.keys_fresh_for = 0s;
  with.unknown_key_pause = 0s;
  auto v = session_verifier::make(std::move(with), server_.client(), server_.time).value();
  EXPECT_TRUE(v.verify(token()));
  EXPECT_FALSE(v.verify(token("k2")));
  EXPECT_EQ(server_.requests, 2);
  down();
  EXPECT_TRUE(v.verify(token()));
}

TEST_F(SessionVerifier, TryVerifyAnswersOnlyWhatNeedsNoFetch) {
  server_.publish(jwk("k1"));
  auto v = verifier();
  EXPECT_FALSE(v.try_verify(token()));
  EXPECT_EQ(v.try_verify("nonsense")->error().code(), errc::unauthorized);
  EXPECT_EQ(server_.requests, 0);
  ASSERT_TRUE(v.verify(token()));
  EXPECT_EQ((*v.try_verify(token()))->user_id, "user_1");
  EXPECT_FALSE(v.try_verify(token("k2")));
  EXPECT_FALSE(v.verify(token("k2")));
  EXPECT_EQ(v.try_verify(token("k2"))->error().cause(), "jwk-kid-mismatch");
  server_.time->advance(300s);
  EXPECT_FALSE(v.try_verify(token()));
  EXPECT_EQ(server_.requests, 2);
}

TEST_F(SessionVerifier, ManyThreadsShareOneFetch) {
  std::promise<void> gate;
  auto open = gate.get_future().share();
  std::promise<void> asked;
  server_.answer_with([&, open](const http_request&) {
    asked.set_value();
    open.wait();
    return keys_server::ok(jwks(jwk("k1")));
  });
  auto v = verifier();
  const auto good = token();
  std::atomic<int> accepted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { accepted += v.verify(good).has_value() ? 1 : 0; });
  asked.get_future().wait();
  EXPECT_FALSE(v.try_verify(good)) << "does not wait for the fetch";
  gate.set_value();
  for (auto& t : threads) t.join();
  EXPECT_EQ(accepted, 8);
  EXPECT_EQ(server_.requests, 1);
}

TEST_F(SessionVerifier, KnownKeysServeOthersWhileOneCallerFetchesAnew) {
  server_.publish(jwk("k1"));
  auto v = verifier();
  const auto good = token();
  ASSERT_TRUE(v.verify(good));
  std::promise<void> gate;
  auto open = gate.get_future().share();
  std::promise<void> asked;
  server_.answer_with([&, open](const http_request&) {
    asked.set_value();
    open.wait();
    return keys_server::ok(jwks(jwk("k1")));
  });
  server_.time->advance(301s);
  std::thread fetcher([&] { EXPECT_TRUE(v.verify(token())); });
  asked.get_future().wait();
  const auto meanwhile = v.try_verify(token());
  gate.set_value();
  fetcher.join();
  ASSERT_TRUE(meanwhile) << "waits for the fetch of another";
  EXPECT_TRUE(*meanwhile);
}

/// Throws once, and is another client from then on.
class unlucky_client final : public http_client {
 public:
  explicit unlucky_client(std::shared_ptr<http_client> then) : then_(std::move(then)) {}
  void async_send(http_request request, handler done) override {
    if (!std::exchange(thrown_, true)) throw std::runtime_error("out of luck");
    then_->async_send(std::move(request), std::move(done));
  }

 private:
  std::shared_ptr<http_client> then_;
  bool thrown_ = false;
};

TEST_F(SessionVerifier, AFetchThatThrowsDoesNotStopTheNext) {
  server_.publish(jwk("k1"));
  auto v = verifier({}, std::make_shared<unlucky_client>(server_.client()));
  EXPECT_EQ(v.verify(token()).error().code(), errc::unavailable);
  EXPECT_EQ(server_.requests, 0);
  server_.time->advance(2s);
  EXPECT_TRUE(v.verify(token()));
  EXPECT_EQ(server_.requests, 1);
}

TEST_F(SessionVerifier, WorksWithAPemAndWithoutANetwork) {
  session_verifier::options with;
  with.pem = pem_of(rsa_key::common().spki(), "\\n");
  with.jwks_url = "https://clerk.example/keys";
  auto v = session_verifier::make(with, nullptr, server_.time).value();
  EXPECT_TRUE(v.verify(token("any id")));
  EXPECT_TRUE(*v.try_verify(token()));
  EXPECT_FALSE(v.verify(token("k1", rsa_key())));
}

TEST_F(SessionVerifier, RefusesToStartWithoutAUsableKeyOrAddress) {
  const auto make = [&](const std::string& pem, const std::string& url) {
    session_verifier::options with;
    with.pem = pem;
    with.jwks_url = url;
    return session_verifier::make(std::move(with), server_.client(), nullptr);
  };
  EXPECT_EQ(make("", "").error().code(), errc::invalid_input);
  EXPECT_EQ(make("no key", "https://clerk.example/keys").error().code(), errc::invalid_input);
  for (const auto* url :
       {"clerk.example/keys", "ftp://clerk.example", "http://clerk.example/keys", "http://127.0.0.1.evil.example/",
        "http://127.0.0.1:80@evil.example/", "http://localhost.evil.example/"})
    EXPECT_EQ(make("", url).error().code(), errc::invalid_input) << url;
  for (const auto* url :
       {"https://clerk.example/keys", "http://127.0.0.1:8080/keys", "http://localhost:1/", "http://[::1]:5/"})
    EXPECT_TRUE(make("", url)) << url;
  session_verifier::options with;
  with.jwks_url = "https://clerk.example/keys";
  EXPECT_EQ(session_verifier::make(with, nullptr, nullptr).error().code(), errc::invalid_input);
}

}  // namespace
