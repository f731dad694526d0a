// A runner over a database in memory, with a clock that the test moves.
#pragma once

#include <texbuild/database.hpp>
#include <texbuild/function_runner.hpp>
#include <texbuild/testing.hpp>

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>

namespace texbuild_test {

using namespace texbuild;
using namespace std::chrono_literals;

inline json_text n(int value) { return json_text::object({{"n", value}}); }

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
    EXPECT_THAT(all, ::testing::SizeIs(1));
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

}  // namespace texbuild_test
