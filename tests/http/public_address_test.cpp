#include "src/http/public_address.hpp"

#include <texbuild/http.hpp>

#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using http::is_public_name;

bool is_public(const char* text) { return http::is_public(boost::asio::ip::make_address(text)); }

TEST(PublicAddress, IsOneOfTheInternet) {
  for (const char* address : {"1.1.1.1",
                              "8.8.8.8",
                              "93.184.216.34",
                              "100.63.255.255",
                              "100.128.0.0",
                              "126.255.255.255",
                              "128.0.0.0",
                              "172.15.255.255",
                              "172.32.0.0",
                              "192.167.255.255",
                              "192.169.0.0",
                              "198.17.255.255",
                              "198.20.0.0",
                              "223.255.255.255",
                              "2606:4700::1111",
                              "2001:4860:4860::8888",
                              "2a00:1450:4001:80b::200e",
                              "2001:200::1",
                              "::ffff:8.8.8.8",
                              "64:ff9b::8.8.8.8"})
    EXPECT_TRUE(is_public(address)) << address;
}

TEST(PublicAddress, IsNoneOfThisMachineOrTheNetworksAroundIt) {
  for (const char* address : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "10.255.255.255",
                              "100.64.0.0",
                              "100.127.255.255",
                              "127.0.0.1",
                              "127.255.255.255",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.8",
                              "192.0.2.1",
                              "192.88.99.1",
                              "192.168.0.1",
                              "192.168.255.255",
                              "198.18.0.1",
                              "198.19.255.255",
                              "198.51.100.7",
                              "203.0.113.9",
                              "224.0.0.1",
                              "239.255.255.255",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::127.0.0.1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "::ffff:169.254.169.254",
                              "64:ff9b::10.0.0.1",
                              "64:ff9b:1::1",
                              "100::1",
                              "2001::1",
                              "2001:2::1",
                              "2001:db8::1",
                              "2002:7f00:1::",
                              "2002:808:808::",
                              "3fff::1",
                              "fc00::1",
                              "fd12:3456::1",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1",
                              "4000::1"})
    EXPECT_FALSE(is_public(address)) << address;
}

TEST(PublicName, HasADotAndIsNotKeptForLocalUse) {
  for (const char* name : {"example.com", "a.b.example.com.", "local.example.com", "localhost.example.com"})
    EXPECT_TRUE(is_public_name(name)) << name;
  for (const char* name : {"localhost", "localhost.", "a.localhost", "printer.local", "metadata.google.internal",
                           "router.home.arpa", "intranet", "db.lan", "x.test", "y.invalid"})
    EXPECT_FALSE(is_public_name(name)) << name;
}

TEST(CheckUrl, SaysWhatIsWrong) {
  EXPECT_TRUE(check_url("https://example.com/hook?a=1", true));
  EXPECT_TRUE(check_url("https://8.8.8.8:8443/", true));
  EXPECT_TRUE(check_url("http://127.0.0.1:1234/", false));
  for (const char* url :
       {"https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/",
        "https://localhost/", "https://LOCALHOST/", "https://10.0.0.1:443/", "https://0.0.0.0/"})
    EXPECT_EQ(check_url(url, true).error().code(), errc::invalid_input) << url;
  // Other ways of writing 127.0.0.1 are no host names at all.
  for (const char* url : {"https://127.1/", "https://0x7f000001/", "https://2130706433/", "https://0177.0.0.1/",
                          "ftp://example.com/", "https://a:b@example.com/", "example.com", ""})
    EXPECT_FALSE(check_url(url, true)) << url;
}

}  // namespace
