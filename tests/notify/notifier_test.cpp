// Webhooks out, over a database in memory and receivers that are functions.
#include "src/store/build_store.hpp"
#include "tests/store/fixture.hpp"

#include <texbuild/notifier.hpp>
#include <texbuild/payments.hpp>
#include <texbuild/testing.hpp>
#include <texbuild/webhook.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <future>
#include <mutex>
#include <set>
#include <thread>

namespace {

using namespace texbuild_test;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
namespace json = boost::json;

constexpr const char* hook = "https://example.com/hook";

class Notifier : public BuildStore {
 protected:
  Notifier() : time_(std::make_shared<texbuild::testing::manual_clock>(start)) {}
  ~Notifier() override { threads_.join(); }

  notifier open() {
    environment parts;
    parts.db = db_;
    parts.time = time_;
    parts.random = random_;
    parts.http =
        std::make_shared<texbuild::testing::scripted_http>(threads_.get_executor(), [this](const http_request& r) {
          std::function<result<http_response>(const http_request&)> act;
          {
            const std::scoped_lock guard(mutex_);
            sent_.push_back(r);
            act = answer_;
          }
          return act(r);
        });
    return notifier::open(with_, std::move(parts)).value();
  }
  static result<http_response> status(int code) {
    http_response out;
    out.status = code;
    return out;
  }
  void answer_with(int code) {
    const std::scoped_lock guard(mutex_);
    answer_ = [code](const http_request&) { return status(code); };
  }
  /// A build of that owner, from the queue to its end.
  void end_build(const std::string& id, const std::string& owner = "ann", build_status how = build_status::completed) {
    add(id, owner);
    const auto job = claim(time_->now());
    ASSERT_TRUE(builds_.finish(job.info.id, job.fence, an_end(how), time_->now()).value());
  }
  static std::string header(const http_request& r, std::string_view name) {
    for (const auto& [n, value] : r.headers)
      if (n == name) return value;
    return {};
  }
  webhook_endpoint only(notifier& n) {
    const auto all = n.list("ann").value();
    EXPECT_THAT(all, SizeIs(1));
    return all.empty() ? webhook_endpoint() : all.front();
  }

