#include "src/chat/request.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using chat_parts::read_request;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string messages = R"("messages":[{"role":"user","content":"Hi"}])";

result<chat_parts::chat_request> with(const std::string& more) {
  return read_request(R"({"model":"a/b",)" + messages + (more.empty() ? "" : "," + more) + "}", chat_limits());
}
std::string forwarded(const std::string& more) { return with(more).value().forwarded; }
std::string subject(const std::string& body) {
  const auto r = read_request(body, chat_limits());
  EXPECT_FALSE(r) << body;
  if (r) return "";
  EXPECT_EQ(r.error().code(), errc::invalid_input);
  EXPECT_FALSE(r.error().detail().empty());
  return r.error().subject();
}

TEST(ChatRequest, GoesOnAsItWasWritten) {
  const auto odd =
      R"("temperature":0.70,"seed":12345678901234567890,"top_p":1e-1,"x":[1.0, {"y" : "\u00e9\/"}],"logit_bias":{"5":-0.0})";
  EXPECT_EQ(forwarded(odd), R"({"model":"a/b",)" + messages + "," + odd + "}");
}

TEST(ChatRequest, TellsNobodyWhoTheClientIsHoweverTheNamesAreWritten) {
  const auto sent = forwarded(R"("\u0075ser":"u_secret","metadata":{"a":"b"},"store":true,"service_tier":"x",)"
                              R"("safety_identifier":"s","prompt_cache_key":"k")");
  EXPECT_EQ(sent, R"({"model":"a/b",)" + messages + "}");
}

TEST(ChatRequest, AsksForUsageOnStreamsOnly) {
  EXPECT_THAT(forwarded(""), Not(HasSubstr("stream")));
  EXPECT_THAT(forwarded(R"("stream":false,"stream_options":{"include_usage":true})"), Not(HasSubstr("stream")));
  EXPECT_THAT(forwarded(R"("stream":null)"), Not(HasSubstr("stream")));
  EXPECT_THAT(forwarded(R"("stream":true)"),
              ::testing::EndsWith(R"("stream":true,"stream_options":{"include_usage":true}})"));
  EXPECT_THAT(forwarded(R"("stream":true,"stream_options":null)"),
              ::testing::EndsWith(R"("stream_options":{"include_usage":true}})"));
  EXPECT_THAT(forwarded(R"("stream_options":{"include_usage":false,"include_obfuscation":false},"stream":true)"),
              ::testing::EndsWith(R"("stream_options":{"include_obfuscation":false,"include_usage":true}})"));
}

TEST(ChatRequest, RemembersWhetherTheClientWantsTheUsage) {
  EXPECT_FALSE(with(R"("stream":true)")->shows_usage);
  EXPECT_FALSE(with(R"("stream":true,"stream_options":{"include_usage":false})")->shows_usage);
  EXPECT_TRUE(with(R"("stream":true,"stream_options":{"include_usage":true})")->shows_usage);
}

TEST(ChatRequest, EstimatesThePromptByItsBytesAndTheOutputByItsMaximum) {
  const auto plain = with("").value();
  EXPECT_EQ(plain.prompt, static_cast<std::int64_t>((plain.bytes + 3) / 4));
  EXPECT_EQ(plain.output, 4000);
  EXPECT_EQ(with(R"("max_tokens":10)")->output, 10);
  EXPECT_EQ(with(R"("max_completion_tokens":20)")->output, 20);
  EXPECT_EQ(with(R"("max_tokens":30,"max_completion_tokens":20)")->output, 30);
  EXPECT_EQ(with(R"("max_tokens":null,"n":null)")->output, 4000);
  EXPECT_EQ(with(R"("max_tokens":10,"n":3)")->output, 30);
  EXPECT_EQ(with(R"("n":8)")->output, 32'000);
}

TEST(ChatRequest, NamesTheMemberThatIsWrong) {
  EXPECT_EQ(subject(""), "body");
  EXPECT_EQ(subject("[]"), "body");
  EXPECT_EQ(subject("{\"model\":1,}"), "body");
  EXPECT_EQ(subject("{\"model\":\"\xff\"}"), "body");
  EXPECT_EQ(subject(R"({"model":"a","model":"b",)" + messages + "}"), "body");
  EXPECT_EQ(subject("{" + messages + "}"), "model");
  EXPECT_EQ(subject("{\"model\":7," + messages + "}"), "model");
  EXPECT_EQ(subject("{\"model\":\"\"," + messages + "}"), "model");
  EXPECT_EQ(subject("{\"model\":\"a\\nb\"," + messages + "}"), "model");
  EXPECT_EQ(subject("{\"model\":\"" + std::string(201, 'x') + "\"," + messages + "}"), "model");
  EXPECT_EQ(subject(R"({"model":"m"})"), "messages");
  EXPECT_EQ(subject(R"({"model":"m","messages":{}})"), "messages");
  EXPECT_EQ(subject(R"({"model":"m","messages":[]})"), "messages");
  EXPECT_EQ(subject(R"({"model":"m","messages":["a"]})"), "messages[0]");
  EXPECT_EQ(subject(R"({"model":"m","messages":[{"role":"user"},{"content":"x"}]})"), "messages[1].role");
  EXPECT_EQ(subject(R"({"model":"m","messages":[{"role":"user","content":7}]})"), "messages[0].content");
  const auto wrong = [](const std::string& more) { return subject("{\"model\":\"m\"," + messages + "," + more + "}"); };
  EXPECT_EQ(wrong(R"("stream":"yes")"), "stream");
  EXPECT_EQ(wrong(R"("stream_options":[])"), "stream_options");
  EXPECT_EQ(wrong(R"("stream_options":{"include_usage":1})"), "stream_options.include_usage");
  for (const auto* n : {"0", "-1", "9", "1.5", "\"1\"", "1e400", "99999999999999999999", "true"})
    EXPECT_EQ(wrong("\"n\":" + std::string(n)), "n") << n;
  for (const auto* n : {"0", "-1", "1000001", "1.5", "\"1\""}) {
    EXPECT_EQ(wrong("\"max_tokens\":" + std::string(n)), "max_tokens") << n;
    EXPECT_EQ(wrong("\"max_completion_tokens\":" + std::string(n)), "max_completion_tokens") << n;
  }
}

TEST(ChatRequest, TakesMessagesOfEveryForm) {
  EXPECT_TRUE(read_request(
      R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"assistant","content":null,"tool_calls":[]},)"
      R"({"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"x"}]},{"role":"assistant"}]})",
      chat_limits()));
}

TEST(ChatRequest, IsBoundedInSizeAndDepth) {
  EXPECT_EQ(read_request(std::string((1 << 20) + 1, ' '), chat_limits()).error().code(), errc::payload_too_large);
  EXPECT_EQ(subject("{\"model\":\"m\",\"x\":" + std::string(100'000, '[')), "body");
}

}  // namespace
