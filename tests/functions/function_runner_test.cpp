// What the runner over a database makes of a function.
#include "tests/functions/runner_fixture.hpp"

namespace {

using namespace texbuild_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(FunctionRunner, RunsEachStepOnceAndKeepsWhatTheFunctionGave) {
  int a = 0;
  int b = 0;
  add(on("f"), [&](function_run& step) -> json_text {
    const auto x = step.run("a", [&] { return step.data("/n").as_integer().value() + ++a; });
    const auto y = step.run("b", [&] { return ++b; });
    return json_text::array({x, y});
  });
  auto runner = open();
  const auto event = send(runner, "app/go", n(5));
  EXPECT_EQ(only(runner, event).status, run_status::running);
  EXPECT_EQ(runner.run_due().value(), 3U);
  const auto run = only(runner, event);
  EXPECT_EQ(run.status, run_status::completed);
  EXPECT_EQ(run.function, "f");
  EXPECT_EQ(run.output.text(), "[6,1]");
  EXPECT_TRUE(run.ended_at);
  EXPECT_EQ(runner.find_run(run.id).value()->event_id, event);
  EXPECT_FALSE(runner.find_run("run_none").value());
  nothing_is_left_to_do();
}

TEST_F(FunctionRunner, StartsWhatTheEventAndItsDataAskFor) {
  const function_body body = [](function_run&) -> json_text { return {}; };
  auto big = on("big");
  big.triggers = {{"app/go", "event.data.n > 10"}, {"app/other"}};
  add(on("any"), body);
  add(big, body);
  auto runner = open();
  EXPECT_THAT(runner.runs_of(send(runner, "app/go", n(1))).value(), SizeIs(1));
  EXPECT_THAT(runner.runs_of(send(runner, "app/go", n(11))).value(), SizeIs(2));
  EXPECT_THAT(runner.runs_of(send(runner, "app/other")).value(), SizeIs(1));
  EXPECT_THAT(runner.runs_of(send(runner, "app/none")).value(), SizeIs(0));
}

TEST_F(FunctionRunner, StartsNothingForASecondEventWithTheSameId) {
  int ran = 0;
  add(on("f"), [&](function_run&) -> json_text { return ++ran; });
  auto runner = open();
  function_event e("app/go");
  e.id = "once";
  EXPECT_THAT(runner.send({e, e}).value(), ElementsAre("once", "once"));
  runner.run_due().value();
  runner.send({e}).value();
  runner.run_due().value();
  EXPECT_EQ(ran, 1);
  time->advance(8 * 24h);
  runner.run_due().value();  // forgets
  runner.send({e}).value();
  runner.run_due().value();
  EXPECT_EQ(ran, 2);
}

TEST_F(FunctionRunner, TakesAllEventsOrNone) {
  add(on("f"), [](function_run&) -> json_text { return {}; });
  auto runner = open();
  EXPECT_EQ(runner.send({function_event("app/go"), function_event("")}).error().code(), errc::invalid_input);
  EXPECT_EQ(runner.send({function_event("app/go", 7)}).error().code(), errc::invalid_input);
  EXPECT_EQ(count("function_runs"), 0);
}

TEST_F(FunctionRunner, SleepsWithoutHoldingAnything) {
  add(on("f"), [&](function_run& step) -> json_text {
    step.sleep("nap", 90s);
    step.sleep_until("until", std::chrono::system_clock::time_point(1'790'000'200s));
    step.sleep("none", 0s);
    return "awake";
  });
  auto runner = open();
  const auto event = send(runner);
  EXPECT_EQ(runner.run_due().value(), 1U);
  EXPECT_EQ(runner.next_due().value(), std::chrono::system_clock::time_point(1'790'000'090s));
  time->advance(89s);
  EXPECT_EQ(runner.run_due().value(), 0U);
  time->advance(1s);
  EXPECT_EQ(runner.run_due().value(), 1U);
  EXPECT_EQ(runner.next_due().value(), std::chrono::system_clock::time_point(1'790'000'200s));
  time->advance(1h);
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).output.text(), R"("awake")");
}

TEST_F(FunctionRunner, WakesForTheEventThatIsMeantAndForNoOther) {
  add(on("f"), [](function_run& step) -> json_text {
    const auto come = step.wait_for_event("approval", {"app/approved", 1h, "async.data.n == event.data.n"});
    return come ? come->find("/data/who").value() : json_text("nobody");
  });
  auto runner = open();
  const auto event = send(runner, "app/go", n(7));
  send(runner, "app/approved", json_text::object({{"n", 7}, {"who", "too early"}}));
  runner.run_due().value();
  send(runner, "app/approved", json_text::object({{"n", 8}, {"who", "another"}}));
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).status, run_status::running);
  send(runner, "app/approved", json_text::object({{"n", 7}, {"who", "ann"}}));
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).output.text(), R"("ann")");
  nothing_is_left_to_do();
  const auto second = send(runner, "app/go", n(9));
  runner.run_due().value();
  time->advance(1h);
  runner.run_due().value();
  EXPECT_EQ(only(runner, second).output.text(), R"("nobody")");
}

TEST_F(FunctionRunner, FailsAWaitWhoseExpressionItDoesNotUnderstand) {
  add(on("f"), [](function_run& step) -> json_text {
    step.wait_for_event("x", {"app/x", 1h, "size(async.data) > 1"});
    return {};
  });
  auto runner = open();
  const auto event = send(runner);
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).status, run_status::failed);
  EXPECT_THAT(only(runner, event).error_message, HasSubstr("size(async.data)"));
}

