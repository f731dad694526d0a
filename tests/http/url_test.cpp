#include "src/http/url.hpp"

#include <gtest/gtest.h>

namespace {

using texbuild::errc;
using texbuild::http::parse_url;

TEST(Url, IsTakenApart) {
  const auto u = parse_url("https://API.Example.com/v1/jwks?a=b%20c&d=e:f@g#part").value();
  EXPECT_TRUE(u.tls);
  EXPECT_EQ(u.host, "api.example.com");
  EXPECT_FALSE(u.is_ip);
  EXPECT_EQ(u.port, "443");
  EXPECT_EQ(u.authority, "api.example.com");
  EXPECT_EQ(u.target, "/v1/jwks?a=b%20c&d=e:f@g");
}

TEST(Url, HasTheTargetSlashEvenIfThatWasLeftOut) {
  EXPECT_EQ(parse_url("http://a.example")->target, "/");
  EXPECT_EQ(parse_url("http://a.example?x=1")->target, "/?x=1");
  EXPECT_EQ(parse_url("http://a.example#x")->target, "/");
}

TEST(Url, NamesThePortToTheServerOnlyIfItIsUnusual) {
  EXPECT_EQ(parse_url("http://a.example")->port, "80");
  EXPECT_EQ(parse_url("HTTP://a.example:80/")->authority, "a.example");
  EXPECT_EQ(parse_url("http://a.example:443/")->authority, "a.example:443");
  EXPECT_EQ(parse_url("https://a.example:8443/")->authority, "a.example:8443");
  EXPECT_EQ(parse_url("https://a.example:65535/")->port, "65535");
}

TEST(Url, TakesAddresses) {
  EXPECT_EQ(parse_url("http://127.0.0.1:9000/x")->host, "127.0.0.1");
  EXPECT_TRUE(parse_url("http://127.0.0.1/")->is_ip);
  const auto v6 = parse_url("https://[2001:DB8::1]:8443/").value();
  EXPECT_EQ(v6.host, "2001:db8::1");
  EXPECT_TRUE(v6.is_ip);
  EXPECT_EQ(v6.authority, "[2001:db8::1]:8443");
}

TEST(Url, RefusesWhatHasTwoReadingsOrNone) {
  using namespace std::string_literals;
  for (const auto& url : {""s,
                          "/path"s,
                          "a.example"s,
                          "//a.example/"s,
                          "ftp://a.example/"s,
                          "file:///etc/passwd"s,
                          "https:/a.example"s,
                          "https://"s,
                          "https:///x"s,
                          "https://user@a.example/"s,
                          "https://a.example@b.example/"s,
                          "https://a b.example/"s,
                          "https://a.example:/"s,
                          "https://a.example:0/"s,
                          "https://a.example:65536/"s,
                          "https://a.example:-1/"s,
                          "https://a.example:8 0/"s,
                          "https://a.example:80:80/"s,
                          "https://.example/"s,
                          "https://a..example/"s,
                          "https://-a.example/"s,
                          "https://a.example./"s,
                          "https://b\xc3\xbc"s
                          "cher.example/"s,
                          "https://a.example/\r\nX: y"s,
                          "https://a.example/ HTTP/1.1"s,
                          "https://a.example/\xc3\xbc"s,
                          "https://a.example/%"s,
                          "https://a.example/%2"s,
                          "https://a.example/%zz"s,
                          "https://a.example/a\\b"s,
                          "https://a.example/<>"s,
                          "https://a.exa\0mple/"s,
                          "https://a.example/\0"s,
                          "https://a%2eexample/"s,
                          "https://[::1/"s,
                          "https://[1.2.3.4]/"s,
                          "https://[::1]x/"s,
                          "https://[fe80::1%eth0]/"s,
                          "https://127.1/"s,
                          "https://0x7f000001/"s,
                          "https://2130706433/"s,
                          "https://1.2.3.4.5/"s,
                          "https://a.example\\@b.example/"s})
    EXPECT_EQ(parse_url(url).error().code(), errc::invalid_input) << url;
}

}  // namespace
