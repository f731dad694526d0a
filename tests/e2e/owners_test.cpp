// What belongs to one user is closed to all others; a link opens what it was made for.
#include "tests/e2e/accounts.hpp"
#include "tests/e2e/real_server.hpp"

namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace texbuild_test;

struct Owners : RealServer {
  void SetUp() override {
    server.arguments = {};
    server.environment["CLERK_JWT_KEY"] = pem_of(rsa_key::common().spki());
    server.start();
  }
  std::string built(const std::string& user, const std::string& words) {
    const auto created = server.upload(zip_of(document(words)), {}, session_of(user));
    EXPECT_EQ(created.status, 201) << created.body;
    auto id = created.text("id");
    EXPECT_EQ(server.ended(id, session_of(user)).text("status"), "completed");
    return id;
  }
  std::string link(const std::string& user, const std::string& id, const std::string& rest = {}) {
    const auto answer = server.as("GET", "/api/build/" + id + "/pdf/url" + rest, session_of(user));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.text("url");
  }
};

TEST_F(Owners, SeeNobodyElsesBuilds) {
  const auto id = built("user_ann", "Of Ann.");
  const auto ann = session_of("user_ann");
  const auto bob = session_of("user_bob");
  for (const char* rest :
       {"", "?wait=1", "/status", "/pdf/url", "/pdf/url?resource=log", "/pdf/url?partial=true", "/log"}) {
    const auto refused = server.as("GET", "/api/build/" + id + rest, bob);
    EXPECT_EQ(refused.status, 403) << rest;
    EXPECT_EQ(refused.text("code"), "forbidden") << rest;
    EXPECT_THAT(refused.body, Not(HasSubstr("user_ann")));
    EXPECT_EQ(server.as("GET", "/api/build/bld_nobodys" + std::string(rest), bob).status, 404) << rest;
  }
  EXPECT_EQ(server.as("POST", "/api/build/" + id + "/cancel", bob).status, 403);
  EXPECT_EQ(server.as("DELETE", "/api/build/" + id, bob).status, 403);
  EXPECT_EQ(server.as("GET", "/api/build", bob).json().at("total").to_number<int>(), 0);
  const auto shown = server.as("GET", "/api/build/" + id, ann);
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.text("user_id"), "user_ann");
  EXPECT_EQ(server.as("GET", "/api/build", ann).json().at("total").to_number<int>(), 1);
}

TEST_F(Owners, HaveLinksThatOpenOneThingOnly) {
  const auto one = built("user_ann", "The first.");
  const auto two = built("user_bob", "The second.");
  const auto url = link("user_ann", one);
  const auto query = url.substr(url.find('?'));
  EXPECT_EQ(server.ask("GET", "/api" + url).status, 200);
  EXPECT_EQ(server.ask("HEAD", "/api" + url).status, 200);
  for (const auto& other :
       {"/api/build/" + two + "/pdf" + query, "/build/" + two + "/pdf" + query,
        "/api/build/" + one + "/artifact/log" + query, "/api/build/" + one + "/artifact/synctex" + query,
        "/api/build/" + one + "/artifact/main.tex" + query, "/api/build/bld_nobodys/pdf" + query,
        "/api/build/" + one + "/pdf", "/api/build/" + one + "/pdf?token=", "/api/build/" + one + "/pdf?token=x",
        "/api" + url + "x", "/api" + url.substr(0, url.size() - 1)}) {
    const auto refused = server.ask("GET", other);
    EXPECT_EQ(refused.status, 403) << other;
    EXPECT_EQ(refused.text("code"), "forbidden") << other;
  }
  // Every byte of it counts.
  const auto begin = url.find("token=") + 6;
  for (auto at = begin; at < url.size(); at += 5) {
    auto changed = url;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(server.ask("GET", "/api" + changed).status, 403) << changed;
  }
  auto last = url;  // also the bits that a sloppy decoder drops
  ++last.back();
  EXPECT_EQ(server.ask("GET", "/api" + last).status, 403);
  // A link to a log opens no PDF; a session opens no download without a link.
  const auto log = link("user_ann", one, "?resource=log");
  EXPECT_EQ(server.ask("GET", "/api/build/" + one + "/pdf" + log.substr(log.find('?'))).status, 403);
  EXPECT_EQ(server.as("GET", "/api/build/" + one + "/pdf", session_of("user_ann")).status, 403);
}

TEST_F(Owners, HaveIdempotencyKeysOfTheirOwn) {
  const auto zip = zip_of(document("x"));
  const auto ann = server.upload(zip, {}, session_of("user_ann"), "Idempotency-Key: same\r\n").text("id");
  const auto bob = server.upload(zip, {}, session_of("user_bob"), "Idempotency-Key: same\r\n").text("id");
  EXPECT_NE(ann, bob);
  EXPECT_EQ(server.as("GET", "/api/build/" + bob, session_of("user_bob")).status, 200);
}

TEST_F(Owners, KeepTheirLinksWhileTheSigningKeyIsTheOneBefore) {
  server.stop();
  server.environment["TEXBUILD_SIGNING_KEY"] = std::string(32, 'a');
  server.start();
  const auto id = built("user_ann", "Rotated.");
  const auto old_link = link("user_ann", id);
  server.stop();
  server.environment["TEXBUILD_SIGNING_KEY"] = std::string(32, 'b');
  server.environment["TEXBUILD_SIGNING_KEY_PREVIOUS"] = std::string(32, 'a');
  server.start();
  EXPECT_EQ(server.ask("GET", "/api" + old_link).status, 200);
  EXPECT_EQ(server.ask("GET", "/api" + link("user_ann", id)).status, 200);
  server.stop();
  server.environment.erase("TEXBUILD_SIGNING_KEY_PREVIOUS");
  server.start();
  EXPECT_EQ(server.ask("GET", "/api" + old_link).status, 403);
}

}  // namespace
