#include "server/crowd.hpp"

#include <gtest/gtest.h>

namespace {

using boost::asio::ip::make_address;
using texbuild::server::crowd;

TEST(Crowd, GivesEachAddressItsPlacesAndTakesThemBack) {
  crowd all(2, {});
  auto first = all.enter(make_address("203.0.113.7"));
  const auto second = all.enter(make_address("::ffff:203.0.113.7"));
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(all.enter(make_address("203.0.113.7")));
  EXPECT_TRUE(all.enter(make_address("203.0.113.8")));
  first.reset();
  EXPECT_TRUE(all.enter(make_address("203.0.113.7")));
}

TEST(Crowd, TakesANetworkForOneAddressWhereEverybodyHasAWholeOne) {
  crowd all(1, {});
  const auto place = all.enter(make_address("2001:db8:1:2::1"));
  EXPECT_TRUE(place);
  EXPECT_FALSE(all.enter(make_address("2001:db8:1:2:ffff::9")));
  EXPECT_TRUE(all.enter(make_address("2001:db8:1:3::1")));
}

TEST(Crowd, KnowsThatBehindAProxyThereAreMany) {
  crowd all(1, {"192.0.2.1"});
  std::vector<std::shared_ptr<void>> places;
  for (int i = 0; i < 5; ++i) {
    for (const char* from : {"192.0.2.1", "127.0.0.1", "::1"}) places.push_back(all.enter(make_address(from)));
  }
  for (const auto& p : places) EXPECT_TRUE(p);
}

}  // namespace
