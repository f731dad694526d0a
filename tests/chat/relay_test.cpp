// Streams: what the client sees of what the service sends, and what is charged for it.
#include "src/crypto/base64.hpp"
#include "tests/chat/fixture.hpp"
#include "tests/vectors/load.hpp"

#include <boost/json.hpp>

namespace {

using namespace texbuild_test;
using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string hel = R"({"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]})";
const std::string lo = R"({"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]})";
const std::string told = R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}})";
const std::string done = "data: [DONE]\n\n";

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

class ChatRelay : public Chat {
 protected:
  const std::uint64_t prompt = (streamed_hello.size() + 3) / 4;
};

/// What a client makes of events.
struct seen {
  std::string content;
  std::map<std::int64_t, std::string> arguments;
  std::string finish;
  bool done = false;
  bool failed = false;
};
seen read(std::string_view events) {
  seen out;
  while (!events.empty()) {
    const auto end = events.find("\n\n");
    EXPECT_NE(end, std::string_view::npos);
    const auto data = events.substr(6, end - 6);
    EXPECT_EQ(events.substr(0, 6), "data: ");
    events.remove_prefix(end + 2);
    if (data == "[DONE]") {
      out.done = true;
      continue;
    }
    const auto chunk = boost::json::parse(data).as_object();
    if (chunk.contains("error")) {
      out.failed = true;
      continue;
    }
    EXPECT_FALSE(chunk.contains("usage"));
    for (const auto& choice : chunk.at("choices").as_array()) {
      const auto& delta = choice.at("delta").as_object();
      if (delta.contains("content")) out.content += std::string(delta.at("content").as_string());
      if (choice.at("finish_reason").is_string()) out.finish = std::string(choice.at("finish_reason").as_string());
      if (const auto* calls = delta.if_contains("tool_calls"))
        for (const auto& call : calls->as_array())
          out.arguments[call.at("index").as_int64()] += std::string(call.at("function").at("arguments").as_string());
    }
  }
  return out;
}

TEST_F(ChatRelay, IsHeldUpByNoBusyPoolNorByABalanceThatIsLongInComing) {
  boost::asio::thread_pool network{1};
  boost::asio::thread_pool admitting{1};
  pieces = {event(hel), event(lo) + event(told) + done};
  answer = answer_of(200, "", {{"Content-Type", "text/event-stream"}});
  http = std::make_shared<texbuild::testing::scripted_http>(
      network.get_executor(), [this](const http_request& /*r*/) { return answer; },
      [this](const http_request& /*r*/) -> texbuild::testing::scripted_http::pieces {
        return [this, at = std::size_t{0}]() mutable {
          return at < pieces.size() ? pieces[at++] : result<std::string>(std::string());
        };
      });
  std::promise<void> polar_answers;
  std::promise<void> asked_polar;
  options.admission = admitting.get_executor();
  options.hooks.balance = [&](std::string_view user) -> result<std::int64_t> {
    if (user != "bob") return balance;
    asked_polar.set_value();
    polar_answers.get_future().wait();
    return error(errc::payment_required, "no customer");
  };
  {
    environment parts;
    parts.db = db;
    parts.time = time;
    parts.random = random;
    parts.http = http;
    parts.pool = threads.get_executor();
    parts.loop = network.get_executor();
    auto talk = chat::open(options, parts).value();
    auto stream = send(talk, streamed_hello).value().stream;

    std::promise<void> disk_answers;
    boost::asio::post(threads, [&] { disk_answers.get_future().wait(); });
    EXPECT_EQ(next(*stream).value(), event(hel));
    disk_answers.set_value();

    std::promise<sent> bob;
    talk.async_send("bob", hello, [&](sent a) { bob.set_value(std::move(a)); });
    asked_polar.get_future().wait();
    EXPECT_THAT(drain(*stream), EndsWith(done));  // which is settled before
    EXPECT_EQ(charged().size(), 1U);
    polar_answers.set_value();
    EXPECT_EQ(bob.get_future().get().error().code(), errc::payment_required);
  }
  admitting.join();
  network.join();
}

