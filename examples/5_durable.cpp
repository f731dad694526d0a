// A function that outlives the process: stop this program whenever you like, by kill -9 too, and start it again with
// the same file; it goes on after the last step that was recorded.
//
//   5_durable state.db
#include <texbuild/database.hpp>
#include <texbuild/function_runner.hpp>

#include <iostream>
#include <thread>

using namespace std::chrono_literals;
using texbuild::json_text;

namespace {

void say(const std::string& text) { std::cout << text + "\n" << std::flush; }

json_text publish(texbuild::function_run& step) {
  const auto journal = step.data("/journal").as_text().value_or("?");
  const auto number = step.run("take a number", [&] {
    say("number 7 is for " + journal);
    return 7;
  });
  step.parallel([&] { step.run("print", [] { say("printing"); }); },
                [&] {
                  step.run("tell the authors", [&] {
                    if (step.attempt() == 0) throw std::runtime_error("the mail server is down");
                    say("the authors are told, at the second attempt");
                  });
                });
  step.sleep("let the ink dry", 1s);
  step.send("announce", {{"journal/published", json_text::object({{"number", number}})}});
  return json_text::object({{"journal", journal}, {"number", number}});
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) return std::cerr << "usage: 5_durable state.db\n", 2;
  texbuild::function_host host("journal");
  texbuild::function_options on_accepted;
  on_accepted.id = "publish";
  on_accepted.triggers = {{"journal/accepted"}};
  host.add(on_accepted, publish).value();
  texbuild::function_options on_published;
  on_published.id = "rejoice";
  on_published.triggers = {{"journal/published", "event.data.number > 0"}};
  host.add(on_published,
           [](texbuild::function_run& step) -> json_text {
             return step.run("rejoice", [&] { say("published: number " + step.data("/number").text()); });
           })
      .value();

  texbuild::environment parts;
  parts.db = texbuild::open_sqlite(argv[1]).value();
  texbuild::function_runner_options options;
  options.retry_delays = {1s};
  options.lease = 2s;  // so soon another process takes over from one that died
  auto runner = texbuild::function_runner::open(host, options, parts).value();

  texbuild::function_event accepted("journal/accepted", json_text::object({{"journal", "Tables & Trees"}}));
  accepted.id = "paper-42";  // starts one run, however often this program is
  runner.send({accepted}).value();
  const std::jthread worker([&](const std::stop_token& stop) { runner.work(stop).value(); });
  for (;;) {
    const auto run = runner.runs_of("paper-42").value().at(0);
    if (run.status != texbuild::run_status::running) {
      say(run.output.text());
      break;
    }
    std::this_thread::sleep_for(100ms);
  }
} catch (const std::exception& e) {
  return std::cerr << e.what() << '\n', 2;
}
