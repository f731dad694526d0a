// Accounts: session tokens against a key set that is fetched over HTTP, rotates and vanishes, or against a PEM.
#include "tests/e2e/accounts.hpp"
#include "tests/e2e/real_server.hpp"
#include "tests/http/loopback_server.hpp"

namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace texbuild_test;

std::string key_set(const std::string& entries) { return with_json("200 OK", jwks(entries)); }

struct Clerk : RealServer {
  Clerk() {
    server.arguments = {};
    keys.emplace(key_set(jwk("ins_1", first)));
    server.environment["CLERK_JWKS_URL"] = keys->url("/jwks");
  }
  static std::string token(const rsa_key& key, const std::string& kid) {
    session_words says;
    says.kid = kid;
    return session(says, key);
  }
  int status_with(const std::string& bearer) const { return server.as("GET", "/api/build", bearer).status; }
  void expect_unauthorized(const std::string& bearer, const std::string& why) const {
    const auto refused = server.as("GET", "/api/build", bearer);
    EXPECT_EQ(refused.status, 401) << why << refused.body;
    EXPECT_EQ(refused.text("code"), "unauthorized") << why;
    EXPECT_EQ(refused.headers.at("www-authenticate"), "Bearer") << why;
  }

  const rsa_key first, second;
  std::optional<loopback_server> keys;
};

TEST_F(Clerk, KeysAreFetchedOnceAndAgainWhenTheyRotate) {
  server.start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status_with(token(first, "ins_1")), 200);
  EXPECT_EQ(keys->connections(), 1);
  expect_unauthorized(token(second, "ins_1"), "another key under a known id");
  expect_unauthorized(token(first, "ins_1") + "x", "a changed signature");

  keys->answer_with(key_set(jwk("ins_1", first) + "," + jwk("ins_2", second)));
  EXPECT_EQ(status_with(token(second, "ins_2")), 200);
  EXPECT_EQ(status_with(token(first, "ins_1")), 200);
  EXPECT_EQ(keys->connections(), 2);
  // A stranger's ids make no storm.
  for (int i = 0; i < 20; ++i) expect_unauthorized(token(second, "ins_strange" + std::to_string(i)), "unknown id");
  EXPECT_LE(keys->connections(), 3);
  expect_unauthorized(token(first, "ins_2"), "the key of another id");

  keys.reset();  // the key server is down: what is known goes on
  EXPECT_EQ(status_with(token(first, "ins_1")), 200);
  EXPECT_EQ(status_with(token(second, "ins_2")), 200);
  EXPECT_THAT(status_with(token(second, "ins_3")), AnyOf(401, 503));
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(Clerk, WithoutAnyKeysIsUnavailableAndComesBack) {
  keys->answer_with(with_json("500 Internal Server Error", "{}"));
  server.start();
  const auto answer = server.as("GET", "/api/build", token(first, "ins_1"));
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_EQ(answer.text("code"), "unavailable");
  EXPECT_EQ(server.ask("GET", "/healthz").status, 200);
  EXPECT_EQ(server.ask("GET", "/api/build").status, 401);  // there is nothing to check
  keys->answer_with(with_json("200 OK", "<html>not a key set</html>"));
  EXPECT_EQ(status_with(token(first, "ins_1")), 503);
  keys->answer_with(key_set(jwk("ins_1", first)));
  EXPECT_TRUE(comes_true([&] { return status_with(token(first, "ins_1")) == 200; }));
}

TEST_F(Clerk, NobodyListeningAtTheKeySetIsUnavailable) {
  keys.reset();
  server.start();
  EXPECT_EQ(status_with(token(first, "ins_1")), 503);
  EXPECT_EQ(server.upload(paper_zip(), {}, token(first, "ins_1")).status, 503);
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(Clerk, TokensOfOthersAndOldOnesAreRefused) {
  server.environment["CLERK_ISSUER"] = "https://clerk.example.com/";
  server.environment["CLERK_AUTHORIZED_PARTIES"] = "https://app.example.com, https://beta.example.com";
  server.start();
  session_words good;
  good.issuer = "https://clerk.example.com";
  good.party = "https://app.example.com";
  EXPECT_EQ(status_with(session(good, first)), 200);
  auto beta = good;
  beta.party = "https://beta.example.com";
  EXPECT_EQ(status_with(session(beta, first)), 200);

  auto issuer = good;
  issuer.issuer = "https://clerk.example.org";
  expect_unauthorized(session(issuer, first), "another issuer");
  auto none = good;
  none.issuer.clear();
  expect_unauthorized(session(none, first), "no issuer");
  auto party = good;
  party.party = "https://app.example.com.evil.example";
  expect_unauthorized(session(party, first), "another party");
  party.party.clear();
  expect_unauthorized(session(party, first), "no party");
  auto expired = good;
  expired.good_for = std::chrono::seconds(-60);
  expect_unauthorized(session(expired, first), "expired");
  expect_unauthorized(session(good, second), "another key");
  const auto text = session(good, first);
  const auto payload = text.substr(text.find('.'), text.rfind('.') - text.find('.'));
  expect_unauthorized(texbuild::crypto::base64url_encode(R"({"alg":"none"})") + payload + ".", "no signature");
  // A cookie is for reading only.
  EXPECT_EQ(server.ask("GET", "/api/build", "Cookie: __session=" + text + "\r\n").status, 200);
  EXPECT_EQ(server
                .ask("POST", "/api/build",
                     "Cookie: __session=" + text + "\r\nContent-Type: multipart/form-data; boundary=b\r\n",
                     form_of(paper_zip(), {}))
                .status,
            401);
}

TEST_F(Clerk, KeysComeFromTheIssuerOrFromTheBackendApi) {
  server.environment = {{"CLERK_ISSUER", keys->url("")}};
  server.start();
  session_words says;
  says.issuer = keys->url("");
  EXPECT_EQ(status_with(session(says, first)), 200);
  EXPECT_THAT(keys->request(), HasSubstr("GET /.well-known/jwks.json HTTP/1.1"));
  EXPECT_EQ(server.stop(), 0);
  for (const char* tail : {"", "/", "/v1"}) {
    server.environment = {{"CLERK_SECRET_KEY", "sk_test_secret"}, {"CLERK_API_URL", keys->url(tail)}};
    server.start();
    EXPECT_EQ(status_with(token(first, "ins_1")), 200);
    EXPECT_THAT(keys->request(), AllOf(HasSubstr("GET /v1/jwks HTTP/1.1"), HasSubstr("Bearer sk_test_secret")));
    EXPECT_EQ(server.stop(), 0);
    EXPECT_THAT(server.err(), Not(HasSubstr("sk_test_secret")));
  }
}

TEST_F(Clerk, APemNeedsNoKeyServer) {
  for (const char* line_end : {"\n", "\\n", "\r\n"}) {
    server.environment = {{"CLERK_JWT_KEY", pem_of(first.spki(), line_end)}};
    server.start();
    EXPECT_EQ(status_with(token(first, "any_id")), 200);
    expect_unauthorized(token(second, "any_id"), "another key");
    EXPECT_EQ(server.stop(), 0);
  }
  EXPECT_EQ(keys->connections(), 0);
}

}  // namespace
