// The runner over a database, with a clock that the test moves.
#include "src/functions/execution.hpp"
#include "src/store/function_store.hpp"

#include <texbuild/database.hpp>
#include <texbuild/function_runner.hpp>
#include <texbuild/testing.hpp>

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

json_text n(int value) { return json_text::object({{"n", value}}); }

struct FunctionRunner : ::testing::Test {
  function_options on(const std::string& id, const std::string& event = "app/go") {
    function_options o;
    o.id = id;
    o.triggers = {{event}};
    return o;
  }
  void add(const function_options& o, function_body body) { host.add(o, std::move(body)).value(); }
  function_runner open() {
    environment parts;
    parts.db = db;
    parts.time = time;
    parts.random = random;
    return function_runner::open(host, options, parts).value();
  }
  static std::string send(function_runner& to, const std::string& name = "app/go", json_text data = n(1)) {
    return to.send({{name, std::move(data)}}).value().at(0);
  }
  static recorded_run only(function_runner& of, const std::string& event) {
    const auto all = of.runs_of(event).value();
    EXPECT_THAT(all, SizeIs(1));
    return all.empty() ? recorded_run() : all.front();
  }
  std::int64_t count(const std::string& table) const {
    std::int64_t out = -1;
    db->read([&](sql_session& s) -> result<void> {
        const auto rows = s.run("SELECT COUNT(*) FROM " + table);
        if (!rows) return rows.error();
        out = rows->front().integer(0);
        return {};
      }).value();
    return out;
  }
  void nothing_is_left_to_do() const {
    EXPECT_EQ(count("function_tasks"), 0);
    EXPECT_EQ(count("function_waits"), 0);
  }

  std::shared_ptr<database> db = open_sqlite(":memory:").value();
  std::shared_ptr<texbuild::testing::manual_clock> time =
      std::make_shared<texbuild::testing::manual_clock>(std::chrono::system_clock::time_point(1'790'000'000s));
  std::shared_ptr<entropy> random = std::make_shared<texbuild::testing::fixed_entropy>();
  function_host host{"app"};
  function_runner_options options;
};

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

TEST_F(FunctionRunner, SendsFromAStepOnce) {
  int started = 0;
  bool fail = true;
  auto o = on("f");
  add(o, [&](function_run& step) -> json_text {
    step.send("tell", {{"app/told", n(1)}, {"app/told", n(2)}});
    return {};
  });
  add(on("g", "app/told"), [&](function_run&) -> json_text { return ++started; });
  // The events are stored, but the step is not recorded: as if the process had died in between.
  struct dying : database {
    dying(std::shared_ptr<database> d, bool& f) : of(std::move(d)), fail(f) {}
    result<void> write(const std::function<result<void>(sql_session&)>& body) override {
      if (fail && ++writes == 3) return error(errc::unavailable, "killed");
      return of->write(body);
    }
    result<void> read(const std::function<result<void>(sql_session&)>& body) override { return of->read(body); }
    std::shared_ptr<database> of;
    bool& fail;
    int writes = 0;
  };
  auto runner = open();
  const auto event = send(runner);
  environment parts;
  auto weak = std::make_shared<dying>(db, fail);
  parts.db = weak;
  parts.time = time;
  parts.random = random;
  auto first = function_runner::open(host, options, parts).value();
  weak->writes = 0;  // claim, send, settle
  EXPECT_FALSE(first.run_due());
  EXPECT_EQ(count("function_runs"), 3);
  time->advance(31s);
  runner.run_due().value();
  EXPECT_EQ(started, 2);
  EXPECT_EQ(only(runner, event).status, run_status::completed);
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

TEST_F(FunctionRunner, GoesOnWhereAnotherProcessDied) {
  int ran = 0;
  add(on("f"), [&](function_run& step) -> json_text {
    step.run("a", [&] { ++ran; });
    step.run("b", [&] { ++ran; });
    return "done";
  });
  store::function_store rows(db, [](const auto&, const auto&, const auto&) { return true; });
  auto runner = open();
  const auto event = send(runner);
  const auto now = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time->now().time_since_epoch()).count();
  };
  const auto lost = rows.claim(now(), 30'000).value();  // a process takes it and is killed
  ASSERT_TRUE(lost);
  EXPECT_EQ(runner.run_due().value(), 0U);
  time->advance(30s);
  EXPECT_EQ(runner.run_due().value(), 3U);
  EXPECT_EQ(only(runner, event).output.text(), R"("done")");
  EXPECT_EQ(ran, 2);
  // What the dead one had to say comes too late, whatever it is.
  store::settlement late;
  late.next = store::settlement::next_step::end;
  late.status = 2;
  EXPECT_FALSE(rows.settle(*lost, late, now()).value().done);
  EXPECT_FALSE(rows.renew(*lost, now() + 1000).value());
  EXPECT_EQ(only(runner, event).status, run_status::completed);
}

TEST_F(FunctionRunner, LetsNoOldLeaseFitANewTaskOfTheSameRun) {
  add(on("f"), [](function_run& step) -> json_text {
    step.sleep("nap", 1s);
    return {};
  });
  store::function_store rows(db, [](const auto&, const auto&, const auto&) { return true; });
  auto runner = open();
  send(runner);
  const auto now = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time->now().time_since_epoch()).count();
  };
  const auto old = rows.claim(now(), 10).value();
  time->advance(1s);
  runner.run_due().value();  // sleeps
  time->advance(1s);
  const auto fresh = rows.claim(now(), 30'000).value();
  ASSERT_TRUE(old && fresh);
  EXPECT_EQ(old->target, fresh->target);
  EXPECT_FALSE(rows.settle(*old, store::settlement(), now()).value().done);
  EXPECT_TRUE(rows.settle(*fresh, store::settlement(), now()).value().done);
}

TEST_F(FunctionRunner, GivesUpOnAStepThatEndsTheProcessEachTime) {
  add(on("f"), [](function_run& step) -> json_text { return step.run("a", [] { return 1; }); });
  store::function_store rows(db, [](const auto&, const auto&, const auto&) { return true; });
  auto runner = open();
  const auto event = send(runner);
  const auto now = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time->now().time_since_epoch()).count();
  };
  for (int i = 0; i < 25; ++i, time->advance(1s)) ASSERT_TRUE(rows.claim(now(), 1000).value());
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).status, run_status::failed);
  EXPECT_THAT(only(runner, event).error_message, HasSubstr("again and again"));
}

