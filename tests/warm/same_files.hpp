// What a build leaves behind, by the plain sandbox and by warm engines, held against each other byte by byte.
#pragma once

#include "tests/warm/warm_host.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

struct document {
  files content;
  std::string main = "main.tex";
  std::string folder;
  int most_steps = 20;
  std::set<std::string> plainly = {};  // programs that do it plainly
};

/// One of those that are measured, too.
inline document from_folder(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(TEXBUILD_SOURCE_DIR) / "bench/documents" / name;
  document out;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    out.content[entry.path().filename().string()] = read_file(entry.path());
  return out;
}

/// What came of one step.
struct step_trace {
  std::vector<std::string> argv;
  int status = 0;
  files left;
};

/// Runs what the planner asks for.
inline std::vector<step_trace> trace(texbuild::process_runner& runner, const job_folder& place, const document& what,
                                     texbuild::tex_engine engine) {
  namespace tex = texbuild::tex;
  tex::plan_options plan;
  plan.engine = engine;
  plan.main_file = what.main;
  tex::pass_planner planner(plan);
  std::vector<step_trace> out;
  tex::step_report report;
  const tex::step_report* last = nullptr;
  const auto below = what.folder.empty() ? "" : what.folder + "/";
  const auto digests = [&](const files& left) {
    tex::file_digests all;
    for (const auto& [name, text] : left)
      if (name.starts_with(below) && tex::is_watched(name.substr(below.size())))
        all.emplace(name.substr(below.size()), tex::digest(name, text));
    return all;
  };
  auto now = place.all();
  while (static_cast<int>(out.size()) < what.most_steps) {
    const auto step = planner.next(last);
    if (step.kind == tex::step_kind::done) break;
    report = {};
    report.before = digests(now);
    auto command = warm_host::command_in(place, step.arguments);
    command.folder = what.folder;
    if (!what.folder.empty())
      for (const char* variable : {"TEXINPUTS", "BIBINPUTS", "BSTINPUTS", "INDEXSTYLE", "LUAINPUTS", "TEXPICTS"})
        command.variables.emplace_back(variable, ".:/job:");
    const auto ran = run_in(runner, command);
    now = place.all();
    report.after = digests(now);
    report.exit_status = ran.result.exit_status;
    report.succeeded = ran.result.succeeded();
    if (step.kind == tex::step_kind::engine) {
      report.log = tex::parse_log(now[below + planner.job_name() + ".log"]);
      auto recorded = tex::parse_recorder(now[below + planner.job_name() + ".fls"]);
      report.inputs = std::move(recorded.inputs);
      report.outputs = std::move(recorded.outputs);
    }
    last = &report;
    out.push_back({step.arguments, ran.result.exit_status, now});
  }
  return out;
}

/// Leaves out how high TeX's stacks were when that is low: a run that reads no line as long as the parked engine's own.
inline std::string without_low_stacks(const std::string& log) {
  constexpr std::string_view words = "s stack positions out of ";
  const auto found = log.find(words);
  if (found == std::string::npos) return log;
  const auto line = log.rfind('\n', found) + 1;
  int high[4] = {};
  if (std::sscanf(log.c_str() + line, " %di,%dn,%dp,%db", &high[0], &high[1], &high[2], &high[3]) != 4) return log;
  return high[3] < 100 ? log.substr(0, line) + log.substr(found) : log;
}

/// A head of another length wraps what follows at other places. A LuaTeX that has read other lines has other memory.
inline std::string without_wrapping(const std::string& log) {
  std::string out;
  std::istringstream in(log);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Memory usage before: ")) continue;
    std::copy_if(line.begin(), line.end(), std::back_inserter(out), [](char c) { return c != ' '; });
    if (out.size() > 70 && out.find('\n', out.size() - 70) == std::string::npos) out += '\n';
  }
  return out;
}

/// Files that a pass makes are as old as the pass.
inline std::string without_file_dates(const std::string& log) {
  const auto found = log.find(" date: 20");
  return found == std::string::npos ? log : log.substr(0, found) + log.substr(log.find('\n', found));
}

/// biber says how many milliseconds it has run and what day it is. What a locale changes it says in the order of a
/// hash, which differs from run to run.
inline std::string without_moments_of_biber(const std::string& log) {
  std::string out;
  std::multiset<std::string> changes;
  std::istringstream in(log);
  for (std::string line; std::getline(in, line);) {
    const auto time = line.find("] ");
    if (line.starts_with("[") && time != std::string::npos) line.erase(1, time - 1);
    if (const auto date = line.find("> INFO - === "); date != std::string::npos) line.erase(date + 13);
    constexpr std::string_view folder = "/tmp/biber_tmp_";
    if (const auto moment = line.find(folder); moment != std::string::npos) line.erase(moment + folder.size(), 4);
    if (line.find("INFO - Overriding locale ") != std::string::npos) {
      changes.insert(line + "\n");
      continue;
    }
    out = std::accumulate(changes.begin(), changes.end(), out) + line + "\n";
    changes.clear();
  }
  return out;
}

