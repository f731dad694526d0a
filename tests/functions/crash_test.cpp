// A process that runs durable functions is killed at random moments, over a database on the disk, again and again.
#include "tests/functions/durable_program.hpp"

#include <texbuild/testing.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <poll.h>
#include <random>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace texbuild;
using namespace texbuild_test;

/// Lets the program work until it has come to so many of the moments, and kills it there; false if it died before.
bool work_and_die(const std::string& database, int moments) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  const auto child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execl(TEXBUILD_DURABLE_CHILD, TEXBUILD_DURABLE_CHILD, database.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  char byte = 0;
  pollfd readable = {ends[0], POLLIN, 0};  // it has no end of its own: when all is done, it only waits
  while (moments > 0 && ::poll(&readable, 1, 3000) == 1 && ::read(ends[0], &byte, 1) == 1) --moments;
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(ends[0]);
  return WIFSIGNALED(status);
}

struct scratch_folder {
  scratch_folder() : path(std::filesystem::temp_directory_path() / ("texbuild-crash-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

std::vector<sql_row> rows(database& db, const std::string& sql) {
  std::vector<sql_row> out;
  db.read([&](sql_session& s) -> result<void> {
      auto got = s.run(sql);
      if (!got) return got.error();
      out = std::move(*got);
      return {};
    }).value();
  return out;
}

TEST(Crash, EveryRunEndsOnceAndNoStepIsRecordedTwice) {
  constexpr int runs = 20;
  const scratch_folder folder;
  const auto file = (folder.path / "functions.db").string();
  environment parts;
  parts.db = open_sqlite(file, durability::relaxed).value();
  // Ahead of the others, so that their leases are over when this process takes its turn.
  auto time = std::make_shared<texbuild::testing::manual_clock>(std::chrono::system_clock::now());
  parts.time = time;
  parts.db
      ->write([](sql_session& s) -> result<void> {
        auto made = s.run("CREATE TABLE effects (run TEXT, step TEXT, token TEXT, seen TEXT)");
        if (!made) return made.error();
        return {};
      })
      .value();
  auto runner = function_runner::open(durable_program(parts.db, [] {}), durable_options(), parts).value();
  std::vector<std::string> events;
  for (int i = 0; i < runs; ++i) events.push_back(runner.send({{"app/go", json_text::object({})}}).value().at(0));

  std::mt19937 random(20261126);
  int kills = 0;
  const auto open_runs = [&] {
    return rows(*parts.db, "SELECT id FROM function_runs WHERE status = 0 LIMIT 1").size();
  };
  for (; kills < 25 && open_runs() > 0; ++kills)
    ASSERT_TRUE(work_and_die(file, std::uniform_int_distribution<int>(1, 12)(random)));
  EXPECT_GE(kills, 10);
  for (int hour = 0; hour < 50 && open_runs() > 0; ++hour) {
    time->advance(std::chrono::hours(1));
    runner.run_due().value();
  }

  std::set<std::string> ids;
  for (const auto& event : events) {
    const auto all = runner.runs_of(event).value();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].status, run_status::completed) << all[0].error_message;
    ids.insert(all[0].id);
    // What the function gave is what the steps are recorded to have given.
    std::set<std::string> recorded;
    for (const auto& row : rows(*parts.db, "SELECT value FROM function_steps WHERE run = '" + all[0].id + "'"))
      recorded.insert(row.text(0));
    for (const auto& token : all[0].output.elements())
      EXPECT_TRUE(recorded.contains(R"({"data":)" + token.text() + "}")) << token.text();
  }
  // However often a step ran, what it was given by those before it was the same.
  std::map<std::pair<std::string, std::string>, std::set<std::string>> seen;
  for (const auto& row : rows(*parts.db, "SELECT run, step, seen FROM effects"))
    seen[{row.text(0), row.text(1)}].insert(row.text(2));
  for (const auto& [step, given] : seen) EXPECT_EQ(given.size(), 1U) << step.first << " " << step.second;
  // Events and invocations started one run each.
  std::map<std::string, int> told;
  for (const auto& row :
       rows(*parts.db, "SELECT output FROM function_runs WHERE function = 'app-after' AND status = 1"))
    ++told[json_text::parse(row.text(0)).value().as_text().value()];
  EXPECT_EQ(told.size(), ids.size());
  for (const auto& [run, times] : told) EXPECT_EQ(times, 1) << run;
  EXPECT_EQ(rows(*parts.db, "SELECT id FROM function_runs WHERE function = 'app-sub' AND status = 1").size(),
            ids.size());
  EXPECT_EQ(rows(*parts.db, "SELECT id FROM function_runs").size(), 3 * ids.size());
  EXPECT_TRUE(rows(*parts.db, "SELECT run FROM function_tasks").empty());
}

}  // namespace
