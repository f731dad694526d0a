// Several workers, processes that die, and what is old.
#include "src/store/function_store.hpp"
#include "tests/functions/runner_fixture.hpp"

#include <array>
#include <atomic>
#include <future>
#include <latch>
#include <thread>

namespace {

using namespace texbuild_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

TEST_F(FunctionRunner, KeepsTheLeaseOfABodyThatTakesLonger) {
  options.lease = 100ms;
  int ran = 0;
  std::promise<void> ended;
  auto other = open();
  add(on("f"), [&](function_run& step) -> json_text {
    step.run("long", [&] {
      ++ran;
      for (int i = 0; i < 6; ++i) {
        time->advance(60ms);
        while (other.next_due().value() < time->now() + 100ms) std::this_thread::yield();  // until it is renewed
        EXPECT_EQ(other.run_due().value(), 0U);
      }
    });
    ended.set_value();
    return {};
  });
  auto runner = open();
  {
    std::jthread thread([&](const std::stop_token& stop) { EXPECT_TRUE(runner.work(stop)); });
    send(runner);
    ended.get_future().wait();
  }
  EXPECT_EQ(ran, 1);
}

TEST_F(FunctionRunner, EndsItsWorkWithTheErrorOfTheDatabase) {
  struct broken : database {
    explicit broken(std::shared_ptr<database> d) : of(std::move(d)) {}
    result<void> write(const std::function<result<void>(sql_session&)>& body) override {
      return fails ? error(errc::insufficient_storage, "full") : of->write(body);
    }
    result<void> read(const std::function<result<void>(sql_session&)>& body) override { return of->read(body); }
    std::shared_ptr<database> of;
    std::atomic<bool> fails = false;
  };
  auto disk = std::make_shared<broken>(db);
  db = disk;
  add(on("f"), [](function_run&) -> json_text { return "done"; });
  auto runner = open();
  const auto event = send(runner);
  disk->fails = true;
  EXPECT_EQ(runner.work({}).error().code(), errc::insufficient_storage);
  EXPECT_EQ(runner.send({function_event("app/go")}).error().code(), errc::insufficient_storage);
  disk->fails = false;
  time->advance(31s);
  runner.run_due().value();
  EXPECT_EQ(only(runner, event).status, run_status::completed);
}

TEST_F(FunctionRunner, WritesALittleAtATimeWhenManyWaitsAreOverAtOnce) {
  struct counting : database {
    struct session : sql_session {
      explicit session(sql_session& s) : of(s) {}
      result<std::vector<sql_row>> run(std::string_view sql, std::span<const sql_value> parameters) override {
        ++statements;
        return of.run(sql, parameters);
      }
      [[nodiscard]] std::int64_t changed() const override { return of.changed(); }
      sql_session& of;
      int statements = 0;
    };
    explicit counting(std::shared_ptr<database> d) : of(std::move(d)) {}
    result<void> write(const std::function<result<void>(sql_session&)>& body) override {
      return of->write([&](sql_session& s) {
        session counted(s);
        auto done = body(counted);
        longest = std::max(longest, counted.statements);
        return done;
      });
    }
    result<void> read(const std::function<result<void>(sql_session&)>& body) override { return of->read(body); }
    std::shared_ptr<database> of;
    int longest = 0;
  };
  auto counted = std::make_shared<counting>(db);
  db = counted;
  constexpr int runs = 450;
  add(on("f"), [](function_run& step) -> json_text {
    step.sleep("nap", 1h);
    return {};
  });
  auto runner = open();
  for (int i = 0; i < runs; ++i) send(runner);
  runner.run_due().value();
  counted->longest = 0;
  time->advance(2h);
  runner.run_due().value();
  EXPECT_GT(counted->longest, 0);
  EXPECT_LT(counted->longest, 2 * runs);  // each wait takes several statements
  nothing_is_left_to_do();
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

}  // namespace
