// The test cases 13, 14 and 16 of "The Galois/Counter Mode of Operation", appendix B.
#include "src/crypto/aes_gcm.hpp"

#include "src/crypto/hmac.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace {

using namespace texbuild::crypto;

std::string unhex(std::string_view digits) {
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return out;
}

TEST(AesGcm, MeetsTheTestCasesOfItsDefinition) {
  const std::string zero_key(32, '\0');
  const std::string zero_nonce(12, '\0');
  EXPECT_EQ(hex(aes_gcm_seal(zero_key, zero_nonce, "", "")), "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(hex(aes_gcm_seal(zero_key, zero_nonce, std::string(16, '\0'), "")),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  const auto key = unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const auto nonce = unhex("cafebabefacedbaddecaf888");
  const auto plain = unhex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b39");
  const auto bound = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const auto sealed = aes_gcm_seal(key, nonce, plain, bound);
  EXPECT_EQ(
      hex(sealed),
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
      "bcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b");
  EXPECT_EQ(aes_gcm_open(key, nonce, sealed, bound), plain);
}

TEST(AesGcm, OpensNothingThatWasChanged) {
  const std::string key(32, 'k');
  const std::string nonce(12, 'n');
  const auto sealed = aes_gcm_seal(key, nonce, "secret", "bound");
  EXPECT_EQ(aes_gcm_open(key, nonce, sealed, "bound"), "secret");
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    auto bent = sealed;
    bent[i / 8] = static_cast<char>(bent[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(aes_gcm_open(key, nonce, bent, "bound")) << i;
  }
  EXPECT_FALSE(aes_gcm_open(key, nonce, sealed, "bounds"));
  EXPECT_FALSE(aes_gcm_open(key, nonce, sealed, ""));
  EXPECT_FALSE(aes_gcm_open(key, std::string(12, 'm'), sealed, "bound"));
  EXPECT_FALSE(aes_gcm_open(std::string(32, 'l'), nonce, sealed, "bound"));
  EXPECT_FALSE(aes_gcm_open(key, nonce, "short", "bound"));
  EXPECT_FALSE(aes_gcm_open(key, nonce, "", "bound"));
}

TEST(AesGcm, WantsTheRightLengths) {
  EXPECT_THROW((void)aes_gcm_seal("short", std::string(12, 'n'), "x", ""), std::length_error);
  EXPECT_THROW((void)aes_gcm_seal(std::string(32, 'k'), "n", "x", ""), std::length_error);
}

}  // namespace
