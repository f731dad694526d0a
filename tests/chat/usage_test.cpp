#include "src/chat/usage.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using namespace texbuild::chat_parts;
using ::testing::HasSubstr;

chat_request asked() {
  chat_request r;
  r.bytes = 400;
  r.prompt = 100;
  r.output = 1000;
  return r;
}
std::string odd;

store::chat_tokens taken(const char* usage, std::uint64_t written = 0) {
  odd.clear();
  const auto answer = boost::json::parse(std::string(R"({"usage":)") + usage + "}");
  return tokens_taken(asked(), read_usage(answer), written, odd);
}

TEST(ChatUsage, IsWhatTheServiceTells) {
  const auto t = taken(
      R"({"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":9},"completion_tokens_details":null})",
      4000);
  EXPECT_EQ(t.prompt, 12);
  EXPECT_EQ(t.completion, 3);
  EXPECT_FALSE(t.estimated);
  EXPECT_EQ(odd, "");
  EXPECT_EQ(taken(R"({"prompt_tokens":12,"completion_tokens":0})").completion, 0);  // nothing was written
  EXPECT_EQ(odd, "");
}

TEST(ChatUsage, IsEstimatedFromTheTextWhenItIsNotTold) {
  for (const auto* none : {"null", "[]", "7"}) {
    const auto t = taken(none, 401);
    EXPECT_EQ(t.prompt, 100);
    EXPECT_EQ(t.completion, 101);
    EXPECT_TRUE(t.estimated);
  }
}

TEST(ChatUsage, OfNothingForSomethingIsNotTold) {
  const auto zeros = taken(R"({"prompt_tokens":0,"completion_tokens":0})", 400);
  EXPECT_EQ(zeros.prompt, 100);
  EXPECT_EQ(zeros.completion, 100);
  EXPECT_TRUE(zeros.estimated);
  EXPECT_THAT(odd, HasSubstr("prompt_tokens 0"));
  EXPECT_THAT(odd, HasSubstr("completion_tokens 0"));
  const auto text = taken(R"({"prompt_tokens":12,"completion_tokens":0})", 1);
  EXPECT_EQ(text.prompt, 12);
  EXPECT_EQ(text.completion, 1);
  EXPECT_TRUE(text.estimated);
  EXPECT_EQ(taken(R"({"prompt_tokens":0,"completion_tokens":0})").prompt, 100);  // its prompt was read all the same
}

TEST(ChatUsage, ThatCannotBeRightBecomesWhatWasReserved) {
  for (const auto* n : {"-1", "1.5", "\"12\"", "null", "99999999999999999999", "1000000000000"}) {
    const auto prompt = taken((std::string(R"({"completion_tokens":3,"prompt_tokens":)") + n + "}").c_str());
    EXPECT_EQ(prompt.prompt, 100) << n;
    EXPECT_EQ(prompt.completion, 3);
    EXPECT_TRUE(prompt.estimated);
    EXPECT_THAT(odd, HasSubstr("prompt_tokens")) << n;
    const auto completion = taken((std::string(R"({"prompt_tokens":3,"completion_tokens":)") + n + "}").c_str());
    EXPECT_EQ(completion.completion, 1000) << n;
    EXPECT_TRUE(completion.estimated);
  }
  EXPECT_EQ(taken("{}").sum(), 1100);
  EXPECT_THAT(odd, HasSubstr("missing"));
}

}  // namespace
