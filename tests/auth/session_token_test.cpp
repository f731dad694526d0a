#include "tests/auth/tokens.hpp"

#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using namespace texbuild_test;

result<session_claims> verify(std::string_view token, const session_policy& policy = {}) {
  return verify_session_token(token, common_key(), policy, noon);
}
std::string reason(std::string_view token, const session_policy& policy = {}) {
  const auto r = verify(token, policy);
  if (r) return "accepted";
  EXPECT_EQ(r.error().code(), errc::unauthorized);
  EXPECT_FALSE(r.error().detail().empty());
  return r.error().cause();
}
std::string reason_for_header(std::string_view header) { return reason(sign_token(header, plain_payload)); }
std::string reason_for(std::string_view payload, const session_policy& policy = {}) {
  return reason(sign_token(plain_header, payload), policy);
}
/// A payload that is good but for what is added.
std::string with(const std::string& more) { return R"({"sub":"user_1","exp":1767225660,)" + more + "}"; }

TEST(SessionToken, SaysWhoIsAsking) {
  const auto claims = verify(sign_token(plain_header, with(R"("sid":"sess_1","iss":"https://i","azp":"https://a")")));
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->user_id, "user_1");
  EXPECT_EQ(claims->session_id, "sess_1");
  EXPECT_EQ(claims->issuer, "https://i");
  EXPECT_EQ(claims->authorized_party, "https://a");
  EXPECT_EQ(claims->expires_at, noon + 60s);
  EXPECT_EQ(claims->actor, "");
}

TEST(SessionToken, TellsItsKeyIdUnverified) {
  EXPECT_EQ(session_key_id(sign_token(plain_header, plain_payload)).value(), "k1");
  EXPECT_EQ(session_key_id(sign_token(R"({"alg":"RS256"})", plain_payload)).value(), "");
  EXPECT_EQ(session_key_id("a.b.c").error().code(), errc::unauthorized);
  EXPECT_EQ(session_key_id(sign_token(R"({"alg":"RS256","kid":5})", plain_payload)).error().code(), errc::unauthorized);
}

TEST(SessionToken, RefusesEveryOtherFormOfTheSameToken) {
  const auto good = sign_token(plain_header, plain_payload);
  ASSERT_EQ(reason(good), "accepted");
  for (const auto& bad : {good + "=", good + ".", "." + good, good + " ", " " + good, good + "\n",
                          good.substr(0, 30) + " " + good.substr(30), good.substr(1), "Bearer " + good})
    EXPECT_EQ(reason(bad), "token-invalid") << bad;
  EXPECT_NE(reason(good + "A"), "accepted");
}

TEST(SessionToken, RefusesPaddingThatTheSignatureCovers) {
  // The header has 38 bytes, which standard base64 pads with one "=".
  const auto header = crypto::base64url_encode(R"({"alg":"RS256","kid":"k1","typ":"JWT"})") + "=";
  const auto text = header + "." + crypto::base64url_encode(plain_payload);
  const auto token = text + "." + crypto::base64url_encode(rsa_key::common().sign(text));
  EXPECT_EQ(reason(token), "token-invalid");
}

TEST(SessionToken, RefusesALongTokenBeforeLookingAtIt) {
  session_policy policy;
  policy.most_bytes = 100;
  EXPECT_EQ(reason(sign_token(plain_header, plain_payload), policy), "token-invalid");
  EXPECT_EQ(reason(std::string(20'000, 'A')), "token-invalid");
}

TEST(SessionToken, RefusesHeadersThatAreNoSession) {
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256"})"), "accepted");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","cat":"cl_B7d4PD111AAA"})"), "accepted");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","cat":"cl_I7d4PD111III"})"), "accepted");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","jku":"https://evil.example/keys","x5c":[],"jwk":{}})"), "accepted");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","cat":"cl_B7d4PD222AAA"})"), "token-type-mismatch");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","cat":"cl_B7d4PD333AAA"})"), "token-invalid");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","cat":"unknown"})"), "token-type-mismatch");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","cat":1})"), "token-invalid");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","typ":"jwt"})"), "token-invalid");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","typ":null})"), "token-invalid");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","crit":[]})"), "token-invalid");
  EXPECT_EQ(reason_for_header(R"({"alg":"RS256","crit":null})"), "token-invalid");
}

TEST(SessionToken, AcceptsNoAlgorithmButRs256) {
  for (const auto* alg : {R"("none")", R"("None")", R"("")", R"("rs256")", R"("RS384")", R"("RS512")", R"("PS256")",
                          R"("HS256")", R"("ES256")", "null", "256", R"(["RS256"])"})
    EXPECT_EQ(reason_for_header(std::string(R"({"alg":)") + alg + "}"), "token-invalid-algorithm") << alg;
  EXPECT_EQ(reason_for_header("{}"), "token-invalid-algorithm");
}