  boost::asio::thread_pool threads_{4};
  std::shared_ptr<texbuild::testing::manual_clock> time_;
  std::shared_ptr<texbuild::testing::fixed_entropy> random_ = std::make_shared<texbuild::testing::fixed_entropy>(7);
  notifier_options with_;
  std::mutex mutex_;
  std::vector<http_request> sent_;
  std::function<result<http_response>(const http_request&)> answer_ = [](const http_request&) { return status(204); };
};

TEST_F(Notifier, TellsAnEndpointOfABuildThatEnded) {
  auto n = open();
  const auto made = n.add("ann", hook).value();
  EXPECT_THAT(made.id, ::testing::StartsWith("ep_"));
  end_build("bld_1");
  EXPECT_EQ(only(n).waiting, 1U);
  EXPECT_EQ(n.deliver().value(), 1U);
  ASSERT_THAT(sent_, SizeIs(1));
  EXPECT_EQ(sent_[0].method, "POST");
  EXPECT_EQ(sent_[0].url, hook);
  EXPECT_TRUE(sent_[0].public_only);
  EXPECT_EQ(header(sent_[0], "Content-Type"), "application/json");
  const auto body = json::parse(sent_[0].body).as_object();
  EXPECT_EQ(body.at("type"), "build.completed");
  EXPECT_EQ(body.at("timestamp"), "2026-11-24T00:00:00Z");
  const auto& data = body.at("data").as_object();
  EXPECT_EQ(data.at("build_id"), "bld_1");
  EXPECT_EQ(data.at("status"), "completed");
  EXPECT_EQ(data.at("engine"), "lualatex");
  EXPECT_EQ(data.at("main_file"), "main.tex");
  EXPECT_EQ(data.at("message"), "done");
  EXPECT_EQ(data.at("passes"), 3);
  EXPECT_EQ(data.at("duration_ms"), 1234);
  EXPECT_EQ(data.at("created_at"), "2026-11-24T00:00:00Z");
  EXPECT_EQ(data.at("completed_at"), "2026-11-24T00:00:00Z");
  const auto after = only(n);
  EXPECT_EQ(after.waiting, 0U);
  EXPECT_EQ(after.last_status, 204);
  EXPECT_EQ(after.last_error, "");
  EXPECT_EQ(n.deliver().value(), 0U);
}

TEST_F(Notifier, SignsWhatItSendsWithTheSecretThatItToldOnce) {
  auto n = open();
  const auto made = n.add("ann", hook).value();
  EXPECT_EQ(only(n).secret, "");
  end_build("bld_1");
  (void)n.deliver().value();
  ASSERT_THAT(sent_, SizeIs(1));
  const webhook_headers headers(header(sent_[0], "webhook-id"), header(sent_[0], "webhook-timestamp"),
                                header(sent_[0], "webhook-signature"));
  const auto secret = webhook_secret::parse(made.secret).value();
  EXPECT_TRUE(secret.verify(headers, sent_[0].body, time_->now()));
  EXPECT_FALSE(secret.verify(headers, sent_[0].body + " ", time_->now()));
}

TEST_F(Notifier, TellsOfEveryKindOfEnd) {
  auto n = open();
  (void)n.add("ann", hook).value();
  end_build("bld_1");
  end_build("bld_2", "ann", build_status::failed);
  end_build("bld_3", "ann", build_status::canceled);
  add("bld_4");
  (void)builds_.cancel("bld_4", time_->now()).value();
  add("bld_5");
  time_->advance(48h);
  (void)builds_.expire(time_->now(), 10).value();  // the fifth before it ran; of the others the end was told before
  (void)n.deliver().value();
  std::multiset<std::string> types;
  for (const auto& r : sent_) types.insert(std::string(json::parse(r.body).at("type").as_string()));
  EXPECT_EQ(types, (std::multiset<std::string>{"build.completed", "build.failed", "build.canceled", "build.canceled",
                                               "build.expired"}));
}

TEST_F(Notifier, SaysNothingOfBuildsThatTheirOwnerDeleted) {
  auto n = open();
  (void)n.add("ann", hook).value();
  add("bld_1");
  (void)builds_.remove("bld_1", start).value();
  EXPECT_EQ(n.deliver().value(), 0U);
}

TEST_F(Notifier, TellsNobodyElse) {
  auto n = open();
  const auto made = n.add("ann", hook).value();
  end_build("bld_1", "bob");
  EXPECT_EQ(n.deliver().value(), 0U);
  EXPECT_THAT(n.list("bob").value(), IsEmpty());
  EXPECT_EQ(n.remove("bob", made.id).error().code(), errc::not_found);
  EXPECT_EQ(only(n).id, made.id);
}

TEST_F(Notifier, TellsEachOfSeveralEndpoints) {
  auto n = open();
  (void)n.add("ann", "https://one.example.com/").value();
  (void)n.add("ann", "https://two.example.com/").value();
  end_build("bld_1");
  EXPECT_EQ(n.deliver().value(), 2U);
  EXPECT_NE(header(sent_[0], "webhook-id"), header(sent_[1], "webhook-id"));
  EXPECT_EQ(sent_[0].body, sent_[1].body);
}

TEST_F(Notifier, SendsTheSameMessageAgainUntilItIsTaken) {
  auto n = open();
  (void)n.add("ann", hook).value();
  end_build("bld_1");
  answer_with(500);
  EXPECT_EQ(n.deliver().value(), 1U);
  EXPECT_EQ(n.deliver().value(), 0U);  // not at once
  auto seen = only(n);
  EXPECT_EQ(seen.waiting, 1U);
  EXPECT_EQ(seen.last_status, 500);
  EXPECT_THAT(seen.last_error, HasSubstr("500"));
  EXPECT_EQ(seen.failing_since, start);
  time_->advance(6s);
  answer_with(200);
  EXPECT_EQ(n.deliver().value(), 1U);
  seen = only(n);
  EXPECT_EQ(seen.waiting, 0U);
  EXPECT_FALSE(seen.failing_since);
  ASSERT_THAT(sent_, SizeIs(2));
  EXPECT_EQ(header(sent_[0], "webhook-id"), header(sent_[1], "webhook-id"));
  EXPECT_EQ(sent_[0].body, sent_[1].body);
  EXPECT_NE(header(sent_[0], "webhook-timestamp"), header(sent_[1], "webhook-timestamp"));
}

TEST_F(Notifier, GivesAMessageUpAfterTenAttemptsInThreeDaysAndGoesOnWithTheNext) {
  auto n = open();
  (void)n.add("ann", hook).value();
  end_build("bld_1");
  answer_with(503);
  std::uint64_t attempts = 0;
  for (int hour = 0; hour < 24 * 4; ++hour) {
    for (int minute = 0; minute < 60; minute += 5) {
      attempts += n.deliver().value();
      time_->advance(5min);
    }
  }
  EXPECT_EQ(attempts, 10U);
  EXPECT_EQ(only(n).waiting, 0U);
  answer_with(200);
  end_build("bld_2");
  EXPECT_EQ(n.deliver().value(), 1U);
}

TEST_F(Notifier, AsksAFailingEndpointNotOnceForEachMessage) {
  auto n = open();
  (void)n.add("ann", hook).value();
  answer_with(500);
  for (int i = 0; i < 50; ++i) end_build("bld_" + std::to_string(100 + i));
  EXPECT_EQ(n.deliver().value(), 1U);
  time_->advance(2s);
  end_build("bld_200");
  EXPECT_EQ(n.deliver().value(), 0U);
  time_->advance(4s);
  EXPECT_EQ(n.deliver().value(), 1U);
  answer_with(200);
  time_->advance(6min);
  EXPECT_EQ(n.deliver().value(), 51U);
}

TEST_F(Notifier, SwitchesAnEndpointOffThatIsGoneOrTakesNothingForFiveDays) {
  auto n = open();
  (void)n.add("ann", hook).value();
  end_build("bld_1");
  end_build("bld_2");
  answer_with(410);
  EXPECT_EQ(n.deliver().value(), 1U);
  EXPECT_EQ(only(n).disabled_at, start);
  EXPECT_EQ(only(n).waiting, 0U);
  end_build("bld_3");
  time_->advance(1h);
  EXPECT_EQ(n.deliver().value(), 0U);

  const auto other = n.add("bob", hook).value();
  answer_with(500);
  for (int hour = 0; hour < 24 * 5 + 12; ++hour) {
    if (hour % 12 == 0) end_build("bld_" + std::to_string(1000 + hour), "bob");
    (void)n.deliver().value();
    time_->advance(1h);
  }
  EXPECT_TRUE(n.list("bob").value().front().disabled_at);
  EXPECT_EQ(n.list("bob").value().front().waiting, 0U);
}

TEST_F(Notifier, TakesAndForgetsEndpoints) {
  auto n = open();
  const auto made = n.add("ann", hook).value();
  EXPECT_EQ(n.add("ann", hook).error().code(), errc::conflict);
  EXPECT_TRUE(n.add("bob", hook));
  end_build("bld_1");
  EXPECT_TRUE(n.remove("ann", made.id));
  EXPECT_EQ(n.remove("ann", made.id).error().code(), errc::not_found);
  EXPECT_EQ(n.deliver().value(), 0U);
  const auto again = n.add("ann", hook).value();
  EXPECT_NE(again.id, made.id);
  EXPECT_NE(again.secret, made.secret);
}

TEST_F(Notifier, TakesTenEndpointsOfAUserAndNoMore) {
  auto n = open();
  for (std::size_t i = 0; i < notifier::most_endpoints; ++i)
    EXPECT_TRUE(n.add("ann", std::string(hook) + std::to_string(i)));
  const auto refused = n.add("ann", hook);
  EXPECT_EQ(refused.error().code(), errc::limit_exceeded);
  ASSERT_TRUE(refused.error().usage());
  EXPECT_EQ(refused.error().usage()->limit, 10);
  EXPECT_TRUE(n.add("bob", hook));
}

TEST_F(Notifier, RefusesUrlsThatAreNoneOrLeadInside) {
  auto n = open();
  for (const auto& url :
       std::vector<std::string>{"", "example.com", "ftp://example.com/", "http://example.com/", "HTTP://example.com/",
                                "https://localhost/", "https://127.0.0.1/", "https://[::1]/",
                                "https://169.254.169.254/latest/meta-data", "https://u:p@example.com/",
                                "https://example.com/\r\nX: y", "https://example.com/" + std::string(2100, 'a')}) {
    const auto refused = n.add("ann", url);
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().code(), errc::invalid_input) << url;
    EXPECT_EQ(refused.error().subject(), "url");
  }
  EXPECT_THAT(n.list("ann").value(), IsEmpty());
  with_.allow_private = true;
  auto open_minded = open();
  EXPECT_TRUE(open_minded.add("ann", "http://127.0.0.1:1234/"));
  end_build("bld_1");
  EXPECT_EQ(open_minded.deliver().value(), 1U);
  EXPECT_FALSE(sent_[0].public_only);
}

