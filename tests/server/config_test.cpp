#include "server/config.hpp"

#include "tests/auth/tokens.hpp"
#include "tests/build/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using texbuild::errc;
using texbuild::result;
using namespace texbuild::server;

using variables = std::map<std::string, std::string>;

result<settings> read(const std::vector<std::string>& arguments, const variables& set = {}) {
  std::optional<shown_text> shown;
  return read_settings(
      arguments,
      [&](const std::string& name) {
        const auto found = set.find(name);
        return found == set.end() ? std::string() : found->second;
      },
      shown);
}

std::string fault(const std::vector<std::string>& arguments, const variables& set = {}) {
  const auto s = read(arguments, set);
  if (s) return "";
  EXPECT_EQ(s.error().code(), errc::invalid_input);
  return s.error().detail();
}

TEST(Settings, HaveTheDocumentedDefaults) {
  const auto s = read({"--dev"}).value();
  EXPECT_EQ(s.address, "127.0.0.1");
  EXPECT_EQ(s.port, 9000);
  EXPECT_EQ(s.engine.limits.wall, std::chrono::minutes(5));
  EXPECT_EQ(s.engine.project.zip_bytes, 100ULL << 20);
  EXPECT_FALSE(s.engine.allow_shell_escape);
  EXPECT_EQ(s.created_status, 201);
  EXPECT_TRUE(s.warm_fonts);
  EXPECT_FALSE(read({"--dev", "--warm-fonts=false"}).value().warm_fonts);
  EXPECT_FALSE(s.data_dir.empty());
}

TEST(Settings, ComeFromFlagsOrVariablesOfTheSameName) {
  const variables set = {{"TEXBUILD_LISTEN", "[::1]:8000"},
                         {"TEXBUILD_WORKERS", "3"},
                         {"TEXBUILD_DATA_DIR", "/data"},
                         {"TEXBUILD_ALLOW_SHELL_ESCAPE", "on"},
                         {"CLERK_ISSUER", "https://clerk.example/"},
                         {"CLERK_AUTHORIZED_PARTIES", "https://a.example, https://b.example"},
                         {"TEXBUILD_BUILD_TIMEOUT", ""}};
  const auto s = read({"--workers=4", "--build-timeout", "60"}, set).value();
  EXPECT_EQ(s.address, "::1");
  EXPECT_EQ(s.port, 8000);
  EXPECT_EQ(s.engine.workers, 4U);
  EXPECT_EQ(s.engine.data_folder, "/data");
  EXPECT_TRUE(s.engine.allow_shell_escape);
  EXPECT_EQ(s.engine.limits.wall, std::chrono::seconds(60));
  EXPECT_EQ(s.sessions.policy.issuer, "https://clerk.example");
  EXPECT_EQ(s.sessions.jwks_url, "https://clerk.example/.well-known/jwks.json");
  EXPECT_THAT(s.sessions.policy.authorized_parties, ElementsAre("https://a.example", "https://b.example"));
}

TEST(Settings, FindTheKeysOfSessions) {
  const auto pem = texbuild_test::pem_of(texbuild_test::rsa_key::common().spki(), "\\n");
  EXPECT_EQ(read({}, {{"CLERK_JWT_KEY", pem}}).value().sessions.pem, pem);
  EXPECT_EQ(read({}, {{"CLERK_JWKS_URL", "http://x/keys"}}).value().sessions.jwks_url, "http://x/keys");
  const auto backend =
      read({}, {{"CLERK_SECRET_KEY", "sk_test_1"}, {"CLERK_API_URL", "http://localhost:1/v1/"}}).value();
  EXPECT_EQ(backend.sessions.jwks_url, "http://localhost:1/v1/jwks");
  EXPECT_EQ(backend.sessions.bearer, "sk_test_1");
}

TEST(Settings, SayWhatIsSoldAndHow) {
  const auto s = read({"--dev"}, {{"RAZORPAY_KEY_ID", "rzp_test_1"},
                                  {"RAZORPAY_KEY_SECRET", "secret"},
                                  {"RAZORPAY_WEBHOOK_SECRET", "now, with a comma"},
                                  {"RAZORPAY_WEBHOOK_SECRET_PREVIOUS", "before"},
                                  {"RAZORPAY_API_URL", "http://localhost:1/v1/"},
                                  {"RAZORPAY_PLAN_PRO", "plan_1"}})
                     .value();
  EXPECT_EQ(s.billing.razorpay->key_id, "rzp_test_1");
  EXPECT_EQ(s.billing.razorpay->api_url, "http://localhost:1");
  EXPECT_THAT(s.billing.webhook_secrets, ElementsAre("now, with a comma", "before"));
  EXPECT_EQ(s.billing.plans.find("pro")->razorpay_plan, "plan_1");
  EXPECT_EQ(s.engine.plans.find("pro")->razorpay_plan, "plan_1");
  EXPECT_FALSE(read({"--dev"}).value().billing.razorpay);
}