TEST_F(FunctionRunner, TriesAStepAgainAtGrowingIntervalsAndThenGivesUp) {
  std::vector<std::int64_t> at;
  auto o = on("f");
  o.retries = 2;
  add(o, [&](function_run& step) -> json_text {
    return step.run("bad", [&]() -> int {
      at.push_back(std::chrono::duration_cast<std::chrono::seconds>(time->now().time_since_epoch()).count() -
                   1'790'000'000);
      EXPECT_EQ(step.attempt(), static_cast<int>(at.size()) - 1);
      throw std::runtime_error("boom");
    });
  });
  auto runner = open();
  const auto event = send(runner);
  for (int s = 0; s < 150; ++s) {
    runner.run_due().value();
    time->advance(1s);
  }
  EXPECT_THAT(at, ElementsAre(0, 10, 40));
  const auto run = only(runner, event);
  EXPECT_EQ(run.status, run_status::failed);
  EXPECT_EQ(run.error_name, "Error");
  EXPECT_EQ(run.error_message, "boom");
  nothing_is_left_to_do();
}

TEST_F(FunctionRunner, CountsTheAttemptsOfEachStepForItself) {
  auto o = on("f");
  o.retries = 1;
  int a = 0;
  int b = 0;
  add(o, [&](function_run& step) -> json_text {
    step.run("a", [&] {
      if (++a < 2) throw std::runtime_error("a");
    });
    step.run("b", [&] {
      if (++b < 2) throw std::runtime_error("b");
    });
    return "done";
  });
  auto runner = open();
  const auto event = send(runner);
  for (int i = 0; i < 5; ++i, time->advance(1min)) runner.run_due().value();
  EXPECT_EQ(only(runner, event).status, run_status::completed);
}

TEST_F(FunctionRunner, ObeysWhatTheStepSaysAboutTryingAgain) {
  int never = 0;
  int later = 0;
  add(on("never"), [&](function_run& step) -> json_text {
    return step.run("x", [&]() -> int {
      ++never;
      throw non_retriable_error("no");
    });
  });
  add(on("later"), [&](function_run& step) -> json_text {
    return step.run("x", [&]() -> int {
      if (++later < 2) throw retry_after_error("wait", 3min);
      return later;
    });
  });
  auto runner = open();
  send(runner);
  for (int i = 0; i < 179; ++i, time->advance(1s)) runner.run_due().value();
  EXPECT_EQ(never, 1);
  EXPECT_EQ(later, 1);
  time->advance(1s);
  runner.run_due().value();
  EXPECT_EQ(later, 2);
}

TEST_F(FunctionRunner, GoesOnAfterAStepThatFailedWhenTheFunctionCatchesIt) {
  auto o = on("f");
  o.retries = 0;
  add(o, [](function_run& step) -> json_text {
    try {
      step.run("risky", [] { throw std::runtime_error("boom"); });
    } catch (const step_error& e) {
      return step.run("clean up", [&] { return std::string("after ") + e.what(); });
    }
    return {};
  });
  auto runner = open();
  const auto event = send(runner);
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).output.text(), R"("after boom")");
}

