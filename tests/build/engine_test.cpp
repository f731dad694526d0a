#include "tests/build/fake_tex.hpp"

#include <texbuild/engine.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using texbuild::build_request;
using texbuild::build_status;
using texbuild::command;
using texbuild::engine;
using texbuild::engine_options;
using texbuild::environment;
using texbuild::errc;
using texbuild::output_sink;
using texbuild::process_result;
using texbuild::project;
using texbuild::result;
using texbuild::testing::manual_clock;
using texbuild::testing::scripted_processes;

const std::chrono::system_clock::time_point noon = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + 12h;

/// Engines over one data folder and a fake TeX.
struct Engine : ::testing::Test {
  temporary_folder data;
  temporary_folder source;
  engine_options options;
  std::shared_ptr<manual_clock> time = std::make_shared<manual_clock>(noon);
  scripted_processes::script tex = [](const command& c, const output_sink& o, std::stop_token) {
    return good_run(c, o);
  };

  void SetUp() override {
    write_file(source.path() / "main.tex", "\\documentclass{article}\\begin{document}x\\end{document}\n");
    options.data_folder = data.path() / "data";
    options.workers = 2;
  }
  engine open() {
    environment parts;
    parts.time = time;
    parts.processes = std::make_shared<scripted_processes>(
        [this](const command& c, const output_sink& o, std::stop_token s) { return tex(c, o, std::move(s)); });
    return engine::open(options, std::move(parts)).value();
  }
  project paper() const { return project::from_folder(source.path()).value(); }
  static build_request owned_by(std::string owner) {
    build_request r;
    r.owner = std::move(owner);
    return r;
  }
  /// A TeX that runs until it is stopped; says when it has begun.
  std::latch begun{1};
  void tex_that_hangs() {
    tex = [this](const command&, const output_sink&, const std::stop_token& stop) -> result<process_result> {
      begun.count_down();
      while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
      process_result r;
      r.canceled = true;
      return r;
    };
  }
};

TEST_F(Engine, BuildsAProjectAndHandsOverItsFiles) {
  auto engine = open();
  const auto outcome = engine.build(paper()).value();
  EXPECT_TRUE(outcome.succeeded());
  EXPECT_EQ(outcome.info.progress, 100);
  EXPECT_EQ(outcome.info.passes, 1);
  ASSERT_TRUE(outcome.pdf && outcome.synctex && outcome.log);
  EXPECT_EQ(outcome.pdf->bytes().read_all().value(), "%PDF-fake");
  EXPECT_EQ(outcome.pdf->name(), "main.pdf");
  EXPECT_THAT(outcome.pdf->key(), HasSubstr("builds/" + outcome.info.id + "/"));
  EXPECT_EQ(engine.open_artifact(outcome.info.id, "main.aux").value().bytes().read_all().value(), "\\relax \n");
}

TEST_F(Engine, SaysWhichProgramsWarmTheFontCache) {
  tex = [](const command&, const output_sink&, std::stop_token) { return process_result(); };
  auto engine = open();
  std::vector<std::string> programs;
  const auto note = [&](std::string_view program) { programs.emplace_back(program); };
  engine.warm(note).value();
  EXPECT_THAT(programs, ::testing::ElementsAre("luaotfload-tool", "lualatex", "pdflatex"));
  programs.clear();
  engine.warm(note).value();
  EXPECT_THAT(programs, ::testing::IsEmpty());
}

TEST_F(Engine, StopsWarmingWhenAsked) {
  std::stop_source stop;
  tex = [&](const command&, const output_sink&, const std::stop_token& token) -> result<process_result> {
    stop.request_stop();
    process_result r;
    r.canceled = token.stop_requested();
    return r;
  };
  auto engine = open();
  const auto warmed = engine.warm({}, stop.get_token());
  ASSERT_FALSE(warmed);
  EXPECT_EQ(warmed.error().code(), errc::canceled);
  EXPECT_TRUE(std::filesystem::is_empty(options.data_folder / "cache"));
}