TEST_F(ChatRelay, ShowsTheClientWhatTheVectorsSayInPiecesOfEverySize) {
  const auto vectors = load_vectors("sse-streams.json");
  ASSERT_GE(vectors.at("cases").as_array().size(), 10U);
  for (const auto& c : vectors.at("cases").as_array()) {
    const std::string id(c.at("id").as_string());
    const auto bytes = crypto::base64_decode(std::string(c.at("stream_b64").as_string())).value();
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, bytes.size()}) {
      std::vector<result<std::string>> all;
      for (std::size_t at = 0; at < bytes.size(); at += size) all.emplace_back(std::string(bytes.substr(at, size)));
      if (c.at("connection") == "cut") all.emplace_back(error(errc::unavailable, "cut"));
      auto text = relay(std::move(all));
      const bool saw_done = c.at("saw_done").as_bool();
      EXPECT_EQ(text.ends_with('!'), !saw_done) << id;
      if (text.ends_with('!')) text.pop_back();
      const auto got = read(text);
      const auto& client = c.at("client");
      EXPECT_EQ(got.content, std::string(client.at("content").as_string())) << id << size;
      EXPECT_EQ(got.done, saw_done) << id;
      EXPECT_EQ(got.failed, !saw_done) << id;  // also where the client itself would see an end
      const auto& finish = client.at("finish_reason");
      EXPECT_EQ(got.finish, finish.is_null() ? "" : std::string(finish.as_string())) << id;
      for (const auto& [index, arguments] : client.at("tool_arguments").as_object())
        EXPECT_EQ(got.arguments.at(std::stoll(std::string(index))), std::string(arguments.as_string())) << id;
      const auto charge = only_charge();
      if (const auto& usage = client.at("usage"); !usage.is_null()) {
        EXPECT_EQ(charge.prompt_tokens, usage.at("prompt_tokens").to_number<std::uint64_t>()) << id;
        EXPECT_EQ(charge.completion_tokens, usage.at("completion_tokens").to_number<std::uint64_t>()) << id;
        EXPECT_FALSE(charge.estimated) << id;
      } else {
        EXPECT_EQ(charge.prompt_tokens, prompt) << id;
        EXPECT_EQ(charge.completion_tokens, (got.content.size() + 3) / 4) << id;
        EXPECT_TRUE(charge.estimated) << id;
      }
      charges.clear();
    }
  }
}

TEST_F(ChatRelay, ShowsUsageOnlyToWhoAskedForIt) {
  const auto all = event(hel) + event(lo) + event(told) + done;
  EXPECT_EQ(relay({all}), event(hel) + event(lo) + done);
  EXPECT_EQ(
      relay(
          {all},
          R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}})"),
      all);
  EXPECT_EQ(charged().size(), 2U);
}

TEST_F(ChatRelay, ChargesTheLastOfARunningUsage) {
  (void)relay({event(R"({"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}})"),
               event(R"({"choices":[{"delta":{"content":"b"}}],"usage":{"prompt_tokens":9,"completion_tokens":2}})"),
               done});
  const auto c = only_charge();
  EXPECT_EQ(c.prompt_tokens, 9U);
  EXPECT_EQ(c.completion_tokens, 2U);
  EXPECT_FALSE(c.estimated);
}

TEST_F(ChatRelay, PassesEachPieceOnAtOnce) {
  pieces = {event(hel), event(lo).substr(0, 9), event(lo).substr(9) + event(told), done};
  answer = answer_of(200, "", {{"Content-Type", "text/event-stream; charset=utf-8"}, {"Inference-Id", "inf-1"}});
  auto a = send(streamed_hello);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->inference_id, "inf-1");
  EXPECT_EQ(next(*a->stream).value(), event(hel));
  EXPECT_EQ(next(*a->stream).value(), event(lo));
  EXPECT_EQ(next(*a->stream).value(), done);
  EXPECT_EQ(next(*a->stream).value(), "");
  EXPECT_EQ(next(*a->stream).value(), "");
}

TEST_F(ChatRelay, HasSettledWhenTheLastPieceIsThere) {
  per_hour = 200;
  EXPECT_THAT(relay({event(hel) + event(told) + done}), EndsWith(done));
  EXPECT_THAT(relay({event(hel) + event(told) + done}), EndsWith(done));  // each reserves 122 of 200
}

