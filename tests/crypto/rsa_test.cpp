#include "src/crypto/rsa.hpp"

#include "tests/crypto/rsa_key.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

namespace {

using texbuild::errc;
using texbuild::crypto::rsa_public_key;
using texbuild_test::rsa_key;

rsa_public_key common() {
  const auto& key = rsa_key::common();
  return rsa_public_key::from_components(key.n(), key.e()).value();
}

TEST(RsaPublicKey, VerifiesWhatItsOtherHalfSigned) {
  const auto signature = rsa_key::common().sign("message");
  EXPECT_TRUE(common().verify_pkcs1_sha256("message", signature));
  EXPECT_TRUE(rsa_public_key::from_spki(rsa_key::common().spki())->verify_pkcs1_sha256("message", signature));
  EXPECT_FALSE(common().verify_pkcs1_sha256("messagE", signature));
  EXPECT_FALSE(rsa_public_key::from_spki(rsa_key().spki())->verify_pkcs1_sha256("message", signature));
}

TEST(RsaPublicKey, RefusesSignaturesOfAnotherKind) {
  const auto& key = rsa_key::common();
  EXPECT_FALSE(common().verify_pkcs1_sha256("m", key.sign("m", EVP_sha1())));
  EXPECT_FALSE(common().verify_pkcs1_sha256("m", key.sign("m", EVP_sha512())));
  EXPECT_FALSE(common().verify_pkcs1_sha256("m", key.sign("m", EVP_sha256(), RSA_PKCS1_PSS_PADDING)));
}

TEST(RsaPublicKey, RefusesASignatureThatIsNotAsLongAsTheModulus) {
  const auto signature = rsa_key::common().sign("m");
  EXPECT_FALSE(common().verify_pkcs1_sha256("m", ""));
  EXPECT_FALSE(common().verify_pkcs1_sha256("m", signature.substr(1)));
  EXPECT_FALSE(common().verify_pkcs1_sha256("m", signature + '\0'));
  EXPECT_FALSE(common().verify_pkcs1_sha256("m", '\0' + signature));
}

TEST(RsaPublicKey, LeavesNoErrorBehindForOthersToFind) {
  EXPECT_FALSE(common().verify_pkcs1_sha256("m", std::string(256, 'x')));
  EXPECT_FALSE(rsa_public_key::from_spki("nonsense"));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(RsaPublicKey, RefusesKeysThatAreTooShortOrTooLong) {
  const rsa_key weak(1024);
  EXPECT_EQ(rsa_public_key::from_components(weak.n(), weak.e()).error().code(), errc::invalid_input);
  EXPECT_EQ(rsa_public_key::from_spki(weak.spki()).error().code(), errc::invalid_input);
  EXPECT_FALSE(rsa_public_key::from_components(std::string(1025, '\xff'), "\x01\x00\x01"));
  EXPECT_FALSE(rsa_public_key::from_components(std::string(100'000, '\xff'), "\x03"));
}

TEST(RsaPublicKey, RefusesExponentsThatMakeEverySignatureGood) {
  const auto n = rsa_key::common().n();
  EXPECT_FALSE(rsa_public_key::from_components(n, std::string(1, '\0')));
  EXPECT_FALSE(rsa_public_key::from_components(n, "\x01"));
  EXPECT_FALSE(rsa_public_key::from_components(n, "\x02"));
  EXPECT_FALSE(rsa_public_key::from_components(n, std::string(9, '\xff')));
  EXPECT_TRUE(rsa_public_key::from_components(n, "\x03"));
  EXPECT_FALSE(rsa_public_key::from_components("", ""));
}

TEST(RsaPublicKey, RefusesDerThatIsCutOrGoesOn) {
  const auto der = rsa_key::common().spki();
  EXPECT_FALSE(rsa_public_key::from_spki(der.substr(0, der.size() - 1)));
  EXPECT_FALSE(rsa_public_key::from_spki(der + '\0'));
  EXPECT_FALSE(rsa_public_key::from_spki(""));
}

TEST(RsaPublicKey, RefusesKeysOfOtherFamilies) {
  EVP_PKEY* const ec = EVP_EC_gen("P-256");
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(ec, &der);
  const std::string spki(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  EVP_PKEY_free(ec);
  EXPECT_EQ(rsa_public_key::from_spki(spki).error().code(), errc::invalid_input);
}

}  // namespace
