#include "src/crypto/base64.hpp"

#include <texbuild/signed_url.hpp>

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;

const std::string old_secret(32, 'a');
const std::string new_secret(40, 'b');
constexpr std::chrono::system_clock::time_point today{1767225600s};

url_signer signer(std::vector<std::string> keys = {old_secret}) { return url_signer::make(std::move(keys)).value(); }
url_grant grant() { return {"bld_1", "pdf", "user_1", today + 300s}; }

TEST(UrlSigner, AcceptsItsOwnTokenAndTellsWhatItGrants) {
  const auto token = signer().sign(grant());
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), token.npos);
  const auto good = signer().verify(token, "bld_1", "pdf", today);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->build_id, "bld_1");
  EXPECT_EQ(good->resource, "pdf");
  EXPECT_EQ(good->owner, "user_1");
  EXPECT_EQ(good->expires_at, today + 300s);
}

TEST(UrlSigner, RefusesATokenForAnotherBuild) {
  EXPECT_FALSE(signer().verify(signer().sign(grant()), "bld_2", "pdf", today));
}

TEST(UrlSigner, RefusesATokenForAnotherResource) {
  EXPECT_FALSE(signer().verify(signer().sign(grant()), "bld_1", "log", today));
}

TEST(UrlSigner, RefusesATokenWhoseTimeIsUp) {
  auto g = grant();
  g.expires_at = today + 1500ms;
  const auto token = signer().sign(g);  // whole seconds count
  EXPECT_TRUE(signer().verify(token, "bld_1", "pdf", today + 999ms));
  EXPECT_FALSE(signer().verify(token, "bld_1", "pdf", today + 1s));
  EXPECT_FALSE(signer().verify(token, "bld_1", "pdf", today + 24h));
}

TEST(UrlSigner, FieldsCannotLendEachOtherBytes) {
  const url_grant one{"bld_1", "pdf", "x", today + 300s};
  const auto token = signer().sign(one);
  EXPECT_FALSE(signer().verify(token, "bld_1p", "df", today));
  EXPECT_FALSE(signer().verify(token, "bld_", "1pdf", today));
  EXPECT_FALSE(signer().verify(token, "bld_1pdf", "", today));
  EXPECT_FALSE(signer().verify(signer().sign({"b", "pdfx", "", today + 300s}), "b", "pdf", today));
}

TEST(UrlSigner, RefusesATokenWithAnyByteChangedWithoutSayingWhich) {
  const auto token = signer().sign(grant());
  const auto bytes = crypto::base64url_decode(token).value();
  std::set<std::string> answers;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto refused = signer().verify(crypto::base64url_encode(changed), "bld_1", "pdf", today);
    ASSERT_FALSE(refused) << i;
    EXPECT_EQ(refused.error().code(), errc::forbidden);
    answers.insert(refused.error().detail() + "|" + refused.error().cause());
  }
  for (const auto& bad : {std::string(), token + "A", token + "=", token.substr(1), token.substr(0, 40),
                          std::string("%"), std::string(100'000, 'A'), crypto::base64url_encode(bytes.substr(0, 47))}) {
    const auto refused = signer().verify(bad, "bld_1", "pdf", today);
    ASSERT_FALSE(refused);
    answers.insert(refused.error().detail() + "|" + refused.error().cause());
  }
  const auto late = signer().verify(token, "bld_1", "pdf", today + 1h);
  answers.insert(late.error().detail() + "|" + late.error().cause());
  EXPECT_EQ(answers.size(), 1U);
}

TEST(UrlSigner, SignsWithTheFirstKeyAndVerifiesWithAll) {
  const auto old = signer({old_secret}).sign(grant());
  const auto rotated = signer({new_secret, old_secret});
  EXPECT_TRUE(rotated.verify(old, "bld_1", "pdf", today));
  const auto fresh = rotated.sign(grant());
  EXPECT_TRUE(rotated.verify(fresh, "bld_1", "pdf", today));
  EXPECT_TRUE(signer({new_secret}).verify(fresh, "bld_1", "pdf", today));
  EXPECT_FALSE(signer({old_secret}).verify(fresh, "bld_1", "pdf", today));
  EXPECT_FALSE(signer({new_secret}).verify(old, "bld_1", "pdf", today));
}

TEST(UrlSigner, KeepsAnyOwner) {
  for (const auto& owner : {std::string(), std::string("a\0b\xff", 4), std::string(10'000, 'o')}) {
    auto g = grant();
    g.owner = owner;
    EXPECT_EQ(signer().verify(signer().sign(g), "bld_1", "pdf", today)->owner, owner);
  }
}

TEST(UrlSigner, ShowsNothingOfTheSecret) {
  EXPECT_EQ(crypto::base64url_decode(signer().sign(grant()))->find("aaaa"), std::string::npos);
}

TEST(UrlSigner, RefusesToWorkWithoutAKeyOrWithAShortOne) {
  EXPECT_EQ(url_signer::make({}).error().code(), errc::invalid_input);
  EXPECT_EQ(url_signer::make({old_secret, std::string(31, 'x')}).error().code(), errc::invalid_input);
  EXPECT_EQ(url_signer::make({""}).error().code(), errc::invalid_input);
}

}  // namespace
