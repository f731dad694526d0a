// Webhooks that go out: the real server tells a receiver that is written with the official package.
#include "tests/e2e/real_server.hpp"

#include <fstream>
#include <sstream>

namespace {

using namespace texbuild_test;
using ::testing::HasSubstr;

struct Notices : RealServer {
  static void SetUpTestSuite() {
    const auto fetched = run({"/bin/bash", TEXBUILD_SOURCE_DIR "/tests/sdk/packages.sh", TEXBUILD_SDK});
    ASSERT_EQ(fetched.exit, 0) << fetched.err;
  }
  void start_receiver(int refusals) {
    receiver.emplace(std::vector<std::string>{"/usr/bin/env", "node", TEXBUILD_SOURCE_DIR "/tests/sdk/receiver.js",
                                              (here.path() / "secret").string(), std::to_string(refusals)},
                     variables{{"TEXBUILD_SDK", TEXBUILD_SDK}, {"PATH", "/usr/local/bin:/usr/bin:/bin"}},
                     here.path() / "told", here.path() / "err");
    ASSERT_TRUE(comes_true([&] { return !told().empty(); })) << read_file(here.path() / "err");
  }
  /// What the receiver said, line by line; its port first.
  std::vector<std::string> told() const {
    std::istringstream lines(read_file(here.path() / "told"));
    std::vector<std::string> out;
    for (std::string line; std::getline(lines, line);) out.push_back(line);
    return out;
  }
  http_answer post(const std::string& url) const {
    return server.ask("POST", "/api/webhooks/endpoints", "Authorization: Bearer " + server.token() + "\r\n",
                      R"({"url":")" + url + "\"}");
  }
  void register_receiver() {
    const auto made = post("http://127.0.0.1:" + told().at(0) + "/hook");
    ASSERT_EQ(made.status, 201) << made.body;
    std::ofstream(here.path() / "secret") << made.text("secret");
  }
  static std::string project() { return zip_of("\\documentclass{article}\\begin{document}told\\end{document}"); }

  temporary_folder here;
  std::optional<child> receiver;
};

TEST_F(Notices, AreTakenByTheOfficialPackage) {
  server.environment["TEXBUILD_ALLOW_PRIVATE_WEBHOOKS"] = "true";
  server.start();
  start_receiver(0);
  register_receiver();
  const auto id = server.accepted(project());
  ASSERT_TRUE(comes_true([&] { return told().size() > 1; }));
  EXPECT_THAT(told().at(1), HasSubstr("ok msg_"));
  EXPECT_THAT(told().at(1), HasSubstr(" build.completed " + id));
  EXPECT_TRUE(comes_true([&] {
    return server.get("/api/webhooks/endpoints").body.find("\"last_status\":204") != std::string::npos;
  })) << server.get("/api/webhooks/endpoints").body;
}

TEST_F(Notices, AreSentAgainAfterARefusalAndAKill) {
  server.environment["TEXBUILD_ALLOW_PRIVATE_WEBHOOKS"] = "true";
  server.start();
  start_receiver(1);
  register_receiver();
  const auto id = server.accepted(project());
  ASSERT_TRUE(comes_true([&] { return told().size() > 1; }));
  EXPECT_EQ(told().at(1), "refused");
  server.kill();
  server.start();
  ASSERT_TRUE(comes_true([&] { return told().size() > 2; }));
  EXPECT_THAT(told().at(2), HasSubstr("ok msg_"));
  EXPECT_THAT(told().at(2), HasSubstr(id));
}

TEST_F(Notices, GoToNoPrivateAddressUnlessTheServerIsSetToAllowIt) {
  server.start();
  for (const char* url : {"http://127.0.0.1:9/", "https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/"})
    EXPECT_EQ(post(url).status, 400) << url;
  EXPECT_EQ(post("https://example.com/hook").status, 201);
}

}  // namespace