TEST_F(Engine, LeavesNothingInTheScratchFolder) {
  auto engine = open();
  (void)engine.build(paper()).value();
  EXPECT_TRUE(std::filesystem::is_empty(options.data_folder / "scratch"));
}

TEST_F(Engine, KeepsTheOutcomeOfAFailedRun) {
  tex = [](const command& c, const output_sink& o, auto) { return failed_run(c, o); };
  auto engine = open();
  const auto outcome = engine.build(paper()).value();
  EXPECT_EQ(outcome.info.status, build_status::failed);
  EXPECT_THAT(outcome.info.message, HasSubstr("main.tex:3"));
  EXPECT_FALSE(outcome.pdf);
  EXPECT_TRUE(outcome.log);
  EXPECT_FALSE(outcome.diagnostics.empty());
}

TEST_F(Engine, RefusesShellEscapeUnlessItIsAllowed) {
  auto engine = open();
  build_request request;
  request.shell_escape = true;
  const auto refused = engine.submit(paper(), request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::forbidden);
}

TEST_F(Engine, RefusesAMainFileThatIsNotThereAndKeepsNothing) {
  auto engine = open();
  build_request request;
  request.main_file = "none.tex";
  EXPECT_EQ(engine.submit(paper(), request).error().code(), errc::invalid_input);
  EXPECT_EQ(engine.list("", 1, 20).value().total, 0u);
  EXPECT_FALSE(std::filesystem::exists(options.data_folder / "blobs/builds"));
}

TEST_F(Engine, GivesTheSameBuildForTheSameIdempotencyKey) {
  auto engine = open();
  auto request = owned_by("ada");
  request.idempotency_key = "k1";
  const auto first = engine.submit(paper(), request).value();
  const auto second = engine.submit(paper(), request).value();
  EXPECT_EQ(first.id, second.id);
  request.owner = "bob";
  EXPECT_NE(engine.submit(paper(), request).value().id, first.id);
}

TEST_F(Engine, ListsNewestFirstAndCountsPerOwner) {
  options.accept_only = true;
  auto engine = open();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(engine.submit(paper(), owned_by("ada")).value().id);
    time->advance(1s);
  }
  (void)engine.submit(paper(), owned_by("bob")).value();
  const auto page = engine.list("ada", 2, 2).value();
  EXPECT_EQ(page.total, 5u);
  ASSERT_THAT(page.builds, SizeIs(2));
  EXPECT_EQ(page.builds[0].id, ids[2]);
  EXPECT_TRUE(engine.list("ada", 9, 2).value().builds.empty());
  EXPECT_EQ(engine.list("ada", 1, 101).error().code(), errc::invalid_input);
  EXPECT_EQ(engine.quota("ada").value().used.monthly_builds, 5u);
  EXPECT_EQ(engine.quota("ada").value().used.concurrent, 5u);
}

TEST_F(Engine, CancelsARunningBuildAndKillsItsTex) {
  tex_that_hangs();
  auto engine = open();
  const auto id = engine.submit(paper()).value().id;
  begun.wait();
  (void)engine.cancel(id).value();
  EXPECT_EQ(engine.wait(id).value().info.status, build_status::canceled);
}

TEST_F(Engine, CancelsAPendingBuildAtOnce) {
  options.accept_only = true;
  auto engine = open();
  const auto id = engine.submit(paper()).value().id;
  EXPECT_EQ(engine.cancel(id).value().status, build_status::canceled);
  EXPECT_EQ(engine.wait(id).value().info.status, build_status::canceled);
}

