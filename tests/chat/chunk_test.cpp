#include "src/chat/chunk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using namespace texbuild::chat_parts;

const std::string content = R"({"id":"c","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]})";
const std::string usage_only =
    R"({"id":"c","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}})";

TEST(Chunk, IsPassedOnAsItCame) {
  const auto odd = R"({ "id" : "c", "n": 1.00, "choices":[ ]})";
  EXPECT_EQ(read_chunk(content, false)->text, content);
  EXPECT_EQ(read_chunk(odd, false)->text, odd);
  EXPECT_EQ(read_chunk(usage_only, true)->text, usage_only);
}

TEST(Chunk, IsKeptBackWhenItHoldsNothingButUsageThatNobodyAskedFor) {
  const auto c = read_chunk(usage_only, false).value();
  EXPECT_EQ(c.text, "");
  EXPECT_EQ(c.usage->prompt, 12);
  EXPECT_EQ(c.usage->completion, 3);
}

TEST(Chunk, LosesUsageThatNobodyAskedFor) {
  const auto last = read_chunk(
      R"({"id":"c","usage":{"prompt_tokens":1,"completion_tokens":2},"choices":[{"delta":{"content":"x"}}],"n":1.0})",
      false);
  EXPECT_EQ(last->text, R"({"id":"c","choices":[{"delta":{"content":"x"}}],"n":1.0})");
  EXPECT_EQ(last->usage->completion, 2);
  EXPECT_EQ(read_chunk(R"({"choices":[],"usage":null})", false)->text, R"({"choices":[]})");
  EXPECT_EQ(read_chunk(R"({"choices":[],"usage":null})", true)->text, R"({"choices":[],"usage":null})");
  EXPECT_FALSE(read_chunk(R"({"choices":[],"usage":null})", true)->usage);
}

TEST(Chunk, CountsTheTextThatTheModelWrote) {
  EXPECT_EQ(read_chunk(content, false)->written, 3U);
  EXPECT_EQ(read_chunk(R"({"choices":[{"delta":{"role":"assistant","content":""}}]})", false)->written, 0U);
  EXPECT_EQ(
      read_chunk(R"({"choices":[{"delta":{"reasoning_content":"ab","reasoning":"c"}},{"delta":{"content":"d"}}]})",
                 false)
          ->written,
      4U);
  EXPECT_EQ(read_chunk(R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function",)"
                       R"("function":{"name":"f","arguments":"{\"q\""}}]}}]})",
                       false)
                ->written,
            5U);
  EXPECT_EQ(read_chunk(R"({"choices":7})", false)->written, 0U);
  EXPECT_EQ(read_chunk(R"({"choices":[7,{"delta":7}]})", false)->written, 0U);
}

TEST(Chunk, MayBeAnError) {
  const auto lost = read_chunk(R"({"error":{"message":"backend lost","type":"server_error","code":"backend"}})", false);
  EXPECT_TRUE(lost->is_error);
  EXPECT_FALSE(lost->error_is_ours);
  for (const auto* ours :
       {R"({"error":{"message":"x","code":402}})", R"({"error":{"code":"invalid_api_key"}})",
        R"({"error":{"type":"authentication_error"}})", R"({"error":{"type":"insufficient_quota"}})"}) {
    EXPECT_TRUE(read_chunk(ours, false)->is_error) << ours;
    EXPECT_TRUE(read_chunk(ours, false)->error_is_ours) << ours;
  }
  EXPECT_FALSE(read_chunk(R"({"error":null,"choices":[]})", false)->is_error);
}

TEST(Chunk, IsAnObject) {
  for (const auto& bad : {std::string("x"), std::string("[]"), std::string("{"), std::string("{\"a\":\"\xff\"}"),
                          std::string(100'000, '[')})
    EXPECT_EQ(read_chunk(bad, false).error().code(), errc::provider_error) << bad.substr(0, 20);
}

TEST(Chunk, IsOneLineOnTheWire) {
  EXPECT_EQ(event_of("{\n\"a\": 1\n}"), "data: { \"a\": 1 }\n\n");
  EXPECT_EQ(error_event("no \"more\"", "gone"),
            "data: {\"error\":{\"message\":\"no "
            "\\\"more\\\"\",\"type\":\"upstream_error\",\"param\":null,\"code\":\"gone\"}}\n\n");
}

}  // namespace
