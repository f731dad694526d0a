// Metered chat through the real server, and the bot that lives on it.
#include "tests/e2e/platform.hpp"

#include <openssl/evp.h>

namespace {

using namespace texbuild_test;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string base64(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                      reinterpret_cast<const unsigned char*>(bytes.data()),
                                                      static_cast<int>(bytes.size()))));
  return out;
}

struct Chat : Platform {
  [[nodiscard]] http_answer ask_model(const std::string& words, bool stream = false) const {
    return as_user(
        "POST", "/api/chat",
        json::serialize(json::object{{"model", "minimax-m2.5"},
                                     {"stream", stream},
                                     {"messages", json::array{json::object{{"role", "user"}, {"content", words}}}}}));
  }
  [[nodiscard]] std::size_t ingested() const { return state().at("events").as_object().size(); }
  /// What the bot has said so far.
  [[nodiscard]] json::array said() const { return state().at("sent").as_array(); }
  [[nodiscard]] json::object last_said_after(std::size_t count) const {
    EXPECT_TRUE(comes_true([&] { return said().size() > count; }));
    const auto all = said();
    return all.empty() ? json::object() : all.back().as_object();
  }
};

TEST_F(Chat, IsForCustomersWithCredit) {
  server.start();
  EXPECT_EQ(server.ask("POST", "/api/chat", "", "{}").status, 401);
  EXPECT_EQ(ask_model("hello").status, 402);
  const auto body = ask_model("hello").json();
  EXPECT_EQ(body.at("code"), "payment_required");
  EXPECT_EQ(body.at("error").at("type"), "insufficient_quota");
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  EXPECT_EQ(ask_model("hello").status, 200);
  steer("meter", json::object{{"user", "user_ann"}, {"units", 1'000'000}});
  std::this_thread::sleep_for(std::chrono::seconds(3));  // what Polar said last counts for two
  EXPECT_EQ(ask_model("hello").status, 402);
}

TEST_F(Chat, TellsPolarOfEachUseOnceThoughItWasDownAndWeWereKilled) {
  server.start();
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  const auto out = ask_model("hello");
  ASSERT_EQ(out.status, 200) << out.body;
  EXPECT_EQ(out.json().at("choices").as_array().front().at("message").at("content"), "You said: hello");
  EXPECT_EQ(out.headers.at("inference-id"), "inf_1");
  EXPECT_TRUE(comes_true([&] { return ingested() == 1; }));
  const auto event = state().at("events").as_object().begin()->value().as_object();
  EXPECT_EQ(event.at("name"), "ai_usage");
  EXPECT_EQ(event.at("external_customer_id"), "user_ann");
  EXPECT_EQ(
      event.at("metadata"),
      (json::object{{"tokens", 30}, {"prompt_tokens", 20}, {"completion_tokens", 10}, {"model", "minimax-m2.5"}}));

  steer("down", json::array{"polar"});
  const auto streamed = ask_model("again", true);
  EXPECT_EQ(streamed.status, 200);
  EXPECT_EQ(ask_model("once more").status, 200);
  server.kill();
  server.start();
  EXPECT_EQ(ingested(), 1U);
  steer("down", json::array{});
  EXPECT_TRUE(comes_true([&] { return ingested() == 3; }));
  // In the balance at once, and not twice.
  EXPECT_EQ(as_user("GET", "/api/user/balance").json().at("balance").to_number<double>(), 10 - 90 / 100'000.0);
  EXPECT_TRUE(state().at("problems").as_array().empty()) << json::serialize(state().at("problems"));
}

TEST_F(Chat, SaysThatTheModelServiceFailedAndShowsNothingOfIt) {
  server.start();
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  steer("down", json::array{"akashml"});
  const auto out = ask_model("hello");
  EXPECT_EQ(out.status, 502);
  EXPECT_THAT(out.body, Not(HasSubstr("secret words")));
  EXPECT_EQ(as_user("GET", "/api/user/balance").json().at("balance"), 10);
  server.stop();
  server.environment.erase("AKASHML_KEY");
  server.start();
  EXPECT_EQ(ask_model("hello").status, 500);
}

TEST_F(Chat, IsWhatTheBotAnswersWith) {
  server.start();
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  steer("telegram", json::object{{"text", "What is TeX?"}});
  EXPECT_EQ(last_said_after(0), (json::object{{"chat", 77}, {"text", "You said: What is TeX?"}}));
  steer("telegram", json::object{{"text", "And LaTeX?"}});
  EXPECT_EQ(last_said_after(1).at("text"), "You said: And LaTeX?");
  // It remembers the conversation.
  EXPECT_THAT(json::serialize(state().at("asked").as_array().back()),
              AllOf(HasSubstr("What is TeX?"), HasSubstr("You said: What is TeX?")));
  EXPECT_TRUE(comes_true([&] { return ingested() == 2; }));
  steer("meter", json::object{{"user", "user_ann"}, {"units", 1'000'000}});
  std::this_thread::sleep_for(std::chrono::seconds(3));  // what Polar said last counts for two
  steer("telegram", json::object{{"text", "Still there?"}});
  EXPECT_EQ(last_said_after(2).at("text"), "The credit of this assistant is used up.");
}

TEST_F(Chat, IsWhatABotAnswersWithThoughItWasKilledAtIt) {
  server.start();
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  steer("hostile", json::object{{"akashml", "hangs"}});
  steer("telegram", json::object{{"text", "Are you there?"}});
  ASSERT_TRUE(comes_true([&] { return state().at("typing").to_number<int>() == 1; }));
  for (const auto bot : bots()) EXPECT_EQ(::kill(bot, SIGKILL), 0);
  steer("hostile", json::object());
  EXPECT_EQ(last_said_after(0).at("text"), "You said: Are you there?");
}

TEST_F(Chat, IsWhereABotTypesetsWhatItIsSent) {
  server.start();
  ASSERT_TRUE(becomes(bought(), "active")) << server.err();
  const auto send = [&](const char* name, const std::string& bytes) {
    const auto before = said().size();
    steer("telegram", json::object{{"file", name}, {"base64", base64(bytes)}});
    return last_said_after(before);
  };
  const auto tex = send("my paper.tex", document("Sent as a file."));
  EXPECT_EQ(tex.at("document"), "my paper.pdf");
  EXPECT_EQ(tex.at("pdf"), true);
  EXPECT_EQ(send("project.ZIP", zip_of(document("Sent as a project."))).at("pdf"), true);
  const auto broken = send("broken.tex", document("All is well.\n\n\\nosuchthing"));
  EXPECT_THAT(std::string(broken.at("text").as_string()),
              ::testing::ContainsRegex("broken\\.tex:[0-9]+: Undefined control sequence"));
  EXPECT_THAT(std::string(send("bad.zip", "this is no zip").at("text").as_string()), HasSubstr("ZIP"));
  EXPECT_THAT(std::string(send("cat.jpg", "meow").at("text").as_string()), HasSubstr(".tex"));
  // Its key opens chat and builds, and nothing else.
  EXPECT_EQ(as_user("GET", "/api/build").json().at("total"), 3);
}

}  // namespace
