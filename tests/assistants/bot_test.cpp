// What the bot says to whatever it is sent; Telegram and the server are functions.
#include "server/assistant/bot.hpp"

#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>

#include <algorithm>

namespace {

using namespace texbuild;
using namespace texbuild::assistant;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
namespace json = boost::json;

TEST(InMessages, CutsAtLineEndsAndBlanksAndNeverWithinACharacter) {
  EXPECT_THAT(in_messages("", 10), SizeIs(0));
  EXPECT_THAT(in_messages("short", 10), ElementsAre("short"));
  EXPECT_THAT(in_messages("one two\nthree four", 12), ElementsAre("one two", "three four"));
  EXPECT_THAT(in_messages("one two three", 8), ElementsAre("one two", "three"));
  EXPECT_THAT(in_messages("äöüäöü", 5), ElementsAre("äö", "üä", "öü"));
}

class Bot : public ::testing::Test {
 protected:
  ~Bot() override { threads_.join(); }
  result<http_response> answer(const http_request& r) {
    asked.push_back(r);
    http_response out;
    out.status = 200;
    out.body = R"({"ok":true,"result":{"file_path":"documents/f"}})";
    if (!r.url.starts_with("http://here") && !r.url.ends_with("/sendChatAction") && !troubles.empty()) {
      out.status = troubles.back();
      out.body = out.status == 200 ? "<html>" : R"({"ok":false,"parameters":{"retry_after":0}})";
      troubles.pop_back();
    }
    if (r.url.starts_with("http://here")) {
      out.status = server_status;
      out.body = server_body;
    }
    return out;
  }
  std::string last_said() const {
    for (auto at = asked.rbegin(); at != asked.rend(); ++at)
      if (at->url.ends_with("/sendMessage")) return std::string(json::parse(at->body).at("text").as_string());
    return {};
  }
  void hear(const std::string& text, sent_file file = {}) {
    incoming m;
    m.chat = 1;
    m.text = text;
    m.file = std::move(file);
    bot_.answer(m);
  }

  int server_status = 200;
  std::string server_body = R"({"choices":[{"message":{"role":"assistant","content":"Hello back."}}]})";
  std::vector<http_request> asked;
  std::vector<int> troubles;  // of Telegram, the last one first

 private:
  boost::asio::thread_pool threads_{1};
  std::shared_ptr<http_client> http_ = std::make_shared<texbuild::testing::scripted_http>(
      threads_.get_executor(), [this](const http_request& r) { return answer(r); });
  std::shared_ptr<entropy> random_ = std::make_shared<texbuild::testing::fixed_entropy>(1);
  telegram_api telegram_{"http://telegram", "1:a", http_, random_};
  server_api server_{"http://here", "tba_key", "m", http_, random_};
  bot bot_{telegram_, server_, std::chrono::milliseconds(0)};
};

TEST_F(Bot, GreetsWithoutAskingTheModel) {
  hear("/start");
  EXPECT_THAT(last_said(), HasSubstr(".tex"));
  EXPECT_THAT(asked, SizeIs(1));
}

TEST_F(Bot, AnswersThroughTheServerWithItsOwnKey) {
  hear("Hello!");
  EXPECT_EQ(last_said(), "Hello back.");
  const auto& call = asked[1];
  EXPECT_EQ(call.url, "http://here/api/chat");
  EXPECT_EQ(call.headers.front().second, "Bearer tba_key");
  hear("And again");
  const auto messages = json::parse(asked[asked.size() - 2].body).at("messages").as_array();
  EXPECT_THAT(messages, SizeIs(4));  // who it is, and the conversation
}

TEST_F(Bot, SendsItsAnswerAgainWhileTelegramIsInTrouble) {
  const auto times_said = [&] {
    return std::count_if(asked.begin(), asked.end(), [](const auto& r) { return r.url.ends_with("/sendMessage"); });
  };
  troubles = {200, 500, 302};
  hear("Hello!");
  EXPECT_EQ(times_said(), 4);
  EXPECT_EQ(std::count_if(asked.begin(), asked.end(), [](const auto& r) { return r.url.ends_with("/api/chat"); }), 1);
  asked.clear();
  troubles = {403};  // they have left the chat
  hear("Hello!");
  EXPECT_EQ(times_said(), 1);
  asked.clear();
  troubles.assign(100, 502);
  hear("Hello!");
  EXPECT_EQ(times_said(), 6);
}

TEST_F(Bot, ForgetsTheBeginningOfALongConversation) {
  for (int i = 0; i < 30; ++i) hear(std::string(2000, 'x'));
  EXPECT_LT(asked[asked.size() - 2].body.size(), 20'000U);
}

TEST_F(Bot, SaysWhatIsWrongInWordsForPeople) {
  server_status = 402;
  server_body = R"({"code":"payment_required","message":"Payment required","details":"the credit is used up"})";
  hear("Hello!");
  EXPECT_EQ(last_said(), "The credit of this assistant is used up.");
  server_status = 500;
  server_body = "<html>";
  hear("Hello!");
  EXPECT_THAT(last_said(), HasSubstr("Something went wrong"));
  sent_file picture;
  picture.id = "f";
  picture.name = "cat.jpg";
  hear("", picture);
  EXPECT_THAT(last_said(), HasSubstr(".zip"));
  picture.name = "big.zip";
  picture.bytes = 30 << 20;
  hear("", picture);
  EXPECT_THAT(last_said(), HasSubstr("20 MB"));
}

}  // namespace
