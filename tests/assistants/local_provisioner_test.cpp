// Assistants as children, with programs that are functions.
#include <texbuild/assistants.hpp>
#include <texbuild/testing.hpp>

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class LocalProvisioner : public ::testing::Test {
 protected:
  std::shared_ptr<assistant_provisioner> open(texbuild::testing::scripted_processes::script act) {
    environment parts;
    parts.processes = programs = std::make_shared<texbuild::testing::scripted_processes>(std::move(act));
    local_provisioner_options o;
    o.program = "/opt/assistant";
    o.ready_within = 60s;
    o.first_pause = 0s;
    o.longest_pause = 0s;
    return make_local_provisioner(o, "https://telegram.example", parts);
  }
  static assistant_job job(const std::string& id) {
    assistant_job j;
    j.deployment = id;
    j.model = "m";
    j.channel_token = "1:a";
    j.api_url = "http://here";
    j.api_key = "tba_x";
    return j;
  }
  static result<void> nothing(const assistant_place& /*place*/) { return {}; }
  /// Runs until it is told to stop.
  static result<process_result> stay(const output_sink& out, const std::stop_token& stop) {
    out("rea");
    out("dy\nmore words\n");
    std::mutex m;
    std::condition_variable_any woken;
    std::unique_lock lock(m);
    woken.wait(lock, stop, [] { return false; });
    process_result r;
    r.canceled = true;
    return r;
  }
  std::shared_ptr<texbuild::testing::scripted_processes> programs;
};

TEST_F(LocalProvisioner, GivesAnAssistantItsSecretsByTheEnvironmentAlone) {
  const auto where = open([](const command&, const output_sink& out, std::stop_token stop) { return stay(out, stop); });
  EXPECT_EQ(where->start(job("a"), nothing).value().name, "local");
  const auto ran = programs->commands();
  ASSERT_EQ(ran.size(), 1U);
  EXPECT_THAT(ran[0].argv, ::testing::ElementsAre("/opt/assistant"));
  EXPECT_THAT(ran[0].variables, ::testing::Contains(std::pair<std::string, std::string>("TELEGRAM_BOT_TOKEN", "1:a")));
  EXPECT_THAT(ran[0].variables, ::testing::Contains(std::pair<std::string, std::string>("TEXBUILD_API_KEY", "tba_x")));
}

TEST_F(LocalProvisioner, SaysWhatAnAssistantSaidThatDidNotComeUp) {
  const auto where = open([](const command&, const output_sink& out, const std::stop_token&) {
    out("Telegram refuses the bot token\n");
    process_result r;
    r.exit_status = 3;
    return result<process_result>(r);
  });
  EXPECT_EQ(where->start(job("a"), nothing).error().detail(), "Telegram refuses the bot token");
  EXPECT_TRUE(where->stop("a", "local"));
}

TEST_F(LocalProvisioner, StartsAnAssistantAgainThatEnded) {
  std::atomic<int> runs{0};
  const auto where = open([&](const command&, const output_sink& out, std::stop_token stop) {
    if (++runs < 5) return result<process_result>(process_result());
    return stay(out, stop);
  });
  ASSERT_TRUE(where->keep({job("a")}));
  while (runs < 5) std::this_thread::yield();
  EXPECT_TRUE(where->stop("a", "local"));
  EXPECT_EQ(runs, 5);
}

TEST_F(LocalProvisioner, KeepsOnePerDeployment) {
  const auto where = open([](const command&, const output_sink& out, std::stop_token stop) { return stay(out, stop); });
  ASSERT_TRUE(where->start(job("a"), nothing));
  ASSERT_TRUE(where->keep({job("a"), job("b")}));
  ASSERT_TRUE(where->start(job("b"), nothing));
  ASSERT_TRUE(where->keep({job("a"), job("b")}));
  EXPECT_EQ(programs->commands().size(), 2U);
}

TEST_F(LocalProvisioner, GivesUpWaitingWhenTheServerStops) {
  const auto where = open([](const command&, const output_sink&, std::stop_token stop) {
    return stay([](std::string_view) {}, stop);  // never ready
  });
  std::jthread soon([&] {
    while (programs->commands().empty()) std::this_thread::yield();
    where->stop_waiting();
  });
  EXPECT_EQ(where->start(job("a"), nothing).error().code(), errc::canceled);
}

TEST_F(LocalProvisioner, RunsNothingWhosePlaceCouldNotBeNoted) {
  const auto where = open([](const command&, const output_sink& out, std::stop_token stop) { return stay(out, stop); });
  const auto out = where->start(
      job("a"), [](const assistant_place&) -> result<void> { return error(errc::unavailable, "the disk is full"); });
  EXPECT_THAT(out.error().detail(), HasSubstr("disk"));
  EXPECT_TRUE(programs->commands().empty());
}

}  // namespace