TEST_F(Notifier, TellsAUserNothingOfTheNetworkBehindAFailure) {
  auto n = open();
  (void)n.add("ann", hook).value();
  end_build("bld_1");
  answer_ = [](const http_request&) -> result<http_response> {
    return error(errc::unavailable, "the outside service could not be reached", "connect 10.1.2.3: refused");
  };
  EXPECT_EQ(n.deliver().value(), 1U);
  EXPECT_EQ(only(n).last_status, 0);
  EXPECT_THAT(only(n).last_error, HasSubstr("could not be reached"));
  EXPECT_THAT(only(n).last_error, Not(HasSubstr("10.1.2.3")));
}

TEST_F(Notifier, SendsAgainWhatACrashCutOff) {
  auto first = open();
  (void)first.add("ann", hook).value();
  end_build("bld_1");
  std::promise<void> released;
  const auto gate = released.get_future().share();
  std::stop_source stop;
  answer_ = [gate, &stop](const http_request&) {
    stop.request_stop();
    gate.wait();
    return status(200);
  };
  EXPECT_EQ(first.deliver(stop.get_token()).value(), 1U);  // returns though nobody has answered
  auto second = open();
  EXPECT_EQ(second.deliver().value(), 0U);  // somebody may be at it
  released.set_value();
  answer_with(200);
  time_->advance(31s);
  EXPECT_EQ(second.deliver().value(), 1U);
  EXPECT_EQ(only(second).waiting, 0U);
  ASSERT_THAT(sent_, SizeIs(2));
  EXPECT_EQ(header(sent_[0], "webhook-id"), header(sent_[1], "webhook-id"));
}

