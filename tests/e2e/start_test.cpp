// How the server starts, and how it says that it cannot.
#include "tests/e2e/real_server.hpp"

#include <algorithm>

namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;
using namespace texbuild_test;

using Start = RealServer;

auto lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

TEST_F(Start, TellsHelpAndVersion) {
  const auto help = server.try_start({"--help"});
  EXPECT_EQ(help.exit, 0);
  for (const char* setting :
       {"--dev", "--listen", "--data-dir", "--database-url", "--workers", "--allow-shell-escape", "--build-timeout",
        "--signing-key", "--signing-key-previous", "--log", "--clerk-issuer", "--clerk-jwks-url", "--clerk-jwt-key",
        "--clerk-authorized-parties", "--clerk-secret-key", "--clerk-api-url", "TEXBUILD_LISTEN", "127.0.0.1:9000"})
    EXPECT_THAT(help.out, HasSubstr(setting));
  EXPECT_THAT(help.err, IsEmpty());
  const auto version = server.try_start({"--version"});
  EXPECT_EQ(version.exit, 0);
  EXPECT_THAT(version.out, MatchesRegex("texbuild-server [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(Start, SaysWhichSettingIsWrong) {
  const auto data = server.data().string();
  struct {
    std::vector<std::string> arguments;
    variables with;
    std::string named;
  } const wrong[] = {
      {{"--dev", "--listen", "nonsense"}, {}, "--listen"},
      {{"--dev", "--listen", "127.0.0.1:99999"}, {}, "--listen"},
      {{"--dev", "--listen", "127.0.0.1"}, {}, "--listen"},
      {{"--dev"}, {{"TEXBUILD_LISTEN", "localhost:x"}}, "TEXBUILD_LISTEN"},
      {{"--dev", "--listen", "0.0.0.0:0"}, {}, "--listen"},
      {{"--dev", "--listen", "[::]:0"}, {}, "--listen"},
      {{"--dev", "--listen", "192.0.2.1:0"}, {}, "--listen"},
      {{"--dev", "--workers", "0"}, {}, "--workers"},
      {{"--dev", "--workers", "-1"}, {}, "--workers"},
      {{"--dev", "--workers", "many"}, {}, "--workers"},
      {{"--dev"}, {{"TEXBUILD_BUILD_TIMEOUT", "0"}}, "TEXBUILD_BUILD_TIMEOUT"},
      {{"--dev", "--build-timeout", "5m"}, {}, "--build-timeout"},
      {{"--dev"}, {{"TEXBUILD_ALLOW_SHELL_ESCAPE", "perhaps"}}, "TEXBUILD_ALLOW_SHELL_ESCAPE"},
      {{"--dev", "--signing-key", "short"}, {}, "--signing-key"},
      {{"--dev"}, {{"TEXBUILD_SIGNING_KEY_PREVIOUS", std::string(32, 'x')}}, "TEXBUILD_SIGNING_KEY_PREVIOUS"},
      {{"--dev", "--log", "loud"}, {}, "--log"},
      {{"--dev"}, {{"TEXBUILD_DATABASE_URL", "mysql://x"}}, "TEXBUILD_DATABASE_URL"},
      {{"--dev"}, {{"TEXBUILD_CREATED_STATUS", "204"}}, "TEXBUILD_CREATED_STATUS"},
      {{"--dev", "--no-such-setting"}, {}, "no-such-setting"},
      {{"--dev", "stray"}, {}, ""},
      {{"--dev"}, {{"CLERK_JWKS_URL", "ftp://x"}}, "CLERK_JWKS_URL"},
      {{"--listen", "127.0.0.1:0"}, {}, "CLERK_ISSUER"},
      {{"--listen", "127.0.0.1:0"}, {{"CLERK_JWT_KEY", "no key"}}, "CLERK_JWT_KEY"},
      {{"--listen", "127.0.0.1:0"}, {{"CLERK_ISSUER", "clerk.example.com"}}, "CLERK_ISSUER"},
  };
  for (const auto& w : wrong) {
    auto arguments = w.arguments;
    arguments.insert(arguments.end(), {"--data-dir", data});
    const auto said = server.try_start(arguments, w.with);
    const auto which = ::testing::PrintToString(w.arguments) + ::testing::PrintToString(w.with);
    EXPECT_EQ(said.exit, 2) << which << said.err;
    EXPECT_EQ(lines_of(said.err), 1) << which << said.err;
    EXPECT_THAT(said.err, HasSubstr(w.named)) << which;
    EXPECT_THAT(said.out, IsEmpty()) << which;
  }
}

TEST_F(Start, RefusesAPortThatIsTaken) {
  server.start();
  const auto port = std::to_string(server.port());
  const auto other = (server.folder() / "other").string();
  const auto said = server.try_start({"--dev", "--listen", "127.0.0.1:" + port, "--data-dir", other});
  EXPECT_EQ(said.exit, 1);
  EXPECT_EQ(lines_of(said.err), 1) << said.err;
  EXPECT_THAT(said.err, AllOf(HasSubstr(port), HasSubstr("in use")));
  EXPECT_FALSE(std::filesystem::exists(other));
  EXPECT_EQ(server.get("/healthz").status, 200);
}

TEST_F(Start, RefusesAFolderThatAnotherServerHas) {
  server.start();
  const auto said = server.try_start({"--dev", "--listen", "127.0.0.1:0", "--data-dir", server.data().string()});
  EXPECT_EQ(said.exit, 1);
  EXPECT_EQ(lines_of(said.err), 1) << said.err;
  EXPECT_THAT(said.err, AllOf(HasSubstr(server.data().string()), HasSubstr("stop it")));
  // The first one is not disturbed.
  EXPECT_EQ(server.ended(server.accepted(paper_zip())).text("status"), "completed");
  // And its folder is free again when it has gone, however it went.
  server.kill();
  server.start();
  EXPECT_EQ(server.list().size(), 1U);
}

TEST_F(Start, RefusesAFolderThatCannotBeOne) {
  const auto file = server.folder() / "file";
  write_file(file, "x");
  const auto said = server.try_start({"--dev", "--listen", "127.0.0.1:0", "--data-dir", file.string()});
  EXPECT_THAT(said.exit, AnyOf(1, 2));
  EXPECT_EQ(lines_of(said.err), 1) << said.err;
  EXPECT_THAT(said.err, HasSubstr(file.string()));
}

TEST_F(Start, GreetsADeveloperLoudlyWithAReadyToken) {
  server.start();
  EXPECT_TRUE(comes_true([&] { return server.out().find("curl") != std::string::npos; }));
  const auto said = server.out();
  EXPECT_THAT(said, AllOf(HasSubstr("DEVELOPMENT"), HasSubstr("token: " + server.token()),
                          HasSubstr("http://127.0.0.1:" + std::to_string(server.port()))));
  EXPECT_EQ(server.get("/api/build").status, 200);
  EXPECT_THAT(server.err(), Not(HasSubstr(server.token())));
  for (const auto* secret : {"dev-issuer.pem", "signing.key", "texbuild.db"})
    EXPECT_EQ(std::filesystem::status(server.data() / secret).permissions() & std::filesystem::perms::others_all,
              std::filesystem::perms::none)
        << secret;
  // The token outlives the server.
  const auto token = server.token();
  EXPECT_EQ(server.stop(), 0);
  server.start();
  EXPECT_EQ(server.as("GET", "/api/build", token).status, 200);
}

TEST_F(Start, TakesItsSettingsFromVariablesToo) {
  server.arguments = {};
  server.environment = {{"TEXBUILD_DEV", "true"},
                        {"TEXBUILD_WORKERS", "1"},
                        {"TEXBUILD_CREATED_STATUS", "200"},
                        {"TEXBUILD_ALLOW_SHELL_ESCAPE", "1"},
                        {"TEXBUILD_LOG", "off"}};
  server.start();
  ASSERT_TRUE(comes_true([&] { return !server.token().empty(); }));
  const auto created = server.upload(zip_of(document("\\immediate\\write18{echo shell > said.tex}\\input{said}")),
                                     {{"shell_escape", "true"}});
  EXPECT_EQ(created.status, 200) << created.body;
  const auto id = created.text("id");
  EXPECT_EQ(server.ended(id).text("status"), "completed");
  EXPECT_THAT(text_of(server.pdf(id).body), HasSubstr("shell"));
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(Start, IsAliveAndReady) {
  server.start();
  EXPECT_EQ(server.ask("GET", "/healthz").status, 200);
  const auto ready = server.ask("GET", "/readyz");
  EXPECT_EQ(ready.status, 200) << ready.body;
}

}  // namespace
