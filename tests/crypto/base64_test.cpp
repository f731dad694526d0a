#include "src/crypto/base64.hpp"

#include <gtest/gtest.h>

namespace {

using namespace texbuild::crypto;
using namespace std::string_literals;

TEST(Base64, GivesTheExamplesOfRfc4648) {
  const std::pair<std::string, std::string> examples[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(base64url_encode(bytes), text);
    EXPECT_EQ(base64url_decode(text), bytes);
    EXPECT_EQ(base64_decode(text + std::string((4 - text.size() % 4) % 4, '=')), bytes);
  }
}

TEST(Base64, EachAlphabetRefusesTheOthersCharacters) {
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(base64url_decode("-__-"), "\xfb\xff\xfe");
  EXPECT_EQ(base64_decode("+//+"), "\xfb\xff\xfe");
  EXPECT_FALSE(base64url_decode("+//+"));
  EXPECT_FALSE(base64_decode("-__-"));
}

TEST(Base64, EveryByteSurvivesTheWayThereAndBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all.push_back(static_cast<char>(i));
    EXPECT_EQ(base64url_decode(base64url_encode(all)), all);
  }
}

TEST(Base64, RefusesASecondSpellingOfTheSameBytes) {
  EXPECT_TRUE(base64url_decode("Zg"));
  for (const auto& text : {"Zh"s, "Zg="s, "Zg=="s, "Zm9="s, "Z"s, "Zm9vY"s, "Zm9v\n"s, " Zm9v"s, "Zm 9v"s, "Zm9v\0"s,
                           "Zm9vYh"s, "Zm9\xc3"s, "===="s})
    EXPECT_FALSE(base64url_decode(text)) << text;
  for (const auto& text : {"Zg"s, "Zg="s, "Zh=="s, "Zg==="s, "===="s, "Zm9v===="s, "Zg==Zg=="s})
    EXPECT_FALSE(base64_decode(text)) << text;
}

}  // namespace
