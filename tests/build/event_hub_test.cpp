#include "src/build/event_hub.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace {

using ::testing::ElementsAre;
using texbuild::build_event;
using texbuild::event_subscription;
using texbuild::build::event_hub;

struct EventHub : ::testing::Test {
  boost::asio::io_context loop;
  std::shared_ptr<event_hub> hub = std::make_shared<event_hub>(loop.get_executor());
  std::vector<std::string> heard;

  void SetUp() override { hub->open("b"); }
  static build_event line(std::string text) {
    build_event e;
    e.text = std::move(text);
    return e;
  }
  event_subscription listen(std::uint64_t after = 0) {
    return event_subscription(hub->subscribe("b", after, [this](const build_event& e) { heard.push_back(e.text); }));
  }
};

TEST_F(EventHub, DeliversInOrderAndNeverInline) {
  const auto listening = listen();
  hub->publish("b", line("one"));
  hub->publish("b", line("two"));
  EXPECT_TRUE(heard.empty());
  loop.run();
  EXPECT_THAT(heard, ElementsAre("one", "two"));
}

TEST_F(EventHub, GivesALateListenerWhatItMissed) {
  hub->publish("b", line("one"));
  hub->publish("b", line("two"));
  const auto listening = listen(1);
  hub->publish("b", line("three"));
  loop.run();
  EXPECT_THAT(heard, ElementsAre("two", "three"));
}

TEST_F(EventHub, DeliversNothingOnceTheSubscriptionIsGone) {
  {
    const auto listening = listen();
    hub->publish("b", line("one"));
  }
  loop.run();
  EXPECT_TRUE(heard.empty());
}

TEST_F(EventHub, LetsAHandlerEndItsOwnSubscription) {
  std::optional<event_subscription> own;
  own.emplace(hub->subscribe("b", 0, [&](const build_event& e) {
    heard.push_back(e.text);
    own.reset();
  }));
  hub->publish("b", line("one"));
  hub->publish("b", line("two"));
  loop.run();
  EXPECT_THAT(heard, ElementsAre("one"));
}

TEST_F(EventHub, ForgetsABuildThatHasEnded) {
  const auto listening = listen();
  hub->close("b", line("end"));
  hub->publish("b", line("ghost"));
  loop.run();
  EXPECT_THAT(heard, ElementsAre("end"));
  EXPECT_EQ(hub->subscribe("b", 0, [](const build_event&) {}), nullptr);
}

TEST_F(EventHub, RemembersABoundedNumberOfEvents) {
  for (int i = 0; i < 5000; ++i) hub->publish("b", line(std::to_string(i)));
  const auto listening = listen();
  loop.run();
  EXPECT_EQ(heard.size(), 1000u);
  EXPECT_EQ(heard.back(), "4999");
}

// A build may print millions of lines while its watcher sleeps.
TEST_F(EventHub, PostsOneDeliveryForAllThatComesBeforeItRuns) {
  const auto listening = listen();
  for (int i = 0; i < 100'000; ++i) hub->publish("b", line(std::to_string(i)));
  hub->close("b", line("end"));
  EXPECT_EQ(loop.run(), 1u);
  EXPECT_EQ(heard.size(), 1000u);
  EXPECT_EQ(heard.back(), "end");
}

}  // namespace
