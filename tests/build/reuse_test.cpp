// The engine over a fake TeX: the same sources are answered at once, and what was kept is the owner's alone.
#include "tests/build/fake_tex.hpp"

#include <texbuild/engine.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using namespace texbuild;
using texbuild::testing::manual_clock;
using texbuild::testing::scripted_processes;

struct Reuse : ::testing::Test {
  temporary_folder data;
  temporary_folder source;
  engine_options options;
  std::shared_ptr<manual_clock> time =
      std::make_shared<manual_clock>(std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + 12h);
  std::atomic<int> runs = 0;
  std::atomic<bool> saw_aux = false;
  bool fails = false;
  bool has_bibliography = false;
  bool has_references = false;
  process_result helper;  // what comes of bibtex

  void SetUp() override {
    options.data_folder = data.path() / "data";
    options.workers = 1;
    write("x");
  }
  void write(const std::string& body) const {
    write_file(source.path() / "main.tex", "\\documentclass{article}" + body);
  }
  engine open() {
    environment parts;
    parts.time = time;
    parts.processes =
        std::make_shared<scripted_processes>([this](const command& c, const output_sink& o, const std::stop_token&) {
          ++runs;
          saw_aux = std::filesystem::exists(c.root / "main.aux");
          if (c.argv.front() == "bibtex") return result<process_result>(helper);
          auto ran = fails ? failed_run(c, o) : good_run(c, o);
          if (has_bibliography) write_file(c.root / "main.aux", "\\relax \n\\citation{k}\n\\bibdata{refs}\n");
          if (has_references && !fails) write_file(c.root / "main.aux", "\\relax \n\\newlabel{a}{{1}{1}}\n");
          return ran;
        });
    return engine::open(options, std::move(parts)).value();
  }
  project paper() const { return project::from_folder(source.path()).value(); }
  static build_request of(std::string owner, std::string key = "") {
    build_request r;
    r.owner = std::move(owner);
    r.idempotency_key = std::move(key);
    return r;
  }
};

TEST_F(Reuse, AnswersTheSameSourcesAtOnce) {
  auto engine = open();
  const auto first = engine.build(paper(), of("ann")).value();
  EXPECT_FALSE(first.info.cached);
  const auto again = engine.submit(paper(), of("ann")).value();
  EXPECT_EQ(again.status, build_status::completed);
  EXPECT_TRUE(again.cached);
  EXPECT_EQ(again.passes, 0);
  EXPECT_NE(again.id, first.info.id);
  EXPECT_EQ(runs, 1);
  const auto outcome = engine.outcome(again.id).value();
  EXPECT_EQ(outcome.pdf->bytes().read_all().value(), "%PDF-fake");
  EXPECT_THAT(outcome.pdf->key(), HasSubstr(again.id));
  EXPECT_EQ(engine.open_artifact(again.id, "main.aux").value().bytes().read_all().value(), "\\relax \n");
  EXPECT_EQ(engine.stats().cached, 1U);
  EXPECT_EQ(engine.stats().completed, 2U);
}

TEST_F(Reuse, IsNeverAcrossOwners) {
  auto engine = open();
  (void)engine.build(paper(), of("ann")).value();
  EXPECT_FALSE(engine.build(paper(), of("bob")).value().info.cached);
  EXPECT_FALSE(saw_aux);
  EXPECT_EQ(runs, 2);
}

TEST_F(Reuse, TellsZipsByTheirFilesAndNotByTheirBytes) {
  auto engine = open();
  (void)engine.build(paper(), of("ann")).value();
  const auto zip = data.path() / "upload.zip";
  paper().write_zip(zip).value();
  const auto again = engine.submit_zip(zip, of("ann")).value();
  EXPECT_TRUE(again.cached);
  EXPECT_FALSE(std::filesystem::exists(zip)) << "it was taken in";
}

TEST_F(Reuse, EndsWithTheDayTheEngineAndTheSources) {
  auto engine = open();
  (void)engine.build(paper(), of("ann")).value();
  auto other = of("ann");
  other.engine = tex_engine::lualatex;
  EXPECT_FALSE(engine.build(paper(), other).value().info.cached);
  write("y");
  EXPECT_FALSE(engine.build(paper(), of("ann")).value().info.cached);
  write("x");
  EXPECT_TRUE(engine.build(paper(), of("ann")).value().info.cached);
  time->advance(12h);  // midnight
  EXPECT_FALSE(engine.build(paper(), of("ann")).value().info.cached);
}

TEST_F(Reuse, OutlivesTheBuildThatItCameFrom) {
  options.retention.grace = 0s;
  auto engine = open();
  const auto first = engine.build(paper(), of("ann")).value();
  const auto again = engine.build(paper(), of("ann")).value();
  engine.remove(first.info.id).value();
  time->advance(1h);
  EXPECT_EQ(engine.sweep().value().removed, 1U);
  EXPECT_EQ(engine.outcome(again.info.id).value().pdf->bytes().read_all().value(), "%PDF-fake");
  const auto third = engine.build(paper(), of("ann")).value();
  EXPECT_TRUE(third.info.cached);
  EXPECT_EQ(third.pdf->bytes().read_all().value(), "%PDF-fake");
}

