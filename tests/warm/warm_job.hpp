// One job after the other in warm engines, each of them checked to be warm.
#pragma once

#include "tests/warm/processes.hpp"
#include "tests/warm/warm_host.hpp"

#include <future>

struct WarmJob : ::testing::Test {
  static warm_host& host() {
    static warm_host one;
    static const bool ready = (one.prepare(), true);
    (void)ready;
    return one;
  }

  job_folder place = host().folder();
  texbuild::process_limits limits;
  std::stop_source stop;
  std::string said;

  WarmJob() { limits.wall = std::chrono::seconds(30); }

  texbuild::process_result run(texbuild::tex_engine engine, const std::string& text) {
    write_file(place.root / "main.tex", text);
    auto what = warm_host::command_in(place, engine_argv(engine, "main.tex"));
    what.limits = limits;
    const auto before = host().engines().stats();
    auto ran = run_in(host().engines(), what, stop.get_token());
    const auto after = host().engines().stats();
    EXPECT_EQ(after.anomalies, before.anomalies) << after.last_problem;
    EXPECT_EQ(after.plain, before.plain);
    said = ran.said;
    return ran.result;
  }
  /// LuaTeX runs a script that it finds in its folder.
  texbuild::process_result lua(const std::string& script) {
    write_file(place.root / "script.lua", script);
    return run(texbuild::tex_engine::lualatex,
               "\\directlua{dofile('script.lua')}\n\\documentclass{article}\\begin{document}x\\end{document}\n");
  }
  /// A job that runs until it is stopped, once it has begun.
  std::future<texbuild::process_result> endless(const std::string& script) {
    auto running = std::async(std::launch::async, [this, script] {
      return lua(script + "\nlocal up = io.open('up', 'w') up:close() while true do end\n");
    });
    EXPECT_TRUE(comes_true([&] { return std::filesystem::exists(place.root / "up"); }));
    return running;
  }
  [[nodiscard]] std::string left(const std::string& name) const { return read_file(place.root / name); }
};