TEST(Settings, ReadPlansFromAFile) {
  const temporary_folder folder;
  const auto with = [&](const std::string& text) {
    write_file(folder.path() / "plans.json", text);
    return read({"--dev", "--plans", (folder.path() / "plans.json").string()});
  };
  const auto s =
      with(R"({"plans":[{"name":"free","monthly_builds":7,"concurrent_builds":1,"storage_gb":0.5}]})").value();
  EXPECT_EQ(s.engine.plans.free().monthly_builds, 7);
  EXPECT_THAT(with(R"({"plans":[{"name":"free"}]})").error().detail(), HasSubstr("monthly_builds"));
  EXPECT_THAT(with("{").error().detail(), HasSubstr("TEXBUILD_PLANS"));
  EXPECT_THAT(fault({"--dev", "--plans=/nowhere.json"}), HasSubstr("cannot be read"));
}

TEST(Settings, NameTheSettingThatIsWrong) {
  EXPECT_THAT(fault({"--dev"}, {{"RAZORPAY_KEY_ID", "rzp_test_1"}}), HasSubstr("RAZORPAY_KEY_SECRET"));
  EXPECT_THAT(fault({"--dev", "--razorpay-api-url=x"}), HasSubstr("RAZORPAY_API_URL"));
  EXPECT_THAT(fault({"--dev", "--trusted-proxies=proxy.example"}), HasSubstr("TRUSTED_PROXIES"));
  EXPECT_THAT(fault({}), HasSubstr("CLERK_ISSUER"));
  EXPECT_THAT(fault({"--dev", "--listen=nowhere"}), HasSubstr("TEXBUILD_LISTEN"));
  EXPECT_THAT(fault({"--dev", "--listen=127.0.0.1:70000"}), HasSubstr("TEXBUILD_LISTEN"));
  EXPECT_THAT(fault({"--dev", "--listen=0.0.0.0:9000"}), HasSubstr("loopback"));
  EXPECT_THAT(fault({"--dev"}, {{"TEXBUILD_WORKERS", "0"}}), HasSubstr("TEXBUILD_WORKERS"));
  EXPECT_THAT(fault({"--dev", "--build-timeout=x"}), HasSubstr("--build-timeout"));
  EXPECT_THAT(fault({"--dev", "--signing-key=short"}), HasSubstr("32 bytes"));
  EXPECT_THAT(fault({"--dev", "--signing-key-previous=" + std::string(32, 'k')}), HasSubstr("SIGNING_KEY"));
  EXPECT_THAT(fault({"--dev", "--created-status=204"}), HasSubstr("CREATED_STATUS"));
  EXPECT_THAT(fault({"--dev", "--log=loud"}), HasSubstr("TEXBUILD_LOG"));
  EXPECT_THAT(fault({"--dev", "--allow-shell-escape=perhaps"}), HasSubstr("SHELL_ESCAPE"));
  EXPECT_THAT(fault({"--clerk-issuer=clerk.example"}), HasSubstr("https://"));
  EXPECT_THAT(fault({}, {{"CLERK_JWT_KEY", "no key"}}), HasSubstr("CLERK_JWT_KEY"));
  EXPECT_THAT(fault({"--dev", "--database-url=mysql://x"}), HasSubstr("DATABASE_URL"));
  EXPECT_THAT(fault({"--nonsense"}), HasSubstr("nonsense"));
  EXPECT_THAT(fault({"stray"}), HasSubstr("--help"));
}

TEST(Settings, ShowHelpThatListsThemAll) {
  std::optional<shown_text> shown;
  ASSERT_TRUE(read_settings(
      {"--help"}, [](const std::string&) { return std::string(); }, shown));
  for (const char* flag : {"--listen", "--data-dir", "--workers", "--signing-key-previous", "--clerk-jwt-key", "--dev"})
    EXPECT_THAT(shown.value().text, HasSubstr(flag));
}

}  // namespace
