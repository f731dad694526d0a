#include "server/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::ElementsAre;
using namespace texbuild::server;

router example() {
  const auto nothing = [](request&) { return reply(); };
  return router({route("GET", "/api/build", access::user, body_kind::none, nothing),
                 route("POST", "/api/build", access::user, body_kind::form, nothing),
                 route("GET", "/api/build/{id}/pdf", access::link, body_kind::none, nothing),
                 route("GET", "/api/build/{id}/artifact/{resource}", access::link, body_kind::none, nothing)});
}

TEST(Router, FindsARouteByMethodAndPath) {
  const auto r = example();
  EXPECT_EQ(r.find("POST", "/api/build").found->body, body_kind::form);
  const auto match = r.find("GET", "/api/build/bld_1/artifact/log");
  ASSERT_NE(match.found, nullptr);
  EXPECT_THAT(match.captures, ElementsAre("bld_1", "log"));
}

TEST(Router, TellsTheMethodsOfAPathThatHasOthers) {
  const auto match = example().find("PUT", "/api/build");
  EXPECT_EQ(match.found, nullptr);
  EXPECT_EQ(match.allow, "GET, HEAD, POST");
}

TEST(Router, FindsNothingAtOtherPaths) {
  for (const char* path : {"/", "", "/api", "/api/build/", "/api/build//pdf", "/api/build/x/pdf/", "/API/build"})
    EXPECT_EQ(example().find("GET", path).allow, "") << path;
}

}  // namespace