TEST_F(FunctionRunner, TellsTheFunctionThatHandlesFailures) {
  auto o = on("f");
  o.retries = 0;
  std::string told;
  o.on_failure = [&](function_run& step) -> json_text {
    told = step.data("/error/message").as_text().value() + ", " + step.data("/event/data/n").text() + ", " +
           step.data("/function_id").as_text().value();
    throw non_retriable_error("the handler fails too");
  };
  add(o, [](function_run&) -> json_text { throw std::runtime_error("boom"); });
  auto all = on("all", "inngest/function.failed");
  int seen = 0;
  add(all, [&](function_run&) -> json_text {
    ++seen;
    throw non_retriable_error("and this one");
  });
  auto runner = open();
  send(runner, "app/go", n(3));
  EXPECT_LT(runner.run_due().value(), 10U);
  EXPECT_EQ(told, "boom, 3, app-f");
  EXPECT_EQ(seen, 1);
}

TEST_F(FunctionRunner, RunsBranchesAndJoinsThem) {
  std::vector<std::string> order;
  add(on("f"), [&](function_run& step) -> json_text {
    json_text a;
    json_text b;
    step.parallel(
        [&] {
          step.run("a1", [&] { order.emplace_back("a1"); });
          a = step.run("a2", [&] {
            order.emplace_back("a2");
            return 1;
          });
        },
        [&] {
          b = step.run("b1", [&] {
            order.emplace_back("b1");
            return 2;
          });
        },
        [&] { step.sleep("c", 10s); });
    return step.run("join", [&] {
      order.emplace_back("join");
      return json_text::array({a, b});
    });
  });
  auto runner = open();
  const auto event = send(runner);
  runner.run_due().value();
  EXPECT_THAT(order, ::testing::UnorderedElementsAre("a1", "a2", "b1"));
  time->advance(10s);
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).output.text(), "[1,2]");
  EXPECT_EQ(order.back(), "join");
  EXPECT_EQ(order.size(), 4U);
  nothing_is_left_to_do();
}

TEST_F(FunctionRunner, InvokesAnotherFunction) {
  add(on("f"), [](function_run& step) -> json_text {
    try {
      step.invoke("no", "none", n(1));
    } catch (const step_error& e) {
      EXPECT_THAT(e.what(), HasSubstr("none"));
    }
    std::string why;
    try {
      step.invoke("dies", "dies", n(1));
    } catch (const step_error& e) {
      why = e.what();
    }
    try {
      step.invoke("slow", "slow", n(1), 5s);
    } catch (const step_error& e) {
      why += std::string(", ") + e.name();
    }
    return json_text::array({step.invoke("good", "g", n(20)), why});
  });
  auto g = on("g", "app/none");
  add(g, [](function_run& step) -> json_text { return step.data("/n").as_integer().value() + 1; });
  add(on("dies", "app/none"), [](function_run&) -> json_text { throw non_retriable_error("dead"); });
  add(on("slow", "app/none"), [](function_run& step) -> json_text {
    step.sleep("x", 1h);
    return {};
  });
  auto runner = open();
  const auto event = send(runner);
  runner.run_due().value();
  time->advance(5s);
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).output.text(), R"([21,"dead, InvokeTimeoutError"])");
  time->advance(1h);
  runner.run_due().value();
  nothing_is_left_to_do();
}

