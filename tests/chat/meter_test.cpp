// What a request costs, whatever happens to it: reservations, balance, charges, crashes.
#include "tests/chat/fixture.hpp"

namespace {

using namespace texbuild_test;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ChatMeter : public Chat {};

TEST_F(ChatMeter, ChargesWhatTheServiceTellsOnce) {
  ASSERT_TRUE(send(hello));
  const auto c = only_charge();
  EXPECT_THAT(c.id, ::testing::StartsWith("chat_"));
  EXPECT_EQ(c.user, "ann");
  EXPECT_EQ(c.model, "m");
  EXPECT_EQ(c.prompt_tokens, 12U);
  EXPECT_EQ(c.completion_tokens, 3U);
  EXPECT_FALSE(c.estimated);
  EXPECT_EQ(charge_calls, 1);
  EXPECT_EQ(rows(), 0);
  EXPECT_EQ(running->sweep().value(), 0U);
  time->advance(1h);
  EXPECT_EQ(running->sweep().value(), 0U);
  EXPECT_EQ(charge_calls, 1);
}

TEST_F(ChatMeter, ChargesByTheTextWhenTheServiceDoesNotTell) {
  answer = answer_of(200, R"({"choices":[{"message":{"content":"12345678"}}]})");
  ASSERT_TRUE(send(hello));
  const auto c = only_charge();
  EXPECT_EQ(c.prompt_tokens, (hello.size() + 3) / 4);
  EXPECT_EQ(c.completion_tokens, 2U);
  EXPECT_TRUE(c.estimated);
}

TEST_F(ChatMeter, ChargesNothingWhenTheServiceFailsBeforeTheFirstByte) {
  for (const int status : {400, 401, 402, 404, 429, 500, 504, 529}) {
    answer = answer_of(status, R"({"error":{"message":"x"}})");
    EXPECT_FALSE(send(hello)) << status;
    EXPECT_FALSE(send(streamed_hello)) << status;
  }
  answer = error(errc::unavailable, "the outside service could not be reached");
  EXPECT_FALSE(send(hello));
  EXPECT_FALSE(send(streamed_hello));
  EXPECT_TRUE(charged().empty());
  EXPECT_EQ(rows(), 0);
  per_hour = 4000;  // and nothing is missing from the hour
  answer = answer_of(200, whole_answer);
  EXPECT_TRUE(send(hello));
}

TEST_F(ChatMeter, AsksForTheTokensOfTheHourBeforeTheBalance) {
  per_hour = 50;
  customer = false;
  const auto refused = send(hello);
  EXPECT_EQ(refused.error().code(), errc::rate_limited);
  EXPECT_EQ(refused.error().reason(), "tokens_per_hour");
  EXPECT_FALSE(refused.error().retry_after());  // it will not pass later either
  EXPECT_THAT(asked, ElementsAre("tokens_per_hour"));
  per_hour = 10'000;
  const auto poor = send(hello);
  EXPECT_EQ(poor.error().code(), errc::payment_required);
  EXPECT_EQ(rows(), 0);
  EXPECT_TRUE(requests.empty());
}

TEST_F(ChatMeter, SaysHowLongToWaitForTheTokensOfTheHour) {
  per_hour = 200;
  ASSERT_TRUE(send(hello));  // 120 reserved, 15 taken
  answer = answer_of(200, R"({"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":40}})");
  ASSERT_TRUE(send(hello));  // 45 are left
  const auto refused = send(hello);
  ASSERT_EQ(refused.error().code(), errc::rate_limited);
  ASSERT_TRUE(refused.error().retry_after());
  const auto wait = *refused.error().retry_after();
  EXPECT_THAT(refused.error().detail(), HasSubstr(std::to_string(wait.count()) + " seconds"));
  time->advance(wait - 1s);
  EXPECT_FALSE(send(hello));
  time->advance(1s);
  EXPECT_TRUE(send(hello));
}

TEST_F(ChatMeter, LetsNobodySpendMoreThanOneRequestBeyondZero) {
  balance = 130;  // more than one request reserves, less than two
  // The service answers only when all requests have been decided on.
  std::promise<void> all_in;
  std::promise<void> may_answer;
  auto gate = may_answer.get_future().share();
  boost::asio::thread_pool service{4};
  http = std::make_shared<texbuild::testing::scripted_http>(service.get_executor(), [&](const http_request& /*r*/) {
    gate.wait();
    return result<http_response>(answer_of(200, whole_answer));
  });
  running.emplace(open());
  int refused = 0;
  int passed = 0;
  std::mutex counting;
  for (int i = 0; i < 10; ++i)
    running->async_send("ann", hello, [&](sent a) {
      const std::scoped_lock held(counting);
      a ? ++passed : ++refused;
      if (!a) {
        EXPECT_EQ(a.error().code(), errc::payment_required);
      }
      if (!a && refused == 8) all_in.set_value();
    });
  all_in.get_future().wait();
  may_answer.set_value();
  service.join();
  (void)charged();
  const std::scoped_lock held(counting);
  // The first goes, and so does the second, with what the first may leave; no third.
  EXPECT_EQ(passed, 2);
  EXPECT_EQ(refused, 8);
}

TEST_F(ChatMeter, LetsThePoorUserGoOnWhenHisRequestsTookLess) {
  balance = 40;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(send(hello)) << i;  // 15 each
  (void)charged();
  EXPECT_EQ(send(hello).error().code(), errc::payment_required);
}

TEST_F(ChatMeter, TriesAChargeAgainThatFailed) {
  refuse_charges = true;
  ASSERT_TRUE(send(hello));
  EXPECT_TRUE(charged().empty());
  EXPECT_EQ(rows(), 1);
  EXPECT_THAT(notes, HasSubstr("the disk is full"));
  EXPECT_EQ(running->sweep().value(), 0U);  // it may still be under way
  time->advance(2min);
  EXPECT_FALSE(running->sweep());
  refuse_charges = false;
  EXPECT_EQ(running->sweep().value(), 1U);
  EXPECT_EQ(only_charge().prompt_tokens, 12U);
  EXPECT_EQ(rows(), 0);
  EXPECT_EQ(running->sweep().value(), 0U);
}

TEST_F(ChatMeter, CountsAChargeThatIsDueAgainstTheBalance) {
  refuse_charges = true;
  balance = 15;
  ASSERT_TRUE(send(hello));
  EXPECT_EQ(send(hello).error().code(), errc::payment_required);
}

TEST_F(ChatMeter, ChargesByTheEstimateWhatACrashCutOff) {
  // A process that never gets its answer, as far as the database knows.
  boost::asio::io_context dead;
  http = std::make_shared<texbuild::testing::scripted_http>(
      dead.get_executor(), [](const http_request& /*r*/) { return result<http_response>(http_response()); });
  auto before = open();
  before.async_send("ann", hello, [](const sent& /*a*/) {});
  (void)charged();
  EXPECT_EQ(rows(), 1);
  http = nullptr;
  running.emplace(open());                  // after the restart
  EXPECT_EQ(running->sweep().value(), 0U);  // the other may live
  time->advance(3min);
  EXPECT_EQ(running->sweep().value(), 0U);  // now it is dead
  time->advance(2min);
  EXPECT_EQ(running->sweep().value(), 1U);
  const auto c = only_charge();
  EXPECT_EQ(c.prompt_tokens, (hello.size() + 3) / 4);
  EXPECT_EQ(c.completion_tokens, 100U);
  EXPECT_TRUE(c.estimated);
  EXPECT_EQ(rows(), 0);
}

TEST_F(ChatMeter, LosesNothingWhenItsHostThrows) {
  const auto good = options.hooks;
  options.hooks.balance = [](std::string_view /*user*/) -> result<std::int64_t> { throw std::runtime_error("host"); };
  EXPECT_EQ(send(hello).error().code(), errc::internal);
  EXPECT_EQ(rows(), 0);
  options.hooks = good;
  options.hooks.charge = [](const chat_charge& /*c*/) -> result<void> { throw std::runtime_error("host"); };
  running.emplace(open());
  EXPECT_TRUE(send(hello));
  (void)charged();
  EXPECT_EQ(rows(), 1);
  EXPECT_THAT(notes, HasSubstr("host"));
}

TEST_F(ChatMeter, NotesCountsThatCannotBeRight) {
  answer = answer_of(200, R"({"choices":[],"usage":{"prompt_tokens":-5,"completion_tokens":999999999}})");
  ASSERT_TRUE(send(hello));
  const auto c = only_charge();
  EXPECT_EQ(c.prompt_tokens, (hello.size() + 3) / 4);
  EXPECT_EQ(c.completion_tokens, 100U);
  EXPECT_THAT(notes, HasSubstr("prompt_tokens -5"));
}

}  // namespace
