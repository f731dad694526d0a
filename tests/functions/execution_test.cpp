// One call of a durable function, step by step.
#include "src/functions/execution.hpp"

#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using namespace texbuild::functions;
using kind = execution_outcome::kind;

json_text json(const std::string& text) { return json_text::parse(text).value(); }

struct Execution : ::testing::Test {
  Execution() { call.events.push_back(json(R"({"name":"app/go","data":{"n":7},"id":"e1","ts":1})")); }

  execution_outcome run(const function_body& body) {
    return execute(body, call, [this](const std::vector<function_event>& events) -> result<std::vector<std::string>> {
      if (sending_fails) return *sending_fails;
      std::vector<std::string> ids;
      for (const auto& e : events) ids.push_back(e.id);
      sent.insert(sent.end(), events.begin(), events.end());
      return ids;
    });
  }
  void remember(const std::string& id, const std::string& value) { call.steps[step_hash(id)] = json(value); }

  execution_call call;
  std::vector<function_event> sent;
  std::optional<error> sending_fails;
};

TEST_F(Execution, RunsOneNewStepAndNoMore) {
  int a = 0;
  int b = 0;
  const function_body body = [&](function_run& step) -> json_text {
    const auto x = step.run("a", [&] { return ++a; });
    step.run("b", [&] { ++b; });
    return x;
  };
  auto out = run(body);
  ASSERT_EQ(out.what, kind::stopped);
  ASSERT_EQ(out.ops.size(), 1U);
  EXPECT_EQ(out.ops[0].kind, op_kind::ran);
  EXPECT_EQ(out.ops[0].data.text(), "1");
  remember("a", R"({"data":1})");
  out = run(body);
  EXPECT_EQ(out.ops[0].id, "b");
  EXPECT_TRUE(out.ops[0].data.is_null());
  remember("b", R"({"data":null})");
  out = run(body);
  EXPECT_EQ(out.what, kind::finished);
  EXPECT_EQ(out.value.text(), "1");
  EXPECT_EQ(a + b, 2);
}

TEST_F(Execution, StopsAlsoWhenTheBodySwallowsTheStop) {
  int later = 0;
  const function_body body = [&](function_run& step) -> json_text {
    try {
      step.run("a", [] { return 1; });
    } catch (...) {  // must not be done; is borne
    }
    step.run("b", [&] { return ++later; });
    return "end";
  };
  const auto out = run(body);
  EXPECT_EQ(out.what, kind::stopped);
  EXPECT_EQ(out.ops.size(), 1U);
  EXPECT_EQ(later, 0);
  const auto swallowed_at_the_end = run([](function_run& step) -> json_text {
    try {
      step.sleep("a", std::chrono::seconds(1));
    } catch (...) {
      throw std::runtime_error("turned into another");
    }
    return {};
  });
  EXPECT_EQ(swallowed_at_the_end.what, kind::stopped);
}

TEST_F(Execution, StopsBranchByBranchWhenTheBodyOfABranchSwallowsTheStop) {
  const auto out = run([](function_run& step) -> json_text {
    step.parallel(
        [&] {
          try {
            step.sleep("a", std::chrono::seconds(1));
          } catch (...) {
          }
        },
        [&] { step.sleep("b", std::chrono::seconds(1)); });
    return "not yet";
  });
  EXPECT_EQ(out.what, kind::stopped);
  EXPECT_EQ(out.ops.size(), 2U);
}

TEST_F(Execution, GivesTheFailureOfAStepBackUnderItsName) {
  remember("risky", R"({"error":{"name":"TypeError","message":"x is not a y"}})");
  std::string seen;
  const auto caught = run([&](function_run& step) -> json_text {
    try {
      step.run("risky", [] {});
    } catch (const step_error& e) {
      seen = e.name() + ": " + e.what();
    }
    return seen;
  });
  EXPECT_EQ(caught.what, kind::finished);
  EXPECT_EQ(seen, "TypeError: x is not a y");
  const auto uncaught = run([](function_run& step) -> json_text { return step.run("risky", [] {}); });
  EXPECT_EQ(uncaught.what, kind::failed);
  EXPECT_EQ(uncaught.why.name, "TypeError");
  EXPECT_TRUE(uncaught.why.final);
}

TEST_F(Execution, TellsWhetherAStepMayBeTriedAgain) {
  const auto failing = [&](auto thrown) {
    return run([&](function_run& step) -> json_text { return step.run("a", [&]() -> int { throw thrown; }); })
        .ops.at(0)
        .why;
  };
  EXPECT_FALSE(failing(std::runtime_error("x")).final);
  EXPECT_TRUE(failing(non_retriable_error("x")).final);
  EXPECT_EQ(failing(retry_after_error("x", std::chrono::seconds(7))).after, std::chrono::seconds(7));
  EXPECT_EQ(failing(retry_after_error("x", std::chrono::seconds(-7))).after, std::chrono::seconds(1));
  EXPECT_EQ(failing(42).message, "something was thrown that is no std::exception");
  EXPECT_EQ(failing(step_error("Mine", "x")).name, "Mine");
  call.attempt = 3;
  EXPECT_FALSE(failing(std::runtime_error("x")).final);
  call.max_attempts = 4;
  EXPECT_TRUE(failing(std::runtime_error("x")).final);
}