TEST_F(FunctionRunner, LeavesFunctionsThatItDoesNotKnowToOthers) {
  add(on("f"), [](function_run&) -> json_text { return {}; });
  auto with = open();
  const auto event = send(with);
  host = function_host("app");
  add(on("g"), [](function_run&) -> json_text { return {}; });
  auto without = open();
  EXPECT_EQ(without.run_due().value(), 1U);
  EXPECT_EQ(only(with, event).status, run_status::running);
  time->advance(60s);
  with.run_due().value();
  EXPECT_EQ(only(with, event).status, run_status::completed);
}

TEST_F(FunctionRunner, ForgetsRunsThatEndedLongAgo) {
  add(on("f"), [](function_run& step) -> json_text { return step.run("a", [] { return 1; }); });
  auto waiting = on("w", "app/wait");
  add(waiting, [](function_run& step) -> json_text {
    step.sleep("long", 24h * 300);
    return {};
  });
  auto runner = open();
  for (int i = 0; i < 450; ++i) send(runner);
  const auto kept = send(runner, "app/wait");
  runner.run_due().value();
  time->advance(8 * 24h);
  runner.run_due().value();
  EXPECT_EQ(count("function_runs"), 1);
  EXPECT_EQ(count("function_steps"), 0);
  EXPECT_EQ(count("function_events"), 0);
  EXPECT_EQ(only(runner, kept).status, run_status::running);
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

TEST_F(FunctionRunner, WorksOnManyRunsAtTheSameTimeAndDoesEachStepOnce) {
  constexpr int runs = 40;
  std::array<std::array<std::atomic<int>, 4>, runs> ran{};
  std::latch ended(runs);
  add(on("f"), [&](function_run& step) -> json_text {
    auto& mine = ran.at(static_cast<std::size_t>(step.data("/n").as_integer().value()));
    step.run("a", [&] { ++mine[0]; });
    step.parallel([&] { step.run("b", [&] { ++mine[1]; }); }, [&] { step.run("c", [&] { ++mine[2]; }); });
    step.run("d", [&] { ++mine[3]; });
    step.send("tell", {{"app/ended", n(1)}});
    return {};
  });
  add(on("e", "app/ended"), [&](function_run&) -> json_text {
    ended.count_down();
    return {};
  });
  options.workers = 3;
  auto one = open();
  auto two = open();
  std::jthread first([&](const std::stop_token& stop) { EXPECT_TRUE(one.work(stop)); });
  std::jthread second([&](const std::stop_token& stop) { EXPECT_TRUE(two.work(stop)); });
  std::vector<std::string> events;
  for (int i = 0; i < runs; ++i) events.push_back(send(i % 2 == 0 ? one : two, "app/go", n(i)));
  ended.wait();
  first.request_stop();
  second.request_stop();
  first.join();
  second.join();
  one.run_due().value();
  for (const auto& counts : ran)
    for (const auto& count : counts) EXPECT_EQ(count, 1);
  for (const auto& event : events) EXPECT_EQ(only(one, event).status, run_status::completed);
  nothing_is_left_to_do();
}

TEST_F(FunctionRunner, LetsAShortRunPassALongOne) {
  std::vector<std::string> order;
  auto o = on("long", "app/long");
  add(o, [&](function_run& step) -> json_text {
    for (int i = 0; i < 100; ++i) step.run("a", [&] { time->advance(1ms); });
    step.run("end", [&] { order.emplace_back("long"); });
    return {};
  });
  add(on("short", "app/short"), [&](function_run& step) -> json_text {
    step.run("end", [&] { order.emplace_back("short"); });
    return {};
  });
  auto runner = open();
  send(runner, "app/long");
  send(runner, "app/short");
  runner.run_due().value();
  EXPECT_THAT(order, ElementsAre("short", "long"));
}

TEST_F(FunctionRunner, RunsBranchesAtTheSameTime) {
  std::latch both(2);
  std::promise<void> ended;
  add(on("f"), [&](function_run& step) -> json_text {
    step.parallel([&] { step.run("a", [&] { both.arrive_and_wait(); }); },
                  [&] { step.run("b", [&] { both.arrive_and_wait(); }); });
    ended.set_value();
    return {};
  });
  auto runner = open();
  std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(runner.work(stop)); });
  send(runner);
  ended.get_future().wait();
}

TEST_F(FunctionRunner, CountsNothingAgainstAStepThatIsAskedToStop) {
  auto o = on("f");
  o.retries = 0;
  std::promise<void> begun;
  bool stopping = true;
  add(o, [&](function_run& step) -> json_text {
    return step.run("long", [&]() -> int {
      if (!stopping) return step.attempt();
      std::promise<void> asked;
      const std::stop_callback tell(step.stopping(), [&] { asked.set_value(); });
      begun.set_value();
      asked.get_future().wait();
      throw std::runtime_error("stopped");
    });
  });
  auto runner = open();
  const auto event = send(runner);
  {
    std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(runner.work(stop)); });
    begun.get_future().wait();
  }
  stopping = false;
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).output.text(), "0");
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
