#include "server/limits.hpp"

#include <gtest/gtest.h>

namespace {

using texbuild::server::client_of;

TEST(ClientOf, IsThePeerWhateverItSaysOfItself) {
  EXPECT_EQ(client_of("192.0.2.7", "", {}), "192.0.2.7");
  EXPECT_EQ(client_of("192.0.2.7", "203.0.113.1", {}), "192.0.2.7");
  EXPECT_EQ(client_of("192.0.2.7", "203.0.113.1", {"10.0.0.1"}), "192.0.2.7");
}

TEST(ClientOf, IsWhoTheLastTrustedProxySaw) {
  EXPECT_EQ(client_of("10.0.0.1", "203.0.113.1", {"10.0.0.1"}), "203.0.113.1");
  EXPECT_EQ(client_of("10.0.0.1", "198.51.100.9, 203.0.113.1", {"10.0.0.1"}), "203.0.113.1");
  EXPECT_EQ(client_of("10.0.0.1", "203.0.113.1, 10.0.0.2", {"10.0.0.1", "10.0.0.2"}), "203.0.113.1");
  EXPECT_EQ(client_of("10.0.0.1", "", {"10.0.0.1"}), "10.0.0.1");
  EXPECT_EQ(client_of("10.0.0.1", "nonsense", {"10.0.0.1"}), "10.0.0.1");
  EXPECT_EQ(client_of("::ffff:10.0.0.1", "203.0.113.1", {"10.0.0.1"}), "203.0.113.1");
}

TEST(ClientOf, IsTheNetworkOfAnIpv6Address) {
  EXPECT_EQ(client_of("2001:db8:1:2:3:4:5:6", "", {}), "2001:db8:1:2::/64");
  EXPECT_EQ(client_of("2001:db8:1:2::9", "", {}), "2001:db8:1:2::/64");
  EXPECT_EQ(client_of("", "", {}), "");
}

}  // namespace