TEST_F(Execution, RefusesAStepInsideOfAStep) {
  const auto out = run([](function_run& step) -> json_text {
    return step.run("outer", [&] { return step.run("inner", [] { return 1; }); });
  });
  ASSERT_EQ(out.ops.size(), 1U);
  EXPECT_EQ(out.ops[0].kind, op_kind::failed);
  EXPECT_EQ(out.ops[0].id, "outer");
  EXPECT_TRUE(out.ops[0].why.final);
}

TEST_F(Execution, PlansAllBranchesAndRunsTheOneThatIsAskedFor) {
  int a = 0;
  int b = 0;
  const function_body body = [&](function_run& step) -> json_text {
    json_text x;
    json_text y;
    step.parallel(
        [&] {
          x = step.run("a", [&] { return ++a; });
          x = step.run("a2", [&] { return 10 + ++a; });
        },
        [&] { y = step.run("b", [&] { return ++b; }); });
    return json_text::array({x, y});
  };
  auto out = run(body);
  ASSERT_EQ(out.ops.size(), 2U);
  EXPECT_EQ(out.ops[0].kind, op_kind::planned);
  EXPECT_EQ(a + b, 0);
  call.target = step_hash("b");
  out = run(body);
  ASSERT_EQ(out.ops.size(), 1U);
  EXPECT_EQ(out.ops[0].id, "b");
  EXPECT_EQ(a, 0);
  EXPECT_EQ(b, 1);
  remember("b", R"({"data":1})");
  call.target.clear();
  out = run(body);  // the only new one, in a branch: runs at once
  ASSERT_EQ(out.ops.size(), 1U);
  EXPECT_EQ(out.ops[0].kind, op_kind::ran);
  EXPECT_EQ(a, 1);
  remember("a", R"({"data":1})");
  call.plan_only = true;
  out = run(body);
  ASSERT_EQ(out.ops.size(), 1U);
  EXPECT_EQ(out.ops[0].kind, op_kind::planned);
  remember("a2", R"({"data":12})");
  EXPECT_EQ(run(body).value.text(), "[12,1]");
}

TEST_F(Execution, EndsAllBranchesBeforeTheFailureOfOne) {
  remember("a", R"({"error":{"name":"Error","message":"a died"}})");
  const function_body body = [](function_run& step) -> json_text {
    step.parallel([&] { step.run("a", [] {}); }, [&] { step.run("b", [] {}); });
    return "not reached";
  };
  auto out = run(body);
  ASSERT_EQ(out.what, kind::stopped);
  EXPECT_EQ(out.ops.at(0).id, "b");
  remember("b", R"({"data":null})");
  out = run(body);
  EXPECT_EQ(out.what, kind::failed);
  EXPECT_EQ(out.why.message, "a died");
}

TEST_F(Execution, PlansBranchesInsideOfBranches) {
  const auto out = run([](function_run& step) -> json_text {
    step.parallel(
        [&] { step.parallel([&] { step.run("a", [] {}); }, [&] { step.sleep("b", std::chrono::hours(1)); }); },
        [&] { step.run("c", [] {}); });
    return {};
  });
  EXPECT_EQ(out.ops.size(), 3U);
}

TEST_F(Execution, TellsWhatItFoundInsteadOfAStepThatIsNotThere) {
  call.target = step_hash("gone");
  int ran = 0;
  const auto out = run([&](function_run& step) -> json_text { return step.run("a", [&] { return ++ran; }); });
  EXPECT_EQ(out.what, kind::no_target);
  EXPECT_EQ(out.ops.size(), 1U);
  EXPECT_EQ(ran, 0);
}

TEST_F(Execution, RunsNothingForATargetThatIsDoneAlready) {
  remember("a", R"({"data":1})");
  call.target = step_hash("a");
  int ran = 0;
  const auto out = run([&](function_run& step) -> json_text {
    step.run("a", [&] { return ++ran; });
    return step.run("b", [&] { return ++ran; });
  });
  ASSERT_EQ(out.ops.size(), 1U);
  EXPECT_EQ(out.ops[0].kind, op_kind::planned);
  EXPECT_EQ(ran, 0);
}

