// OpenAI's official client as a peer of /api/chat.
#include "tests/server/chat_server.hpp"

#include <array>
#include <cstdio>

namespace {

using namespace texbuild_test;
using ::testing::HasSubstr;
using ::testing::Not;

std::string output_of(const std::string& command) {
  std::string out;
  auto* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> part{};
  for (std::size_t n = 0; (n = std::fread(part.data(), 1, part.size(), pipe)) > 0;) out.append(part.data(), n);
  if (::pclose(pipe) != 0) out += " (failed)";
  return out;
}

struct OpenAiClient : ChatServer {
  static void SetUpTestSuite() {
    ASSERT_EQ(output_of("/bin/bash '" TEXBUILD_SOURCE_DIR "/tests/sdk/packages.sh' '" TEXBUILD_SDK "'"), "");
  }
  boost::json::object run(const std::string& what) {
    const auto token = issuer->token("ann", time->now(), std::chrono::hours(1)).value();
    const auto out = output_of("TEXBUILD_SDK='" TEXBUILD_SDK "' node '" TEXBUILD_SOURCE_DIR
                               "/tests/sdk/openai_client.js' 'http://127.0.0.1:" +
                               std::to_string(door->port()) + "/api' '" + token + "' " + what);
    boost::system::error_code failed;
    const auto value = boost::json::parse(out, failed);
    EXPECT_FALSE(failed) << out;
    return failed ? boost::json::object() : value.as_object();
  }
};

constexpr const char* whole =
    R"({"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}})";
constexpr const char* hel = R"({"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]})";
constexpr const char* lo = R"({"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]})";
constexpr const char* told = R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}})";

TEST_F(OpenAiClient, ReadsAWholeAnswerAtBothAddresses) {
  service = [](caller& c) { c.answer(200, whole); };
  start();
  const auto seen = run("plain");
  EXPECT_EQ(seen.at("content").as_string(), "Hello.");
  EXPECT_EQ(seen.at("usage").at("total_tokens").to_number<int>(), 15);
  EXPECT_EQ(seen.at("id").as_string(), "inf-1");
  EXPECT_EQ(run("documented").at("content").as_string(), "Hello.");
  EXPECT_EQ(charged(2).size(), 2U);
}

TEST_F(OpenAiClient, ReadsAStreamAndItsUsageWhenItAsksForThat) {
  service = [](caller& c) {
    c.stream_head();
    for (const auto* event : {hel, lo, told, "[DONE]"}) c.event(event);
  };
  start();
  const auto seen = run("stream");
  EXPECT_EQ(seen.at("content").as_string(), "Hello");
  EXPECT_EQ(seen.at("chunks").to_number<int>(), 2);
  EXPECT_EQ(seen.at("finish").as_string(), "stop");
  EXPECT_TRUE(seen.at("usage").is_null());
  const auto more = run("usage");
  EXPECT_EQ(more.at("chunks").to_number<int>(), 3);
  EXPECT_EQ(more.at("usage").at("completion_tokens").to_number<int>(), 3);
  for (const auto& [id, charge] : charged(2)) EXPECT_EQ(charge.completion_tokens, 3U);
}

TEST_F(OpenAiClient, SeesThatAStreamWasLost) {
  service = [](caller& c) {
    c.stream_head();
    c.event(hel);
  };
  start();
  const auto seen = run("stream");
  EXPECT_EQ(seen.at("error").as_string(), "APIError");
  EXPECT_EQ(seen.at("code").as_string(), "upstream_disconnected");
}

TEST_F(OpenAiClient, EndsTheRequestWhenItLeaves) {
  service = [](caller& c) {
    c.stream_head();
    c.event(hel);
    c.wait_until_gone();
  };
  start();
  EXPECT_EQ(run("leave").at("content").as_string(), "Hel");
  EXPECT_TRUE(charged(1).begin()->second.estimated);
}

TEST_F(OpenAiClient, ShowsOurErrorsAsItsOwn) {
  service = [](caller& c) { c.answer(402, R"({"error":{"message":"our account"}})"); };
  start();
  balance = 0;
  const auto poor = run("plain");
  EXPECT_EQ(poor.at("status").to_number<int>(), 402);
  EXPECT_EQ(poor.at("type").as_string(), "insufficient_quota");
  EXPECT_EQ(poor.at("code").as_string(), "insufficient_credits");
  EXPECT_THAT(std::string(poor.at("message").as_string()), HasSubstr("nothing is left"));
  balance = 1'000'000;
  per_hour = 50;
  EXPECT_EQ(run("stream").at("error").as_string(), "RateLimitError");
  per_hour = 100'000;
  const auto ours = run("plain");
  EXPECT_EQ(ours.at("error").as_string(), "InternalServerError");
  EXPECT_THAT(std::string(ours.at("message").as_string()), Not(HasSubstr("our account")));
  EXPECT_EQ(model->requests(), 1);  // told not to try again
}

TEST_F(OpenAiClient, TriesAgainWhenTheServiceIsOnlyBusy) {
  std::atomic<int> asked = 0;
  service = [&](caller& c) { ++asked == 1 ? c.answer(503, "") : c.answer(200, whole); };
  start();
  EXPECT_EQ(run("plain").at("content").as_string(), "Hello.");
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(charged(1).size(), 1U);
}

}  // namespace
