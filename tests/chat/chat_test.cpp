// What goes to the model service and what comes back of it, whole answers.
#include "tests/chat/fixture.hpp"
#include "tests/http/loopback_server.hpp"

namespace {

using namespace texbuild_test;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class ChatCall : public Chat {
 protected:
  std::string header(const http_request& r, std::string_view name) {
    http_response as_response;
    as_response.headers = r.headers;
    return std::string(as_response.header(name));
  }
};

TEST_F(ChatCall, SendsTheRequestWithOurKeyAndNothingElseOfTheClients) {
  options.upstream = "https://model.example/v1/";
  ASSERT_TRUE(send(hello));
  ASSERT_EQ(requests.size(), 1U);
  const auto& r = requests[0];
  EXPECT_EQ(r.method, "POST");
  EXPECT_EQ(r.url, "https://model.example/v1/chat/completions");
  EXPECT_EQ(header(r, "Authorization"), "Bearer sk-ours");
  EXPECT_EQ(header(r, "Content-Type"), "application/json");
  EXPECT_EQ(header(r, "Accept-Encoding"), "identity");
  EXPECT_EQ(r.headers.size(), 4U);
  EXPECT_EQ(r.body, hello);
}

TEST_F(ChatCall, HandsTheAnswerOnAsItCame) {
  const auto odd = R"({ "choices" : [ ], "n": 1.00, "usage":{"prompt_tokens":1,"completion_tokens":1}})";
  answer = answer_of(200, odd, {{"Inference-Id", "inf-1"}});
  const auto a = send(hello);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->body, odd);
  EXPECT_EQ(a->inference_id, "inf-1");
  EXPECT_FALSE(a->stream);
  answer = answer_of(200, odd, {{"Inference-Id", std::string(200, 'x')}});
  EXPECT_EQ(send(hello)->inference_id, "");
}