TEST_F(Execution, RunsATargetWhoseInputWasRewritten) {
  remember("a", R"({"type":"step","input":[1]})");
  call.target = step_hash("a");
  int ran = 0;
  const auto out = run([&](function_run& step) -> json_text { return step.run("a", [&] { return ++ran; }); });
  ASSERT_EQ(out.ops.size(), 1U);
  EXPECT_EQ(out.ops[0].kind, op_kind::ran);
  EXPECT_EQ(ran, 1);
}

TEST_F(Execution, SendsWithIdsThatAreTheSameEachTime) {
  call.run_id = "run_1";
  const function_body body = [](function_run& step) -> json_text {
    function_event own("app/b");
    own.id = "mine";
    const auto ids = step.send("tell", {{"app/a", json_text::object({})}, own});
    return json_text::array({ids.begin(), ids.end()});
  };
  const auto once = run(body);
  const auto twice = run(body);
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[0].id, sent[2].id);
  EXPECT_EQ(sent[0].id, "run_1-" + step_hash("tell").substr(0, 16) + "-0");
  EXPECT_EQ(sent[1].id, "mine");
  call.steps[once.ops[0].hash] = json(R"({"data":)" + once.ops[0].data.text() + "}");
  EXPECT_EQ(run(body).value.elements().at(1).as_text(), "mine");
}

TEST_F(Execution, TriesAgainToSendUnlessTheEventsAreWrong) {
  const function_body body = [](function_run& step) -> json_text {
    step.send("tell", {function_event("app/a")});
    return {};
  };
  sending_fails = error(errc::unavailable, "down");
  EXPECT_FALSE(run(body).ops.at(0).why.final);
  sending_fails = error(errc::invalid_input, "bad");
  EXPECT_TRUE(run(body).ops.at(0).why.final);
}

TEST_F(Execution, WaitsNoLongerThanAYear) {
  const auto out = run([](function_run& step) -> json_text {
    step.parallel([&] { step.sleep("a", std::chrono::milliseconds::max()); },
                  [&] { step.sleep("b", std::chrono::milliseconds(-1)); },
                  [&] {
                    step.wait_for_event("c", {"app/x", std::chrono::milliseconds(0)});
                  },
                  [&] { step.invoke("d", "f", 1, std::chrono::milliseconds::max()); });
    return {};
  });
  ASSERT_EQ(out.ops.size(), 4U);
  EXPECT_EQ(out.ops[0].duration, std::chrono::hours(366 * 24));
  EXPECT_EQ(out.ops[1].duration, std::chrono::milliseconds(0));
  EXPECT_EQ(out.ops[2].wait.timeout, std::chrono::milliseconds(1));
  EXPECT_EQ(out.ops[3].timeout, std::chrono::hours(366 * 24));
}

TEST_F(Execution, NeedsAnEndAfterAThousandSteps) {
  const auto out = run([&](function_run& step) -> json_text {
    for (int i = 0; i < 2000; ++i) {
      call.steps[step_hash(i == 0 ? "x" : "x:" + std::to_string(i))] = json(R"({"data":1})");
      step.run("x", [] {});
    }
    return {};
  });
  EXPECT_EQ(out.what, kind::failed);
  EXPECT_TRUE(out.why.final);
}

TEST(FunctionHost, RefusesWhatNoRunnerCouldServe) {
  const function_body body = [](function_run&) -> json_text { return {}; };
  function_options good;
  good.id = "f";
  good.triggers = {{"app/go"}};
  const auto code = [&](auto change) {
    function_host host("app");
    auto o = good;
    change(o);
    const auto added = host.add(o, body);
    return added ? errc{} : added.error().code();
  };
  EXPECT_EQ(code([](auto&) {}), errc{});
  EXPECT_EQ(code([](auto& o) { o.id = ""; }), errc::invalid_input);
  EXPECT_EQ(code([](auto& o) { o.id = "a b"; }), errc::invalid_input);
  EXPECT_EQ(code([](auto& o) { o.triggers.clear(); }), errc::invalid_input);
  EXPECT_EQ(code([](auto& o) { o.triggers.assign(11, {"app/go"}); }), errc::invalid_input);
  EXPECT_EQ(code([](auto& o) { o.triggers = {function_trigger()}; }), errc::invalid_input);
  EXPECT_EQ(code([](auto& o) { o.retries = 21; }), errc::invalid_input);
  EXPECT_EQ(code([](auto& o) { o.concurrency.resize(3); }), errc::invalid_input);
  EXPECT_EQ(code([](auto& o) { o.cancel_on.resize(6); }), errc::invalid_input);
  function_host host("app");
  EXPECT_TRUE(host.add(good, body));
  EXPECT_EQ(host.add(good, body).error().code(), errc::conflict);
  EXPECT_EQ(host.add(good, {}).error().code(), errc::invalid_input);
  EXPECT_EQ(function_host("").add(good, body).error().code(), errc::invalid_input);
}

}  // namespace
