// The bot's loop against a Telegram that forgets what is confirmed, and nothing else.
#include "server/assistant/serving.hpp"

#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace {

using namespace texbuild;
using namespace texbuild::assistant;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace json = boost::json;

std::int64_t parameter(const std::string& url, const std::string& name) {
  return std::stoll(url.substr(url.find(name + "=") + name.size() + 1));
}

class Serving : public ::testing::Test {
 protected:
  ~Serving() override { threads_.join(); }

  result<http_response> answer(const http_request& r) {
    std::unique_lock lock(mutex_);
    const auto offset = parameter(r.url, "offset");
    const auto most = static_cast<std::size_t>(parameter(r.url, "limit"));
    offsets.push_back(offset);
    while (!queue.empty() && queue.front().first < offset && offset < 1000) queue.erase(queue.begin());
    http_response out;
    out.status = 200;
    if (most == 1 && failures-- > 0) {  // a confirmation
      out.status = 502;
      return out;
    }
    json::array list;
    for (const auto& [update, chat] : queue)
      if (list.size() < most)
        list.push_back(json::object{
            {"update_id", update},
            {"message", json::object{{"message_id", update}, {"chat", json::object{{"id", chat}}}, {"text", "t"}}}});
    // Polled again with nothing under way: the test is over.
    if (parameter(r.url, "timeout") > 0 && list.empty()) {
      if (later.empty()) {
        out.status = 401;
        out.body = R"({"ok":false,"error_code":401})";
        return out;
      }
      queue = std::exchange(later, {});
      lock.unlock();
      return answer(r);
    }
    out.body = json::serialize(json::object{{"ok", true}, {"result", list}});
    changed_.notify_all();
    return out;
  }

  void run() {
    telegram_api telegram("http://telegram", "1:a", http_, random_);
    pace rests;
    rests.while_answering = rests.first_pause = rests.longest_pause = 1ms;
    serve(
        telegram,
        [this](const incoming& m) {
          {
            const std::scoped_lock lock(mutex_);
            answered.push_back(m.update);
          }
          if (while_answering) while_answering(m);
        },
        [this](const std::string& line) { said.push_back(line); }, rests);
  }
  bool forgotten(std::int64_t update) {
    const std::scoped_lock lock(mutex_);
    return std::none_of(queue.begin(), queue.end(), [&](const auto& u) { return u.first == update; });
  }
  /// Until Telegram was asked that often again.
  void wait_for_polls(std::size_t more) {
    std::unique_lock lock(mutex_);
    const auto until = offsets.size() + more;
    changed_.wait(lock, [&] { return offsets.size() >= until; });
  }

  std::vector<std::pair<std::int64_t, std::int64_t>> queue;  // updates and their chats, at Telegram
  std::vector<std::pair<std::int64_t, std::int64_t>> later;  // what comes when there are none
  int failures = 0;
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> answered;
  std::vector<std::string> said;
  std::function<void(const incoming&)> while_answering;
  std::mutex mutex_;

 private:
  std::condition_variable changed_;
  boost::asio::thread_pool threads_{1};
  std::shared_ptr<http_client> http_ = std::make_shared<texbuild::testing::scripted_http>(
      threads_.get_executor(), [this](const http_request& r) { return answer(r); });
  std::shared_ptr<entropy> random_ = std::make_shared<texbuild::testing::fixed_entropy>(1);
};

TEST_F(Serving, LetsTelegramForgetAMessageOnlyWhenItIsAnswered) {
  later = {{7, 1}, {8, 2}, {9, 3}};
  while_answering = [this](const incoming& m) {
    if (m.update != 8) return;
    wait_for_polls(5);
    EXPECT_FALSE(forgotten(8));
    EXPECT_FALSE(forgotten(9));  // only what is before it can be forgotten
  };
  run();
  EXPECT_THAT(answered, ::testing::UnorderedElementsAre(7, 8, 9));
  EXPECT_TRUE(forgotten(9));
}

TEST_F(Serving, AnswersOneChatInItsOrderAndNothingTwice) {
  for (std::int64_t i = 1; i <= 300; ++i) later.emplace_back(i, 5);
  run();
  ASSERT_EQ(answered.size(), 300U);
  EXPECT_TRUE(std::is_sorted(answered.begin(), answered.end()));
}

TEST_F(Serving, AnswersWhatTheProcessBeforeItWasAt) {
  queue = {{7, 1}, {8, 2}};
  run();
  EXPECT_THAT(answered, ElementsAre(7, 8));
}

TEST_F(Serving, TriesNoMessageAThirdTimeThatEndsTheProgram) {
  queue = {{7, 1}, {8, 1}};
  while_answering = [](const incoming&) { throw std::runtime_error("the end"); };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_THAT(answered, ElementsAre(7));
  EXPECT_FALSE(forgotten(8));  // nobody tried that one
  EXPECT_THROW(run(), std::runtime_error);
  while_answering = nullptr;
  run();
  EXPECT_THAT(answered, ElementsAre(7, 8));
}

TEST_F(Serving, AnswersNothingOldBeforeTelegramHasForgottenIt) {
  queue = {{7, 1}};
  while_answering = [this](const incoming&) {
    EXPECT_TRUE(forgotten(7));
    EXPECT_LT(failures, 0);
  };
  failures = 3;
  run();
  EXPECT_THAT(answered, ElementsAre(7));
  EXPECT_THAT(said, ::testing::SizeIs(4));  // and that the token is refused
}

TEST_F(Serving, GoesOnWhenTelegramNumbersAnewFromBelow) {
  later = {{1000, 1}};
  while_answering = [this](const incoming& m) {
    if (m.update != 1000) return;
    const std::scoped_lock lock(mutex_);
    queue.clear();
    later = {{3, 1}};
  };
  run();
  EXPECT_THAT(answered, ElementsAre(1000, 3));
}

TEST_F(Serving, EndsWhenTheTokenIsRefused) {
  run();
  EXPECT_THAT(answered, IsEmpty());
}

}  // namespace