TEST(SessionToken, RefusesSignaturesOfAnotherKindUnderRs256) {
  const auto text = crypto::base64url_encode(plain_header) + "." + crypto::base64url_encode(plain_payload);
  const auto& key = rsa_key::common();
  for (const auto& signature :
       {key.sign(text, EVP_sha1()), key.sign(text, EVP_sha512()), key.sign(text, EVP_sha256(), RSA_PKCS1_PSS_PADDING),
        std::string(), key.sign(text).substr(1), std::string(1, '\0') + key.sign(text)})
    EXPECT_EQ(reason(text + "." + crypto::base64url_encode(signature)), "token-invalid-signature");
}

TEST(SessionToken, RefusesNamesThatOccurTwice) {
  EXPECT_EQ(reason_for_header(R"({"alg":"none","alg":"RS256"})"), "token-invalid");
  EXPECT_EQ(reason_for(with(R"("sub":"user_admin")")), "token-invalid");
  EXPECT_EQ(reason_for(with(R"("o":{"id":"a","id":"b"})")), "token-invalid");
}

TEST(SessionToken, RefusesPayloadsThatAreNoObjectOrNotUtf8) {
  for (const std::string payload : {"", "null", "[]", "\"text\"", "7", "{", "{\"sub\":\"\xff\",\"exp\":1767225660}",
                                    R"({"sub":"\ud800","exp":1767225660})"})
    EXPECT_EQ(reason_for(payload), "token-invalid") << payload;
  EXPECT_EQ(reason_for(with("\"x\":" + std::string(5'000, '[') + std::string(5'000, ']'))), "token-invalid");
}

TEST(SessionToken, RefusesSubjectsThatAreNoUser) {
  for (const auto* sub :
       {R"("")", "7", "null", R"(["user_1"])", R"("user\u0000")", R"("a\nb")", R"("a\u007f")", R"("a\u0085")"})
    EXPECT_EQ(reason_for(std::string(R"({"exp":1767225660,"sub":)") + sub + "}"), "token-verification-failed") << sub;
  EXPECT_EQ(reason_for(R"({"exp":1767225660})"), "token-verification-failed");
  EXPECT_EQ(reason_for(R"({"exp":1767225660,"sub":"mch_1"})"), "token-type-mismatch");
  EXPECT_EQ(reason_for(R"({"exp":1767225660,"sub":"usér_1"})"), "accepted");
}

TEST(SessionToken, RefusesTimesThatNoClockCanShow) {
  for (const auto* exp : {"1e30", "1e400", "18446744073709551616", "18446744073709551615", "9223372036854775807",
                          "8589934592", "-1", "-1e400", R"("1767225660")", "null", "true", "[1767225660]", "{}"})
    EXPECT_EQ(reason_for(std::string(R"({"sub":"u","exp":)") + exp + "}"), "token-verification-failed") << exp;
  EXPECT_EQ(reason_for(R"({"sub":"u","exp":8589934591})"), "accepted");
  EXPECT_EQ(reason_for(with(R"("nbf":"0")")), "token-verification-failed");
  EXPECT_EQ(reason_for(with(R"("iat":1e400)")), "token-verification-failed");
}

TEST(SessionToken, HoldsTimesAgainstTheClockWithSomeSkew) {
  const auto exp = [](const std::string& t) { return reason_for(R"({"sub":"u","exp":)" + t + "}"); };
  EXPECT_EQ(exp("1767225596"), "accepted");
  EXPECT_EQ(exp("1767225595"), "token-expired");
  EXPECT_EQ(exp("1767225595.9"), "token-expired");  // fractions are dropped
  EXPECT_EQ(exp("1.767225596e9"), "accepted");
  EXPECT_EQ(exp("0"), "token-expired");
  EXPECT_EQ(reason_for(with(R"("nbf":1767225605,"iat":1767225605)")), "accepted");
  EXPECT_EQ(reason_for(with(R"("nbf":1767225606)")), "token-not-active-yet");
  EXPECT_EQ(reason_for(with(R"("iat":1767225606)")), "token-iat-in-the-future");
  session_policy strict;
  strict.clock_skew = 0ms;
  EXPECT_EQ(reason_for(R"({"sub":"u","exp":1767225600})", strict), "token-expired");
  EXPECT_EQ(reason_for(R"({"sub":"u","exp":1767225601})", strict), "accepted");
}

TEST(SessionToken, ComparesThePartyByteForByte) {
  session_policy policy;
  policy.authorized_parties = {"https://app.example", ""};
  const auto azp = [&](const std::string& value) { return reason_for(with(R"("azp":)" + value), policy); };
  EXPECT_EQ(azp(R"("https://app.example")"), "accepted");
  EXPECT_EQ(azp(R"("https://app.example/")"), "token-invalid-authorized-parties");
  EXPECT_EQ(azp(R"("https://APP.example")"), "token-invalid-authorized-parties");
  EXPECT_EQ(azp(R"("")"), "token-invalid-authorized-parties");
  EXPECT_EQ(azp("null"), "token-invalid-authorized-parties");
  EXPECT_EQ(azp("7"), "token-verification-failed");
  EXPECT_EQ(reason_for(plain_payload, policy), "token-invalid-authorized-parties");
}

TEST(SessionToken, ChecksTheIssuerIfOneIsSet) {
  session_policy policy;
  policy.issuer = "https://clerk.example";
  EXPECT_EQ(reason_for(with(R"("iss":"https://clerk.example")"), policy), "accepted");
  EXPECT_EQ(reason_for(with(R"("iss":"https://clerk.example/")"), policy), "token-invalid-issuer");
  EXPECT_EQ(reason_for(plain_payload, policy), "token-invalid-issuer");
}

TEST(SessionToken, ChecksTheAudienceIfOneIsSetAndOneIsNamed) {
  session_policy policy;
  policy.audience = "tex";
  EXPECT_EQ(reason_for(plain_payload, policy), "accepted");
  EXPECT_EQ(reason_for(with(R"("aud":"tex")"), policy), "accepted");
  EXPECT_EQ(reason_for(with(R"("aud":["x","tex"])"), policy), "accepted");
  for (const auto* aud : {R"("x")", R"(["x"])", "[]", "7", "[7]", "null"})
    EXPECT_EQ(reason_for(with(std::string(R"("aud":)") + aud), policy), "token-verification-failed") << aud;
  EXPECT_EQ(reason_for(with(R"("aud":"x")")), "accepted");
}

TEST(SessionToken, RefusesSessionsThatAreNotActive) {
  EXPECT_EQ(reason_for(with(R"("sts":"active")")), "accepted");
  EXPECT_EQ(reason_for(with(R"("sts":"pending")")), "token-verification-failed");
  EXPECT_EQ(reason_for(with(R"("sts":1)")), "token-verification-failed");
}

TEST(SessionToken, NamesTheOperatorBehindAnImpersonatedSession) {
  EXPECT_EQ(verify(sign_token(plain_header, with(R"("act":{"sub":"user_admin"})")))->actor, "user_admin");
  for (const auto* act : {"{}", R"({"sub":""})", R"({"sub":1})", R"("user_admin")"})
    EXPECT_EQ(reason_for(with(std::string(R"("act":)") + act)), "token-verification-failed") << act;
}

TEST(SessionToken, UnpacksThePermissionsOfVersion2) {
  const auto permissions = [](const std::string& fea, const std::string& per, const std::string& fpm) {
    const auto claims =
        verify(sign_token(plain_header, with(R"("v":2,"fea":")" + fea + R"(","o":{"id":"org_1","rol":"admin","per":")" +
                                             per + R"(","fpm":")" + fpm + R"("})")));
    EXPECT_TRUE(claims);
    EXPECT_EQ(claims->organization_id, "org_1");
    EXPECT_EQ(claims->organization_role, "admin");
    return claims->organization_permissions;
  };
  using list = std::vector<std::string>;
  EXPECT_EQ(permissions("o:dashboard,o:teams", "manage,read", "3,2"),
            (list{"org:dashboard:manage", "org:dashboard:read", "org:teams:read"}));
  EXPECT_EQ(permissions("u:x, o:a ,uo:b,u:y,ou:c", "p", "0,1,1"), (list{"org:b:p", "org:c:p"}));
  EXPECT_EQ(permissions("o:a,o:b", "p", "1"), (list{"org:a:p"}));
  EXPECT_EQ(permissions("o:a", "p", "2"), list{});
  EXPECT_EQ(permissions("o:a", "p", "-1"), list{});
  EXPECT_EQ(permissions("o:a,o:b", "p", "x,1"), (list{"org:b:p"}));
  EXPECT_EQ(permissions("o:a", "p", std::string(600, '9')), list{});
  EXPECT_EQ(permissions("", "", ""), list{});
  // 2^70, more than 64 bits.
  std::string names = "n0";
  for (int i = 1; i <= 70; ++i) names += ",n" + std::to_string(i);
  EXPECT_EQ(permissions("o:a", names, "1180591620717411303424"), (list{"org:a:n70"}));
}

TEST(SessionToken, ReadsTheOrganisationOfVersion1AsItIs) {
  const auto claims = verify(sign_token(
      plain_header, with(R"("org_id":"org_1","org_role":"org:admin","org_permissions":["org:billing:read"])")));
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->organization_id, "org_1");
  EXPECT_EQ(claims->organization_role, "org:admin");
  EXPECT_EQ(claims->organization_permissions, std::vector<std::string>{"org:billing:read"});
  EXPECT_EQ(reason_for(with(R"("org_permissions":"org:a:b")")), "token-verification-failed");
  EXPECT_EQ(reason_for(with(R"("v":2,"o":"org_1")")), "token-verification-failed");
}

}  // namespace