TEST_F(FunctionRunner, CancelsWhatAnEventCancels) {
  auto o = on("f");
  o.cancel_on = {{"app/stop", "async.data.n == event.data.n", std::chrono::seconds(60)}};
  int later = 0;
  add(o, [&](function_run& step) -> json_text {
    step.wait_for_event("w", {"app/stop", 1h, ""});
    step.run("later", [&] { ++later; });
    return {};
  });
  auto runner = open();
  const auto one = send(runner, "app/go", n(1));
  const auto two = send(runner, "app/go", n(2));
  const auto three = send(runner, "app/go", n(3));
  runner.run_due().value();
  send(runner, "app/stop", n(1));
  runner.run_due().value();
  EXPECT_EQ(only(runner, one).status, run_status::canceled);
  EXPECT_EQ(only(runner, two).status, run_status::completed);  // it waited for any
  const auto four = send(runner, "app/go", n(4));
  runner.run_due().value();
  time->advance(61s);
  send(runner, "app/stop", n(4));
  runner.run_due().value();
  EXPECT_EQ(only(runner, four).status, run_status::completed);
  EXPECT_EQ(only(runner, three).status, run_status::completed);
  EXPECT_EQ(later, 3);
  nothing_is_left_to_do();
}

TEST_F(FunctionRunner, NamesWhatItDoesNotDo) {
  const auto refused = [&](auto change) {
    host = function_host("app");
    auto o = on("f");
    change(o);
    add(o, [](function_run&) -> json_text { return {}; });
    environment parts;
    parts.db = db;
    const auto opened = function_runner::open(host, options, parts);
    return opened ? std::string() : opened.error().detail();
  };
  EXPECT_EQ(refused([](auto&) {}), "");
  EXPECT_THAT(refused([](auto& o) { o.triggers = {function_trigger::at("* * * * *")}; }), HasSubstr("by time"));
  EXPECT_THAT(refused([](auto& o) { o.concurrency.resize(1); }), HasSubstr("concurrency"));
  EXPECT_THAT(refused([](auto& o) { o.throttle.emplace(); }), HasSubstr("throttle"));
  EXPECT_THAT(refused([](auto& o) { o.rate_limit.emplace(); }), HasSubstr("rate limit"));
  EXPECT_THAT(refused([](auto& o) { o.debounce.emplace(); }), HasSubstr("debounce"));
  EXPECT_THAT(refused([](auto& o) { o.batch.emplace(); }), HasSubstr("batches"));
  EXPECT_THAT(refused([](auto& o) { o.singleton.emplace(); }), HasSubstr("singleton"));
  EXPECT_THAT(refused([](auto& o) { o.priority = "1"; }), HasSubstr("priority"));
  EXPECT_THAT(refused([](auto& o) { o.idempotency = "event.id"; }), HasSubstr("idempotency"));
  EXPECT_THAT(refused([](auto& o) { o.finish_timeout = 1s; }), HasSubstr("time-out"));
  EXPECT_THAT(refused([](auto& o) {
                o.triggers = {{"app/go", "size(event.data) > 1"}};
              }),
              HasSubstr("size(event.data)"));
  EXPECT_THAT(refused([](auto& o) { o.cancel_on = {{"app/x", "a?b:c", {}}}; }), HasSubstr("a?b:c"));
  EXPECT_FALSE(function_runner::open(host, options, environment()));
}

TEST_F(FunctionRunner, EndsARunWithItsValueHoweverDeepOrLongThatIs) {
  add(on("deep"), [](function_run& step) -> json_text {
    return step.run("a", [] { return json_text::parse(std::string(95, '[') + std::string(95, ']')).value(); });
  });
  auto runner = open();
  const auto event = send(runner);
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).status, run_status::failed);
  const auto deep = json_text::object({{"x", json_text::parse(std::string(95, '[') + std::string(95, ']')).value()}});
  EXPECT_EQ(runner.send({{"app/go", deep}}).error().code(), errc::invalid_input);
}

}  // namespace