TEST_F(Reuse, IsNotOfWhatItsOwnerDeleted) {
  auto engine = open();
  const auto first = engine.build(paper(), of("ann")).value();
  engine.remove(first.info.id).value();
  EXPECT_FALSE(engine.build(paper(), of("ann")).value().info.cached);
  EXPECT_FALSE(saw_aux);
}

TEST_F(Reuse, SurvivesARestartAndBuildsWhatLostItsFiles) {
  std::string id;
  {
    auto engine = open();
    id = engine.build(paper(), of("ann")).value().info.id;
  }
  auto engine = open();
  EXPECT_TRUE(engine.build(paper(), of("ann")).value().info.cached);
  for (const auto& build : engine.list("ann", 1, 10).value().builds)
    std::filesystem::remove_all(options.data_folder / "blobs/builds" / build.id / "0");
  std::filesystem::remove_all(options.data_folder / "blobs/builds" / id / "1");
  const auto rebuilt = engine.build(paper(), of("ann")).value();
  EXPECT_FALSE(rebuilt.info.cached);
  EXPECT_TRUE(rebuilt.pdf);
}

TEST_F(Reuse, KeepsIdempotencyAsItIs) {
  auto engine = open();
  (void)engine.build(paper(), of("ann")).value();
  const auto one = engine.submit(paper(), of("ann", "k")).value();
  EXPECT_EQ(engine.submit(paper(), of("ann", "k")).value().id, one.id);
}

TEST_F(Reuse, IsSwitchedOffByOptions) {
  options.result_cache_bytes = 0;
  options.keep_state = false;
  auto engine = open();
  (void)engine.build(paper(), of("ann")).value();
  EXPECT_FALSE(engine.build(paper(), of("ann")).value().info.cached);
  EXPECT_FALSE(saw_aux);
}

TEST_F(Reuse, IsNotOfFailedBuildsNorWithShellEscape) {
  options.allow_shell_escape = true;
  auto engine = open();
  fails = true;
  (void)engine.build(paper(), of("ann")).value();
  fails = false;
  auto escaping = of("ann");
  escaping.shell_escape = true;
  EXPECT_FALSE(engine.build(paper(), escaping).value().info.cached);
  EXPECT_FALSE(engine.build(paper(), escaping).value().info.cached);
  EXPECT_FALSE(engine.build(paper(), of("ann")).value().info.cached);
}

TEST_F(Reuse, IsNotOfABuildWhoseHelperWasKilled) {
  auto engine = open();
  has_bibliography = true;
  for (const int signal : {9, 0}) {
    helper.exit_status = signal == 0 ? 2 : -1;
    helper.signal = signal;
    write("killed by " + std::to_string(signal));
    const auto first = engine.build(paper(), of("ann")).value();
    EXPECT_TRUE(first.succeeded());
    EXPECT_THAT(first.diagnostics.front().message, HasSubstr("bibtex failed"));
    EXPECT_EQ(engine.build(paper(), of("ann")).value().info.cached, signal == 0);
  }
}

TEST_F(Reuse, GoesOnFromTheAuxFilesOfTheLastGoodBuild) {
  auto engine = open();
  has_references = true;
  (void)engine.build(paper(), of("ann")).value();
  EXPECT_EQ(runs, 2);
  write("edited");
  EXPECT_TRUE(engine.build(paper(), of("ann")).value().succeeded());
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(engine.stats().kept_state_used, 1U);

  write("broken");
  fails = true;
  const auto failed = engine.build(paper(), of("ann")).value();
  EXPECT_FALSE(failed.succeeded());
  EXPECT_FALSE(saw_aux) << "the failure is that of a build that began with nothing";
  EXPECT_EQ(failed.info.passes, 2);
  EXPECT_EQ(engine.stats().kept_state_thrown_away, 1U);
  fails = false;
  (void)engine.build(paper(), of("ann")).value();
  EXPECT_TRUE(saw_aux);

  auto named = of("ann");
  named.project = "another";
  write("another");
  EXPECT_EQ(engine.build(paper(), named).value().info.passes, 2);

  // One pass is all that this needs: it begins as the first build of it did, and so does the next.
  has_references = false;
  time->advance(1s);  // which build is the last one goes by the time
  write("short");
  EXPECT_EQ(engine.build(paper(), of("ann")).value().info.passes, 3);
  EXPECT_FALSE(saw_aux);
  time->advance(1s);
  write("shorter");
  EXPECT_EQ(engine.build(paper(), of("ann")).value().info.passes, 1);
  EXPECT_FALSE(saw_aux);

  named.project = std::string(201, 'x');
  EXPECT_EQ(engine.submit(paper(), named).error().subject(), "project");
}

}  // namespace