TEST_F(ChatRelay, AnswersWithAnErrorWhenTheServiceFailsBeforeItWroteAnything) {
  answer = answer_of(200, "", {{"Content-Type", "text/event-stream"}});
  const std::vector<std::vector<result<std::string>>> failures = {
      {},
      {": ping\n\n"},
      {error(errc::timed_out, "the outside service did not answer in time")},
      {event(R"({"error":{"message":"backend lost","code":"backend"}})")},
      {event("no json")},
      {std::string(2 << 20, 'x')},
  };
  for (const auto& failure : failures) {
    pieces = failure;
    auto a = send(streamed_hello);
    ASSERT_TRUE(a);
    const auto first = next(*a->stream);
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code(), errc::provider_error);
  }
  EXPECT_TRUE(charged().empty());
  EXPECT_EQ(rows(), 0);
}

TEST_F(ChatRelay, TellsAClientThatGotSomethingThatTheRestIsLost) {
  const std::vector<std::vector<result<std::string>>> failures = {
      {event(hel)},
      {event(hel), error(errc::timed_out, "too slow")},
      {event(hel), event("no json")},
      {event(hel), std::string(2 << 20, 'x')},
      {event(hel) + event("[1]")},
      {event(hel), event("{\"error\":{\"code\":402,\"message\":\"secret account\"}}")},
      {event(hel), "event: error\ndata: {\"message\":\"secret account\"}\n\n"},
  };
  for (const auto& failure : failures) {
    const auto text = relay(failure);
    EXPECT_THAT(text, StartsWith(event(hel)));
    EXPECT_THAT(text, HasSubstr(R"("code":"upstream_disconnected")"));
    EXPECT_THAT(text, EndsWith("\n\n!"));
    EXPECT_THAT(text, Not(HasSubstr("[DONE]")));
    EXPECT_THAT(text, Not(HasSubstr("secret")));
    const auto c = only_charge();
    EXPECT_EQ(c.prompt_tokens, prompt);
    EXPECT_EQ(c.completion_tokens, 1U);
    EXPECT_TRUE(c.estimated);
    charges.clear();
  }
}

TEST_F(ChatRelay, EndsAStreamThatGoesOnForTooLong) {
  pieces = {event(hel), event(hel), event(hel)};
  answer = answer_of(200, "", {{"Content-Type", "text/event-stream"}});
  auto a = send(streamed_hello).value();
  EXPECT_EQ(next(*a.stream).value(), event(hel));
  time->advance(31min);
  EXPECT_THAT(drain(*a.stream), HasSubstr("upstream_disconnected"));
}

TEST_F(ChatRelay, ChargesAClientThatHangsUpForWhatCameUntilThen) {
  pieces = {event(hel), event(lo), event(told), done};
  answer = answer_of(200, "", {{"Content-Type", "text/event-stream"}});
  {
    auto a = send(streamed_hello).value();
    EXPECT_EQ(next(*a.stream).value(), event(hel));
  }
  const auto c = only_charge();
  EXPECT_EQ(c.prompt_tokens, prompt);
  EXPECT_EQ(c.completion_tokens, 1U);
  EXPECT_TRUE(c.estimated);
  EXPECT_EQ(rows(), 0);
}

TEST_F(ChatRelay, ChargesAClientThatHangsUpBeforeTheFirstWordForItsPrompt) {
  pieces = {event(hel)};
  answer = answer_of(200, "", {{"Content-Type", "text/event-stream"}});
  (void)send(streamed_hello).value();
  const auto c = only_charge();
  EXPECT_EQ(c.prompt_tokens, prompt);
  EXPECT_EQ(c.completion_tokens, 0U);
  EXPECT_TRUE(c.estimated);
}

TEST_F(ChatRelay, ChargesOnceWhenTheClientGoesAfterTheEnd) {
  EXPECT_THAT(relay({event(hel) + event(told) + done}), EndsWith(done));
  EXPECT_EQ(only_charge().completion_tokens, 3U);
  EXPECT_EQ(charge_calls, 1);
}

}  // namespace