/// luaotfload begins before a job has a name, so what it says stands in another order at the head of a log, and its
/// files before the main file in the list of files. What it looks for in its own cache depends on what it knows
/// already.
inline std::string comparable(const std::string& name, const std::string& text, texbuild::tex_engine engine) {
  if (name.ends_with(".blg") && text.starts_with("[")) return without_moments_of_biber(text);
  if (engine != texbuild::tex_engine::lualatex)
    return name.ends_with(".log") ? without_low_stacks(without_file_dates(text)) : text;
  if (name.ends_with(".fls")) {
    std::multiset<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
      if (line.find("/tmp/texmf-var/") == std::string::npos) lines.insert(line + "\n");
    return std::accumulate(lines.begin(), lines.end(), std::string());
  }
  constexpr std::string_view last_of_head = "tracingstacklevels' in `input_level_string'.";
  const auto head = text.find(last_of_head);
  if (!name.ends_with(".log") || head == std::string::npos) return text;
  auto rest = std::string_view(text).substr(head + last_of_head.size());
  // The other order puts the main file behind it.
  if (rest.starts_with("\n(./")) rest.remove_prefix(std::min(rest.find_first_of(" \n)", 4), rest.size()));
  while (rest.starts_with(' ') || rest.starts_with('\n')) rest.remove_prefix(1);
  return without_wrapping(without_low_stacks(std::string(rest)));
}

/// The first line in which two texts differ, with the line of either.
inline std::string difference(const std::string& plain, const std::string& warm) {
  std::istringstream a(plain);
  std::istringstream b(warm);
  std::string x;
  std::string y;
  for (int number = 1;; ++number) {
    const bool more_a = static_cast<bool>(std::getline(a, x));
    const bool more_b = static_cast<bool>(std::getline(b, y));
    if (!more_a && !more_b) return "no line";
    if (more_a == more_b && x == y) continue;
    return "line " + std::to_string(number) + "\n  plain: " + (more_a ? x.substr(0, 300) : "(end)") +
           "\n  warm:  " + (more_b ? y.substr(0, 300) : "(end)");
  }
}

/// Holds the steps of two builds of one document against each other.
inline void expect_same_steps(const std::vector<step_trace>& plain, const std::vector<step_trace>& warm,
                              texbuild::tex_engine engine) {
  ASSERT_EQ(plain.size(), warm.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i) + ": " + plain[i].argv.front());
    EXPECT_EQ(plain[i].argv, warm[i].argv);
    EXPECT_EQ(plain[i].status, warm[i].status);
    for (const auto& [name, text] : plain[i].left) {
      const auto other = warm[i].left.find(name);
      if (other == warm[i].left.end()) {
        ADD_FAILURE() << name << " is missing";
        continue;
      }
      const auto mine = comparable(name, text, engine);
      const auto theirs = comparable(name, other->second, engine);
      EXPECT_TRUE(mine == theirs) << name << " differs in " << difference(mine, theirs);
    }
    for (const auto& [name, text] : warm[i].left) EXPECT_TRUE(plain[i].left.contains(name)) << name << " is extra";
    if (::testing::Test::HasFailure()) return;  // what follows differs because of it
  }
}

inline void expect_same(warm_host& host, const document& what, texbuild::tex_engine engine) {
  SCOPED_TRACE(std::string(to_string(engine)) + " " + what.main);
  const auto plain = trace(*plain_sandbox(), host.folder(what.content), what, engine);
  const auto before = host.engines().stats();
  const auto warm = trace(host.engines(), host.folder(what.content), what, engine);
  const auto after = host.engines().stats();
  EXPECT_EQ(after.anomalies, before.anomalies) << after.last_problem;
  const auto by_the_warm = std::count_if(warm.begin(), warm.end(), [&](const auto& step) {
    return step.argv.front() != "makeindex" && !what.plainly.contains(step.argv.front());
  });
  EXPECT_EQ(after.warm - before.warm, static_cast<std::uint64_t>(by_the_warm));
  EXPECT_GT(by_the_warm, 0);
  expect_same_steps(plain, warm, engine);
}

struct SameFiles : ::testing::Test {
  static warm_host& host() {
    static warm_host one;
    static const bool ready = (one.prepare(), true);
    (void)ready;
    return one;
  }
};
