#include "server/config.hpp"

#include "tests/auth/tokens.hpp"
#include "tests/build/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
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
  EXPECT_EQ(s.engine.result_cache_bytes, 2048ULL << 20);
  EXPECT_TRUE(s.engine.keep_state && s.engine.count_cached);
  const auto off =
      read({"--dev", "--result-cache=0", "--keep-state=false", "--count-cached-builds", "no", "--parked-memory=0"})
          .value();
  EXPECT_EQ(off.engine.result_cache_bytes, 0U);
  EXPECT_FALSE(off.engine.keep_state || off.engine.count_cached);
  EXPECT_EQ(off.engine.parked_bytes, 0U);
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

TEST(Settings, NameTheServicesOfThePlatform) {
  const variables set = {{"POLAR_ACCESS_TOKEN", "polar_oat_1"},
                         {"POLAR_API_URL", "http://localhost:1/v1/"},
                         {"POLAR_WEBHOOK_SECRET", "whsec_x"},
                         {"POLAR_PRODUCT_ID_PRO", "product"},
                         {"TEXBUILD_MODELS", "a, b"},
                         {"TEXBUILD_CHECKOUT_SUCCESS_URL", "https://shop.example/ok"},
                         {"AKASHML_KEY", "k"},
                         {"AKASHML_BASE_URL", "http://localhost:2/v1"},
                         {"TELEGRAM_API_URL", "http://localhost:3"},
                         {"TEXBUILD_PUBLIC_URL", "https://tex.example/"},
                         {"TEXBUILD_ASSISTANT_PROGRAM", "/opt/assistant"},
                         {"CLERK_WEBHOOK_SECRET", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}};
  const auto s = read({"--dev"}, set).value();
  ASSERT_TRUE(s.shop.polar.has_value());
  EXPECT_EQ(s.shop.polar->access_token, "polar_oat_1");
  EXPECT_EQ(s.shop.polar->api_url, "http://localhost:1");
  EXPECT_EQ(s.shop.webhook_secret, "whsec_x");
  EXPECT_EQ(s.shop.tiers.at(1).polar_product, "product");
  EXPECT_THAT(s.shop.models, ElementsAre("a", "b"));
  EXPECT_EQ(s.shop.success_url, "https://shop.example/ok");
  EXPECT_EQ(s.chat.key, "k");
  EXPECT_EQ(s.chat.upstream, "http://localhost:2");
  EXPECT_EQ(s.bots.telegram_url, "http://localhost:3");
  EXPECT_EQ(s.public_url, "https://tex.example");
  EXPECT_EQ(s.assistant_program, "/opt/assistant");
  EXPECT_FALSE(s.accounts.webhook_secret.empty());
  EXPECT_FALSE(read({"--dev"}).value().shop.polar.has_value());
  EXPECT_THAT(fault({"--dev"}, {{"CLERK_WEBHOOK_SECRET", "?"}}), HasSubstr("CLERK_WEBHOOK_SECRET"));
  EXPECT_THAT(fault({"--dev"}, {{"POLAR_API_URL", "polar"}}), HasSubstr("POLAR_API_URL"));
  EXPECT_THAT(fault({"--dev"}, {{"TEXBUILD_SECRET_KEY", "short"}}), HasSubstr("32 bytes"));
  EXPECT_THAT(fault({"--dev"}, {{"TEXBUILD_SECRET_KEY_PREVIOUS", std::string(32, 'x')}}),
              HasSubstr("TEXBUILD_SECRET_KEY"));
}

TEST(Settings, RunAssistantsAtAkashWhenItsKeyIsSet) {
  variables set = {{"AKASH_API_KEY", "k"}};
  EXPECT_THAT(fault({"--dev"}, set), HasSubstr("TEXBUILD_ASSISTANT_IMAGE"));
  set["TEXBUILD_ASSISTANT_IMAGE"] = "registry.example/assistant:1";
  EXPECT_THAT(fault({"--dev"}, set), HasSubstr("TEXBUILD_PUBLIC_URL"));
  set["TEXBUILD_PUBLIC_URL"] = "https://tex.example";
  set["AKASH_CONSOLE_API_URL"] = "http://localhost:4";
  const auto s = read({"--dev"}, set).value();
  EXPECT_EQ(s.akash.api_key, "k");
  EXPECT_EQ(s.akash.api_url, "http://localhost:4");
  EXPECT_EQ(s.akash.deposit_dollars, 5);
  EXPECT_EQ(s.akash.denom, "uact");
  EXPECT_EQ(s.akash.most_per_block, 100U);
}

TEST(Settings, BoundWhatAnAssistantAtAkashMayCost) {
  const auto s =
      read({"--dev"}, {{"AKASH_DEPOSIT", "7"}, {"AKASH_MAX_PRICE", "2500"}, {"AKASH_DENOM", "uakt"}}).value();
  EXPECT_EQ(s.akash.deposit_dollars, 7);
  EXPECT_EQ(s.akash.most_per_block, 2500U);
  EXPECT_EQ(s.akash.denom, "uakt");
  EXPECT_THAT(fault({"--dev"}, {{"AKASH_DEPOSIT", "0"}}), HasSubstr("AKASH_DEPOSIT"));
  EXPECT_THAT(fault({"--dev"}, {{"AKASH_MAX_PRICE", "a lot"}}), HasSubstr("AKASH_MAX_PRICE"));
  EXPECT_THAT(fault({"--dev"}, {{"AKASH_DENOM", "u akt\n"}}), HasSubstr("AKASH_DENOM"));
}

TEST(Settings, LetInngestRunFunctions) {
  const auto s = read({"--dev"}, {{"INNGEST_DEV", "http://localhost:8288"}, {"INNGEST_EVENT_KEY", "e"}}).value();
  EXPECT_TRUE(s.inngest.dev);
  EXPECT_EQ(s.inngest.api_origin, "http://localhost:8288");
  EXPECT_EQ(s.inngest.event_key, "e");
  EXPECT_EQ(read({"--dev"}, {{"INNGEST_SIGNING_KEY", "signkey-prod-1234"}}).value().inngest.signing_key,
            "signkey-prod-1234");
  EXPECT_FALSE(read({"--dev"}).value().inngest.dev);
}

TEST(Settings, LetInngestRunFunctionsUnsignedForThisMachineOnly) {
  EXPECT_THAT(fault({"--listen", "0.0.0.0:9000"}, {{"INNGEST_DEV", "1"}, {"CLERK_ISSUER", "https://c.example"}}),
              HasSubstr("INNGEST_DEV"));
  const auto s = read({"--dev"}, {{"TEXBUILD_PUBLIC_URL", "https://tex.example/"}}).value();
  EXPECT_EQ(s.inngest.serve_origin, "https://tex.example");
}

}  // namespace
