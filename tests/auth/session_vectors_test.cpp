// Every vector made with Clerk's own package; see tests/vectors.
#include "src/data/strict_json.hpp"
#include "tests/auth/keys_server.hpp"
#include "tests/vectors/load.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using namespace texbuild_test;
namespace json = boost::json;

std::string text(const json::value& v) { return json::value_to<std::string>(v); }
std::string text_or_empty(const json::value* v) { return v == nullptr || v->is_null() ? std::string() : text(*v); }

std::chrono::system_clock::time_point time_of(const json::value& ms) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(ms.as_int64()));
}

class vector_run {
 public:
  vector_run(const json::object& vectors, const json::object& c) {
    const auto& how = c.at("verifier").as_object();
    session_verifier::options with;
    if (how.at("mode") == "pem") {
      with.pem = text(vectors.at("keys").at("pem").at(how.at("key").as_string()));
    } else {
      with.jwks_url = "https://clerk.vectors.example/.well-known/jwks.json";
      const auto set = json::serialize(vectors.at("keys").at("jwks").at(how.at("jwks").as_string()));
      server_.answer_with([set](const http_request&) { return keys_server::ok(set); });
    }
    with.policy.issuer = text_or_empty(how.if_contains("issuer"));
    with.policy.audience = text_or_empty(how.if_contains("audience"));
    if (const auto* skew = how.if_contains("clock_skew_ms"))
      with.policy.clock_skew = std::chrono::milliseconds(skew->as_int64());
    if (const auto* parties = how.if_contains("authorized_parties"))
      with.policy.authorized_parties = json::value_to<std::vector<std::string>>(*parties);
    server_.time->advance(std::chrono::duration_cast<std::chrono::milliseconds>(time_of(c.at("now_ms")) - noon));
    auto verifier = session_verifier::make(std::move(with), server_.client(), server_.time).value();
    outcome = verifier.verify(text(c.at("token")));
  }

 private:
  keys_server server_;

 public:
  result<session_claims> outcome = error();
};

void expect_claims(const session_claims& got, const json::object& c) {
  const auto& claims = c.at("claims").as_object();
  EXPECT_EQ(got.user_id, text(claims.at("sub")));
  EXPECT_EQ(got.session_id, text_or_empty(claims.if_contains("sid")));
  EXPECT_EQ(got.authorized_party, text_or_empty(claims.if_contains("azp")));
  EXPECT_EQ(got.issuer, text_or_empty(claims.if_contains("iss")));
  EXPECT_EQ(got.expires_at, std::chrono::system_clock::time_point(std::chrono::seconds(claims.at("exp").as_int64())));
  const auto* request = c.if_contains("authenticate_request");
  if (request == nullptr || !request->at("auth").is_object()) return;
  const auto& auth = request->at("auth").as_object();
  EXPECT_EQ(got.user_id, text(auth.at("userId")));
  EXPECT_EQ(got.organization_id, text_or_empty(auth.if_contains("orgId")));
  // The package writes the role of version 2 as version 1 did.
  const bool second = claims.at("v") == 2 && !got.organization_role.empty();
  EXPECT_EQ((second ? "org:" : "") + got.organization_role, text_or_empty(auth.if_contains("orgRole")));
  const auto* permissions = auth.if_contains("orgPermissions");
  const auto expected = permissions == nullptr || permissions->is_null()
                            ? std::vector<std::string>()
                            : json::value_to<std::vector<std::string>>(*permissions);
  EXPECT_EQ(got.organization_permissions, expected);
}

TEST(SessionVectors, EveryTokenMeetsTheVerdictThatIsSetForIt) {
  const auto document = texbuild_test::load_vectors("session-jwt.json");
  const auto& vectors = document.as_object();
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (const auto& entry : vectors.at("cases").as_array()) {
    const auto& c = entry.as_object();
    SCOPED_TRACE(text(c.at("id")));
    const vector_run run(vectors, c);
    if (c.at("server") == "reject") {
      ++refused;
      ASSERT_FALSE(run.outcome);
      // Without any key set it is not the client's fault.
      EXPECT_EQ(run.outcome.error().code(), c.at("id") == "jwks-empty" ? errc::unavailable : errc::unauthorized);
      const auto reason = text_or_empty(c.if_contains("reason"));
      EXPECT_THAT(run.outcome.error().cause(), ::testing::StartsWith(reason));
      EXPECT_FALSE(run.outcome.error().cause().empty());
    } else {  // "accept", or "either", of which this library makes the same
      ++accepted;
      ASSERT_TRUE(run.outcome) << run.outcome.error().cause();
      expect_claims(*run.outcome, c);
    }
  }
  EXPECT_EQ(accepted, 18U);
  EXPECT_EQ(refused, 37U);
}

TEST(SessionVectors, EveryCarrierLeadsToTheUserThatIsSetForIt) {
  const auto vectors = texbuild_test::load_vectors("jwt-carriers.json");
  session_policy policy;
  policy.issuer = text(vectors.at("issuer"));
  policy.authorized_parties = json::value_to<std::vector<std::string>>(vectors.at("authorized_parties"));
  const auto key = session_key::from_pem(text(vectors.at("pem"))).value();
  std::size_t count = 0;
  for (const auto& c : vectors.at("cases").as_array()) {
    SCOPED_TRACE(text(c.at("id")));
    ++count;
    std::string authorization;
    std::string cookie;
    for (const auto& header : c.at("headers").as_array())
      (header.at(0) == "cookie" ? cookie : authorization) = text(header.at(1));
    const auto token = find_session_token(authorization, cookie, true);
    std::string user;
    if (token)
      if (const auto claims = verify_session_token(*token, key, policy, time_of(vectors.at("now_ms"))))
        user = claims->user_id;
    // Of the two cases left open, a bare token is refused here, and a cookie needs no other cookie beside it.
    auto expected = text_or_empty(&c.at("server"));
    if (expected == "either") expected = c.at("id") == "raw-token" ? "" : "user_cookie";
    EXPECT_EQ(user, expected);
  }
  EXPECT_EQ(count, 9U);
}

}  // namespace
