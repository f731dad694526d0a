#include <texbuild/secret_box.hpp>
#include <texbuild/testing.hpp>

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace texbuild;

const std::string first(32, 'a');
const std::string second(40, 'b');

secret_box box(std::vector<std::string> keys) {
  return secret_box::make(std::move(keys), std::make_shared<texbuild::testing::fixed_entropy>()).value();
}

TEST(SecretBox, OpensWhatItSealed) {
  const auto b = box({first});
  for (const auto& secret :
       {std::string(), std::string("123:token"), std::string("\0\xFF", 2), std::string(100'000, 'x')}) {
    const auto sealed = b.seal(secret, "channels/1");
    EXPECT_EQ(sealed.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_EQ(b.open(sealed, "channels/1").value(), secret);
  }
  EXPECT_EQ(b.seal("hunter2", "p").find("hunter2"), std::string::npos);
}

TEST(SecretBox, SealsTheSameSecretDifferentlyEachTime) {
  const auto b = box({first});
  std::set<std::string> all;
  for (int i = 0; i < 100; ++i) all.insert(b.seal("token", "p"));
  EXPECT_EQ(all.size(), 100U);
}

TEST(SecretBox, OpensNowhereElse) {
  const auto b = box({first});
  const auto sealed = b.seal("token", "channels/1");
  for (const char* place : {"channels/2", "channels/1 ", "", "channels/11"})
    EXPECT_EQ(b.open(sealed, place).error().code(), errc::forbidden) << place;
  EXPECT_FALSE(box({second}).open(sealed, "channels/1"));
}

TEST(SecretBox, OpensNothingOfWhichABitWasChanged) {
  const auto b = box({first});
  const auto sealed = b.seal("token", "p");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto bent = sealed;
    bent[i] = bent[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(b.open(bent, "p")) << i;
    EXPECT_FALSE(b.open(sealed.substr(0, i), "p")) << i;
  }
  EXPECT_FALSE(b.open(sealed + "A", "p"));
  EXPECT_FALSE(b.open(sealed + "=", "p"));
}

TEST(SecretBox, OpensWithOlderKeysAndSealsWithTheNewest) {
  const auto old = box({first}).seal("token", "p");
  const auto b = box({second, first});
  EXPECT_EQ(b.open(old, "p").value(), "token");
  EXPECT_TRUE(b.is_outdated(old));
  const auto fresh = b.seal("token", "p");
  EXPECT_FALSE(b.is_outdated(fresh));
  EXPECT_EQ(box({second}).open(fresh, "p").value(), "token");
  EXPECT_FALSE(box({first}).open(fresh, "p"));
  EXPECT_TRUE(b.is_outdated("no sealed text"));
}

TEST(SecretBox, WantsKeysThatAreLongEnough) {
  EXPECT_EQ(secret_box::make({}).error().code(), errc::invalid_input);
  EXPECT_EQ(secret_box::make({first, "short"}).error().code(), errc::invalid_input);
  EXPECT_TRUE(secret_box::make({first}));
}

}  // namespace
