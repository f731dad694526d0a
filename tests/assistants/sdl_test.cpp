#include "src/assistants/sdl.hpp"

#include <gmock/gmock.h>

namespace {

using namespace texbuild;
using ::testing::HasSubstr;

TEST(YamlScalar, CannotBeBrokenOutOf) {
  EXPECT_EQ(bots::yaml_scalar("plain").value(), "\"plain\"");
  EXPECT_EQ(bots::yaml_scalar(R"(a"b\c)").value(), R"("a\"b\\c")");
  EXPECT_EQ(bots::yaml_scalar("A=${x}: #y").value(), "\"A=${x}: #y\"");
  for (const char* bad : {"a\nb", "a\rb", "a\tb", "\x7f", "\xC2\x85"})
    EXPECT_EQ(bots::yaml_scalar(bad).error().code(), errc::invalid_input);
  EXPECT_FALSE(bots::yaml_scalar(std::string_view("a\0b", 3)));
}

TEST(Sdl, HasTheAssistantsSettingsAndNothingElseFromOutside) {
  assistant_job job;
  job.api_url = "https://tex.example";
  job.api_key = "tba_key";
  job.model = "m";
  job.channel_token = "123:abc";
  akash_options options;
  options.image = "registry.example/assistant:1";
  options.denom = "uakt";
  options.most_per_block = 7;
  const auto sdl = bots::make_sdl(options, job).value();
  EXPECT_THAT(sdl, HasSubstr("version: \"2.0\"\n"));
  EXPECT_THAT(sdl, HasSubstr("    image: \"registry.example/assistant:1\"\n"));
  EXPECT_THAT(sdl, HasSubstr("      - \"TELEGRAM_BOT_TOKEN=123:abc\"\n"));
  EXPECT_THAT(sdl, HasSubstr("      - \"TEXBUILD_API_KEY=tba_key\"\n"));
  EXPECT_THAT(sdl, HasSubstr("          denom: \"uakt\"\n          amount: 7\n"));
  job.model = "x\n  evil: true";
  EXPECT_FALSE(bots::make_sdl(options, job));
}

}  // namespace
