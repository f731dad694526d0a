#include "tests/auth/tokens.hpp"

#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using namespace texbuild_test;

bool checks(const session_key& key) {
  return verify_session_token(sign_token(plain_header, plain_payload), key, {}, noon).has_value();
}

TEST(SessionKey, ReadsAPemHoweverItsLinesWereKept) {
  const auto der = rsa_key::common().spki();
  for (const auto& pem : {pem_of(der), pem_of(der, "\r\n"), pem_of(der, "\\n"), pem_of(der, "\\r\\n"), pem_of(der, ""),
                          pem_of(der, " "), pem_of(der, "\n", 1000), "\n  " + pem_of(der) + "\n# as sent by mail"}) {
    const auto key = session_key::from_pem(pem);
    ASSERT_TRUE(key) << pem;
    EXPECT_TRUE(checks(*key)) << pem;
  }
}

TEST(SessionKey, ReadsAPemOfAnyUsualSize) {
  const rsa_key large(3072);
  const auto key = session_key::from_pem(pem_of(large.spki()));
  ASSERT_TRUE(key);
  EXPECT_TRUE(verify_session_token(sign_token(plain_header, plain_payload, large), *key, {}, noon));
}

TEST(SessionKey, RefusesAPemThatIsNone) {
  auto good = pem_of(rsa_key::common().spki());
  auto other = good;
  other.replace(other.find("PUBLIC"), 6, "SECRET");
  auto flawed = good;
  flawed[40] = '*';
  auto backwards = "-----END PUBLIC KEY----------BEGIN PUBLIC KEY-----" + std::string();
  for (const auto& pem : {std::string(), std::string("MIIB"), other, flawed, backwards, good.substr(0, 200),
                          pem_of(rsa_key::common().spki().substr(1)), pem_of(rsa_key(1024).spki()), pem_of("")})
    EXPECT_EQ(session_key::from_pem(pem).error().code(), errc::invalid_input) << pem;
}

TEST(SessionKeySet, FindsKeysById) {
  const rsa_key second;
  const auto set = session_key_set::from_jwks(jwks(jwk("k1") + "," + jwk("k2", second))).value();
  EXPECT_TRUE(checks(*set.find("k1")));
  EXPECT_FALSE(checks(*set.find("k2")));
  EXPECT_EQ(set.find("k3"), nullptr);
  EXPECT_EQ(set.find(""), nullptr);
}

TEST(SessionKeySet, SkipsEntriesItCannotUse) {
  const auto good = jwk("good");
  const auto with = [&](const std::string& from, const std::string& to) {
    auto entry = jwk("bad");
    entry.replace(entry.find(from), from.size(), to);
    return entry;
  };
  for (const auto& bad :
       {std::string("1"), std::string("null"), std::string("{}"),
        std::string(R"({"kid":"bad","kty":"oct","k":"c2VjcmV0"})"), with(R"("kty":"RSA")", R"("kty":"EC")"),
        with(R"("use":"sig")", R"("use":"enc")"), with(R"("RS256")", R"("RS512")"), with(R"("RS256")", "256"),
        with(R"("AQAB")", R"("AQ")"), with(R"("AQAB")", R"("AQAB=")"), with(R"("AQAB")", "65537"),
        jwk("bad", rsa_key(1024)), with(R"("kid":"bad")", R"("kid":7)"), with(R"("kid":"bad")", R"("kid":"")"),
        with(R"("kid":"bad",)", "")}) {
    const auto set = session_key_set::from_jwks(jwks(bad + "," + good));
    ASSERT_TRUE(set) << bad;
    EXPECT_EQ(set->find("bad"), nullptr) << bad;
    EXPECT_NE(set->find("good"), nullptr) << bad;
  }
}

TEST(SessionKeySet, UsesEntriesThatNameNoUseOrAlgorithm) {
  auto entry = jwk("k");
  const std::string optional = R"("use":"sig","alg":"RS256",)";
  entry.erase(entry.find(optional), optional.size());
  EXPECT_NE(session_key_set::from_jwks(jwks(entry))->find("k"), nullptr);
}

TEST(SessionKeySet, KeepsTheFirstOfTwoKeysWithOneId) {
  const auto set = session_key_set::from_jwks(jwks(jwk("k1") + "," + jwk("k1", rsa_key())));
  EXPECT_TRUE(checks(*set->find("k1")));
}

TEST(SessionKeySet, RefusesADocumentThatIsNoKeySet) {
  for (const auto* text : {"", "[]", "{}", "<html>", R"({"keys":{}})", R"({"keys":[],"keys":[]})"})
    EXPECT_EQ(session_key_set::from_jwks(text).error().code(), errc::invalid_input) << text;
  EXPECT_TRUE(session_key_set::from_jwks(R"({"keys":[]})")->empty());
}

}  // namespace