TEST_F(Engine, ForgetsADeletedBuildAtOnceAndItsFilesAfterTheGracePeriod) {
  auto engine = open();
  const auto id = engine.build(paper(), owned_by("ada")).value().info.id;
  const auto folder = options.data_folder / "blobs/builds" / id;
  ASSERT_TRUE(std::filesystem::exists(folder));
  engine.remove(id).value();
  EXPECT_EQ(engine.find(id).error().code(), errc::not_found);
  EXPECT_EQ(engine.open_artifact(id, "pdf").error().code(), errc::not_found);
  EXPECT_EQ(engine.list("ada", 1, 20).value().total, 0u);
  EXPECT_EQ(engine.quota("ada").value().used.storage_bytes, 0u);
  (void)engine.sweep().value();
  EXPECT_TRUE(std::filesystem::exists(folder));
  time->advance(61min);
  EXPECT_EQ(engine.sweep().value().removed, 1u);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(Engine, StopsARunningBuildThatIsDeleted) {
  tex_that_hangs();
  auto engine = open();
  const auto id = engine.submit(paper()).value().id;
  begun.wait();
  engine.remove(id).value();
  while (engine.stats().running > 0) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(engine.find(id).error().code(), errc::not_found);
}

TEST_F(Engine, ExpiresABuildAfterItsLifetime) {
  auto engine = open();
  const auto id = engine.build(paper()).value().info.id;
  const auto open_pdf = engine.open_artifact(id, "pdf").value();
  time->advance(24h + 1s);
  EXPECT_EQ(engine.sweep().value().expired, 1u);
  EXPECT_EQ(engine.find(id).value().status, build_status::expired);
  EXPECT_EQ(engine.open_artifact(id, "pdf").error().code(), errc::gone);
  time->advance(1h);
  EXPECT_EQ(engine.sweep().value().removed, 1u);
  EXPECT_EQ(open_pdf.bytes().read_all().value(), "%PDF-fake") << "a download that is open goes on";
}

TEST_F(Engine, RunsWhatAnEarlierEngineHadAccepted) {
  options.accept_only = true;
  std::string id;
  {
    auto engine = open();
    id = engine.submit(paper()).value().id;
  }
  options.accept_only = false;
  auto engine = open();
  EXPECT_TRUE(engine.wait(id).value().succeeded());
}

TEST_F(Engine, HandsRunningBuildsBackWhenItStops) {
  tex_that_hangs();
  std::string id;
  {
    auto engine = open();
    id = engine.submit(paper()).value().id;
    begun.wait();
  }
  tex = [](const command& c, const output_sink& o, auto) { return good_run(c, o); };
  auto engine = open();
  EXPECT_TRUE(engine.wait(id).value().succeeded());
}

TEST_F(Engine, RefusesASecondEngineOnTheSameFolder) {
  auto engine = open();
  const auto second = engine::open(options, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), errc::unavailable);
}

TEST_F(Engine, RemovesStoredFilesThatNoBuildKnows) {
  { auto engine = open(); }
  const auto orphan = options.data_folder / "blobs/builds/bld_orphan/source.zip";
  write_file(orphan, "zip");
  std::filesystem::last_write_time(orphan.parent_path(), std::chrono::file_clock::from_sys(noon - 48h));
  time->advance(1h);
  auto engine = open();
  (void)engine.sweep().value();
  EXPECT_FALSE(std::filesystem::exists(orphan));
}

TEST_F(Engine, RemovesWhatAKilledEngineLeftInTheSecondOfItsEnd) {
  { auto engine = open(); }
  const auto orphan = options.data_folder / "blobs/builds/bld_0000000000aaaaaaaaaa/source.zip";  // of an earlier engine
  const auto arriving = options.data_folder / "blobs/builds/bld_zzzzzzzzzzaaaaaaaaaa/source.zip";  // its row may follow
  write_file(orphan, "zip");
  write_file(arriving, "zip");
  auto engine = open();
  (void)engine.sweep().value();
  EXPECT_FALSE(std::filesystem::exists(orphan));
  EXPECT_TRUE(std::filesystem::exists(arriving));
}

