#include <texbuild/session_token.hpp>

#include <gtest/gtest.h>

namespace {

using texbuild::find_session_token;

TEST(TokenCarriers, TakesTheBearerTokenInAnyCaseAndAfterAnyBlanks) {
  for (const auto* header : {"Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c", " Bearer a.b.c "})
    EXPECT_EQ(find_session_token(header, "", false), "a.b.c") << header;
}

TEST(TokenCarriers, HandsTrailingTextOnSoThatItIsRefused) {
  EXPECT_EQ(find_session_token("Bearer a.b.c d", "__session=x", true), "a.b.c d");
  EXPECT_EQ(find_session_token("Bearer a.b.c, Bearer d.e.f", "", true), "a.b.c, Bearer d.e.f");
}

TEST(TokenCarriers, ABadHeaderNeverFallsBackToTheCookie) {
  for (const auto* header : {"Bearer", "Bearer ", "a.b.c", "Bearer\ta.b.c"})
    EXPECT_EQ(find_session_token(header, "__session=x", true), "") << header;
}

TEST(TokenCarriers, AnotherSchemeIsNoToken) {
  EXPECT_EQ(find_session_token("Basic dXNlcjpwdw==", "", true), std::nullopt);
  EXPECT_EQ(find_session_token("Basic dXNlcjpwdw==", "__session=x", true), "x");
  EXPECT_EQ(find_session_token("BearerToken a.b.c", "", true), std::nullopt);
}

TEST(TokenCarriers, ReadsTheCookieOnlyWhereItIsAllowed) {
  EXPECT_EQ(find_session_token("", "a=1; __session=x; b=2", true), "x");
  EXPECT_EQ(find_session_token("", "a=1; __session=x; b=2", false), std::nullopt);
  EXPECT_EQ(find_session_token("Bearer h", "__session=x", true), "h");
}

TEST(TokenCarriers, TakesTheFirstCookieOfThatExactName) {
  EXPECT_EQ(find_session_token("", "__session=x; __session=y", true), "x");
  EXPECT_EQ(find_session_token("", "__Session=y;x__session=z;__session_ab=w;__session=x", true), "x");
  EXPECT_EQ(find_session_token("", " __session = x=y ", true), "x=y");
  for (const auto* none : {"", ";", "=", "__session", "__session=", "a=__session=x", ";;__sessio=1;"})
    EXPECT_EQ(find_session_token("", none, true), std::nullopt) << none;
}

}  // namespace
