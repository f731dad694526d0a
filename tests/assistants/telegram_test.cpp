#include "src/assistants/telegram.hpp"

#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>

namespace {

using namespace texbuild;
using ::testing::HasSubstr;
using ::testing::Not;

result<std::string> ask(int status, const std::string& body, std::vector<http_request>* asked = nullptr) {
  boost::asio::thread_pool threads(1);
  texbuild::testing::scripted_http http(threads.get_executor(), [&](const http_request& r) -> result<http_response> {
    if (asked != nullptr) asked->push_back(r);
    if (status == 0) return error(errc::unavailable, "connect to bot123:secret failed", "bot123:secret");
    http_response out;
    out.status = status;
    out.body = body;
    return out;
  });
  auto said = bots::ask_telegram(http, "https://api.telegram.org/", "123:secret", std::chrono::seconds(1));
  threads.join();
  return said;
}

constexpr const char* good = R"({"ok":true,"result":{"id":123,"is_bot":true,"first_name":"D","username":"demo_bot"}})";

TEST(AskTelegram, TellsTheBotsName) {
  std::vector<http_request> asked;
  EXPECT_EQ(ask(200, good, &asked).value(), "demo_bot");
  EXPECT_EQ(asked.front().url, "https://api.telegram.org/bot123:secret/getMe");
}

TEST(AskTelegram, SaysForGoodThatATokenIsRefused) {
  for (const int status : {401, 404}) EXPECT_EQ(ask(status, R"({"ok":false})").error().code(), errc::forbidden);
  EXPECT_EQ(ask(200, R"({"ok":true,"result":{"id":124,"is_bot":true}})").error().code(), errc::forbidden);
  EXPECT_EQ(ask(200, R"({"ok":true,"result":{"id":123,"is_bot":false}})").error().code(), errc::forbidden);
}

TEST(AskTelegram, TakesEverythingElseForATroubleThatPasses) {
  for (const int status : {429, 500, 502})
    EXPECT_EQ(ask(status, "<html>").error().code(), errc::provider_error) << status;
  EXPECT_EQ(ask(200, "<html>").error().code(), errc::provider_error);
  EXPECT_EQ(ask(404, "<html>").error().code(), errc::provider_error);  // a proxy's
  EXPECT_EQ(ask(200, R"({"ok":false})").error().code(), errc::provider_error);
  EXPECT_EQ(ask(0, "").error().code(), errc::unavailable);
}

TEST(AskTelegram, ShowsNoTokenInAnError) {
  for (const int status : {0, 401, 500}) {
    const auto e = ask(status, "123:secret").error();
    EXPECT_THAT(e.detail() + e.cause(), Not(HasSubstr("secret"))) << status;
  }
}

TEST(AskTelegram, TakesNoNameThatDoesNotBelongIntoALink) {
  EXPECT_EQ(ask(200, R"({"ok":true,"result":{"id":123,"is_bot":true,"username":"a/../b?x"}})").value(), "");
  EXPECT_EQ(ask(200, R"({"ok":true,"result":{"id":123,"is_bot":true}})").value(), "");
}

}  // namespace