TEST_F(Notifier, LetsNoSlowEndpointHoldUpTheOthers) {
  auto n = open();
  (void)n.add("ann", "https://slow.example.com/").value();
  (void)n.add("ann", "https://quick.example.com/").value();
  std::promise<void> released;
  const auto gate = released.get_future().share();
  std::atomic<int> quick{0};
  answer_ = [gate, &quick, &released](const http_request& r) {
    if (r.url.find("slow") != std::string::npos) {
      gate.wait();
    } else if (++quick == 20) {
      released.set_value();  // only then may the slow one answer
    }
    return status(200);
  };
  for (int i = 0; i < 20; ++i) end_build("bld_" + std::to_string(100 + i));
  EXPECT_EQ(n.deliver().value(), 40U);
  EXPECT_EQ(quick, 20);
}

TEST_F(Notifier, SendsEachMessageOnceWhenManyDeliverAtOnce) {
  auto n = open();
  for (int i = 0; i < 5; ++i) (void)n.add("ann", std::string(hook) + std::to_string(i)).value();
  for (int i = 0; i < 10; ++i) end_build("bld_" + std::to_string(100 + i));
  std::vector<std::thread> many;
  many.reserve(4);
  for (int i = 0; i < 4; ++i) many.emplace_back([&n] { EXPECT_TRUE(n.deliver()); });
  for (auto& t : many) t.join();
  EXPECT_EQ(n.deliver().value(), 0U);
  std::set<std::string> ids;
  for (const auto& r : sent_) ids.insert(header(r, "webhook-id"));
  EXPECT_EQ(sent_.size(), 50U);
  EXPECT_EQ(ids.size(), 50U);
}

TEST_F(Notifier, MakesValidJsonOfAnyMessage) {
  auto n = open();
  (void)n.add("ann", hook).value();
  add("bld_1");
  const auto job = claim();
  auto end = an_end(build_status::failed);
  end.message = "caf\xE9 \"quoted\"\n\x01";
  ASSERT_TRUE(builds_.finish(job.info.id, job.fence, end, start).value());
  (void)n.deliver().value();
  EXPECT_EQ(json::parse(sent_.at(0).body).at("data").at("message"), "caf\xEF\xBF\xBD \"quoted\"\n\x01");
}

TEST_F(Notifier, LeavesATrailOfWhoIsTold) {
  auto n = open();
  const auto made = n.add("ann", "https://example.com/?token=hunter2").value();
  (void)n.remove("ann", made.id);
  environment parts;
  parts.db = db_;
  const auto trail = billing::open({}, std::move(parts)).value().audit("ann", 10).value();
  ASSERT_THAT(trail, SizeIs(2));
  EXPECT_EQ(trail[0].what, "endpoint.removed");
  EXPECT_EQ(trail[1].what, "endpoint.added");
  EXPECT_EQ(trail[1].detail, made.id);
}

}  // namespace