TEST_F(Engine, TellsWatchersWhatHappensInOrder) {
  tex_that_hangs();
  auto engine = open();
  const auto id = engine.submit(paper()).value().id;
  begun.wait();
  std::mutex mutex;
  std::vector<texbuild::build_event> heard;
  const auto watching = engine
                            .events(id, 0,
                                    [&](const texbuild::build_event& e) {
                                      const std::scoped_lock lock(mutex);
                                      heard.push_back(e);
                                    })
                            .value();
  (void)engine.cancel(id).value();
  (void)engine.wait(id).value();
  for (;;) {
    const std::scoped_lock lock(mutex);
    if (!heard.empty() && heard.back().status == build_status::canceled) break;
  }
  const std::scoped_lock lock(mutex);
  EXPECT_EQ(heard.front().status, build_status::pending);
  for (std::size_t i = 1; i < heard.size(); ++i) EXPECT_EQ(heard[i].sequence, heard[i - 1].sequence + 1);
}

TEST_F(Engine, CutsALongLogAndSaysSo) {
  options.log_bytes = 1000;
  tex = [](const command& c, const output_sink& o, auto) {
    auto r = good_run(c, o);
    write_file(c.root / "main.log", std::string(5000, 'x') + "\n");
    return r;
  };
  auto engine = open();
  const auto log = engine.build(paper()).value().log.value().bytes().read_all().value();
  EXPECT_LT(log.size(), 1200u);
  EXPECT_THAT(log, HasSubstr("the log was cut here"));
}

TEST_F(Engine, RunsManyBuildsOfManyOwnersAtOnce) {
  auto engine = open();
  std::vector<std::future<bool>> builds;
  for (int i = 0; i < 24; ++i)
    builds.push_back(std::async(std::launch::async, [&, i] {
      return engine.build(paper(), owned_by("owner" + std::to_string(i % 4))).value().succeeded();
    }));
  for (auto& b : builds) EXPECT_TRUE(b.get());
  EXPECT_EQ(engine.stats().completed, 24u);
}

TEST_F(Engine, CompletesAFutureACallbackAndACoroutine) {
  auto engine = open();
  EXPECT_TRUE(engine.async_build(paper(), build_request(), boost::asio::use_future).get().value().succeeded());

  boost::asio::io_context context;
  int done = 0;
  engine.async_build(paper(), build_request(),
                     boost::asio::bind_executor(context, [&](auto outcome) { done += outcome.value().succeeded(); }));
  auto coroutine = [&]() -> boost::asio::awaitable<void> {
    build_request request;
    auto source = paper();
    const auto outcome = co_await engine.async_build(source, request, boost::asio::use_awaitable);
    done += outcome.value().succeeded();
  };
  boost::asio::co_spawn(context, coroutine(), boost::asio::detached);
  context.run();
  EXPECT_EQ(done, 2);
}

TEST_F(Engine, LetsTheBuildRunOnWhenTheWaitIsCanceled) {
  std::latch may_end{1};
  tex = [&](const command& c, const output_sink& o, auto) {
    begun.count_down();
    may_end.wait();
    return good_run(c, o);
  };
  auto engine = open();
  const auto id = engine.submit(paper()).value().id;
  begun.wait();
  boost::asio::cancellation_signal signal;
  std::promise<errc> seen;
  engine.async_wait(id, boost::asio::bind_cancellation_slot(
                            signal.slot(), [&](auto outcome) { seen.set_value(outcome.error().code()); }));
  signal.emit(boost::asio::cancellation_type::total);
  EXPECT_EQ(seen.get_future().get(), errc::canceled);
  may_end.count_down();
  EXPECT_TRUE(engine.wait(id).value().succeeded());
}

TEST_F(Engine, CompletesOpenWaitsWhenItStops) {
  tex_that_hangs();
  std::future<result<texbuild::build_outcome>> waiting;
  {
    auto engine = open();
    const auto id = engine.submit(paper()).value().id;
    begun.wait();
    waiting = engine.async_wait(id, boost::asio::use_future);
    while (engine.find(id).value().status != build_status::compiling) std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(waiting.get().error().code(), errc::canceled);
}

}  // namespace