TEST_F(ChatCall, MakesOneErrorOfWhateverTheServiceDoesWrong) {
  for (const auto& body :
       {std::string(), std::string("<html>"), std::string("[]"), std::string("{}"), std::string(R"({"choices":7})"),
        std::string(R"({"error":{"message":"x"}})"), std::string(100'000, '[')}) {
    answer = answer_of(200, body);
    EXPECT_EQ(send(hello).error().code(), errc::provider_error) << body.substr(0, 40);
  }
  for (const int status : {100, 204, 301, 418, 429, 500, 502, 503, 504, 529, 599}) {
    answer = answer_of(status, whole_answer);
    EXPECT_EQ(send(hello).error().code(), errc::provider_error) << status;
  }
  for (const auto code : {errc::unavailable, errc::timed_out, errc::payload_too_large, errc::internal}) {
    answer = error(code, "words", "cause");
    EXPECT_EQ(send(hello).error().code(), errc::provider_error);
  }
  answer = answer_of(200, whole_answer, {{"Content-Type", "application/json"}});
  EXPECT_EQ(send(streamed_hello).error().code(), errc::provider_error);
}

TEST_F(ChatCall, SaysNothingOfWhatTheServiceThinksOfOurAccount) {
  for (const auto& body : {hello, streamed_hello})
    for (const int status : {401, 402, 403}) {
      answer = answer_of(status, R"({"error":{"message":"key sk-ours of acct 7 is out of credits"}})");
      notes.clear();
      const auto refused = send(body).error();
      EXPECT_EQ(refused.code(), errc::provider_error);
      EXPECT_EQ(refused.reason(), "provider_account");
      EXPECT_THAT(refused.detail() + refused.cause(), Not(HasSubstr("acct 7")));
      EXPECT_THAT(notes, HasSubstr(std::to_string(status)));
      EXPECT_THAT(notes, Not(HasSubstr("sk-ours")));
    }
}

TEST_F(ChatCall, ShowsWhatTheServiceSaysOfTheRequestItself) {
  for (const auto& body : {hello, streamed_hello}) {
    answer = answer_of(400, R"({"error":{"message":"the context is too long","type":"invalid_request_error"}})");
    auto refused = send(body).error();
    EXPECT_EQ(refused.code(), errc::invalid_input);
    EXPECT_EQ(refused.detail(), "the context is too long");
    answer = answer_of(404, R"({"message":"no such model"})");
    refused = send(body).error();
    EXPECT_EQ(refused.code(), errc::invalid_input);
    EXPECT_EQ(refused.reason(), "model_not_found");
    EXPECT_EQ(refused.detail(), "no such model");
    answer = answer_of(422, "<html>");
    EXPECT_EQ(send(body).error().code(), errc::invalid_input);
    answer = answer_of(413, "");
    EXPECT_EQ(send(body).error().code(), errc::payload_too_large);
    answer = answer_of(400, R"({"error":{"message":"Bearer sk-ours said"}})");
    EXPECT_THAT(send(body).error().detail(), Not(HasSubstr("sk-ours")));
  }
}

TEST_F(ChatCall, TellsHowLongTheServiceWantsToBeLeftInPeace) {
  answer = answer_of(429, "", {{"Retry-After", "7"}});
  EXPECT_EQ(send(hello).error().retry_after(), 7s);
  answer = answer_of(503, "", {{"Retry-After", "99999"}});
  EXPECT_EQ(send(hello).error().retry_after(), 60s);
  answer = answer_of(503, "", {{"Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"}});
  EXPECT_FALSE(send(hello).error().retry_after());
}

TEST_F(ChatCall, RefusesBeforeAnythingIsCounted) {
  EXPECT_EQ(send("{}").error().subject(), "model");
  EXPECT_EQ(send(std::string((1 << 20) + 1, 'x')).error().code(), errc::payload_too_large);
  EXPECT_TRUE(asked.empty());
}

TEST_F(ChatCall, SaysThatItIsNotConfiguredToThoseWhoCouldUseIt) {
  options.key = "";
  customer = false;
  EXPECT_EQ(send(hello).error().code(), errc::payment_required);
  customer = true;
  const auto refused = send(hello).error();
  EXPECT_EQ(refused.code(), errc::internal);
  EXPECT_EQ(refused.reason(), "not_configured");
  EXPECT_EQ(rows(), 0);
}

TEST_F(ChatCall, EndsTheRequestAtTheServiceWhenItIsCanceled) {
  boost::asio::thread_pool network{1};
  {
    const loopback_server silent("", true);
    options.upstream = silent.url("");
    http = make_http_client(network.get_executor());
    running.emplace(open());
    int requests_made = 0;
    for (const auto& body : {hello, streamed_hello}) {
      boost::asio::cancellation_signal signal;
      std::promise<sent> promise;
      running->async_send("ann", body, boost::asio::bind_cancellation_slot(signal.slot(), [&](sent a) {
                            promise.set_value(std::move(a));
                          }));
      ++requests_made;
      while (silent.connections() < requests_made) std::this_thread::yield();
      signal.emit(boost::asio::cancellation_type::terminal);
      EXPECT_EQ(promise.get_future().get().error().code(), errc::canceled);
      // The service may have read the prompt; of an answer there is nothing.
      const auto c = only_charge();
      EXPECT_EQ(c.prompt_tokens, (body.size() + 3) / 4);
      EXPECT_EQ(c.completion_tokens, 0U);
      charges.clear();
    }
  }
  network.join();
}

TEST_F(ChatCall, BoundsTheTimeAndTheSizeOfAnAnswer) {
  boost::asio::thread_pool network{1};
  http = make_http_client(network.get_executor());
  {
    const loopback_server huge("HTTP/1.1 200 OK\r\n\r\n" + std::string(16 << 20, ' '), true);
    options.upstream = huge.url("");
    EXPECT_EQ(send(hello).error().code(), errc::provider_error);
    running.reset();
  }
  {
    const loopback_server silent("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", true);
    options.upstream = silent.url("");
    options.limits.answer = 1s;
    EXPECT_EQ(send(hello).error().code(), errc::provider_error);
    running.reset();
  }
  EXPECT_TRUE(charged().empty());
  network.join();
}

TEST_F(ChatCall, EndsARefusalThatNeverEnds) {
  boost::asio::thread_pool network{1};
  http = make_http_client(network.get_executor());
  {
    const std::string words = R"({"error":{"message":"too long"}})";
    const loopback_server dripping("HTTP/1.1 400 Bad\r\nContent-Length: 999\r\n\r\n" + words, true);
    options.upstream = dripping.url("");
    options.limits.answer = 1s;
    options.limits.idle = 3600s;
    const auto refused = send(streamed_hello).error();
    EXPECT_EQ(refused.code(), errc::invalid_input);
    EXPECT_EQ(refused.detail(), "too long");  // what came of it counts
    running.reset();
  }
  network.join();
}

TEST_F(ChatCall, NeedsWhatItCannotDoWithout) {
  environment parts;
  EXPECT_EQ(chat::open(options, parts).error().code(), errc::invalid_input);
  options.upstream = "model.example";
  parts.db = db;
  parts.pool = threads.get_executor();
  parts.http = make_http_client(threads.get_executor());
  EXPECT_EQ(chat::open(options, parts).error().code(), errc::invalid_input);
  options.upstream = "https://model.example";
  options.hooks.charge = nullptr;
  EXPECT_EQ(chat::open(options, parts).error().code(), errc::invalid_input);
}

}  // namespace
