// The functions of the crash test, the same in the process that is killed and in the one that kills. Every step leaves
// a row of what it gave and of what it had been given, each time that it runs.
#pragma once

#include <texbuild/database.hpp>
#include <texbuild/environment.hpp>
#include <texbuild/function_runner.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace texbuild_test {

/// `at` is called before and after each effect: the moments to die at.
inline texbuild::function_host durable_program(const std::shared_ptr<texbuild::database>& db,
                                               const std::function<void()>& at) {
  using texbuild::function_run;
  using texbuild::json_text;
  const auto effect = [db, at](function_run& step, const std::string& name, const std::string& seen) {
    at();
    std::array<std::byte, 8> bytes{};
    texbuild::system_entropy()->fill(bytes);
    std::string token;
    for (const auto b : bytes) token += "0123456789abcdefghijklmnopqrstuv"[std::to_integer<unsigned>(b) & 31U];
    db->write([&](texbuild::sql_session& s) -> texbuild::result<void> {
        auto done = s.run("INSERT INTO effects (run, step, token, seen) VALUES ($1, $2, $3, $4)", step.run_id(), name,
                          token, seen);
        if (!done) return done.error();
        return {};
      }).value();
    at();
    return token;
  };
  texbuild::function_host host("app");
  texbuild::function_options main;
  main.id = "main";
  main.triggers = {{"app/go"}};
  main.retries = 20;
  host.add(main,
           [effect](function_run& step) -> json_text {
             const auto run = [&](const char* name, const std::string& seen) {
               return step.run(name, [&] { return effect(step, name, seen); }).as_text().value();
             };
             const auto a = run("a", "");
             std::string b;
             std::string c;
             step.parallel([&] { b = run("b", a); },
                           [&] {
                             const auto first = run("c1", a);
                             step.sleep("nap", std::chrono::milliseconds(1));
                             c = run("c2", a + first);
                           });
             step.send("tell", {{"app/after", json_text::object({{"of", step.run_id()}})}});
             const auto i = step.invoke("sub", "sub", json_text::object({{"given", b + c}})).as_text().value();
             return json_text::array({a, b, c, run("d", a + b + c + i)});
           })
      .value();
  texbuild::function_options sub;
  sub.id = "sub";
  sub.triggers = {{"app/none"}};
  host.add(sub,
           [effect](function_run& step) -> json_text {
             return step.run("s", [&] { return effect(step, "s", step.data("/given").as_text().value()); });
           })
      .value();
  texbuild::function_options after;
  after.id = "after";
  after.triggers = {{"app/after"}};
  host.add(after,
           [effect](function_run& step) -> json_text {
             step.run("t", [&] { return effect(step, "t", step.data("/of").as_text().value()); });
             return step.data("/of");
           })
      .value();
  return host;
}

inline texbuild::function_runner_options durable_options() {
  texbuild::function_runner_options o;
  o.workers = 3;
  o.lease = std::chrono::milliseconds(200);
  o.poll = std::chrono::milliseconds(5);
  o.retry_delays = {std::chrono::milliseconds(1)};
  return o;
}

}  // namespace texbuild_test
