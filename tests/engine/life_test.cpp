// A build's life: events, cancellation, engines that end and come back.
#include "tests/engine/real_engine.hpp"

#include <texbuild/database.hpp>

#include <boost/asio/use_future.hpp>

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <thread>

namespace {

using namespace std::chrono_literals;
using texbuild::build_event;
using texbuild::build_status;
using kind = texbuild::build_event::kind;

/// Remembers what it hears; lets a test wait for something in it.
class recorder {
 public:
  std::function<void(const build_event&)> handler() {
    return [this](const build_event& e) {
      const std::scoped_lock guard(mutex_);
      heard_.push_back(e);
      changed_.notify_all();
    };
  }
  template <class F>
  bool wait_for(F&& condition) {
    std::unique_lock guard(mutex_);
    return changed_.wait_for(guard, 60s, [&] { return std::any_of(heard_.begin(), heard_.end(), condition); });
  }
  std::vector<build_event> heard() {
    const std::scoped_lock guard(mutex_);
    return heard_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<build_event> heard_;
};

bool is_page(const build_event& e) { return e.what == kind::page; }
bool is_end(const build_event& e) { return e.what == kind::status && has_ended(e.status); }

struct Life : RealEngine {
  temporary_folder data;
  texbuild::engine_options own_options() const {
    auto o = options();
    o.data_folder = data.path() / "data";
    return o;
  }
  texbuild::project paper() const { return texbuild::project::from_folder(source.path()).value(); }
  /// Ships a page, then never ends.
  void add_endless() const { add("main.tex", article("One.\\newpage\\shipout\\hbox{x}\\loop\\iftrue\\repeat")); }
};

TEST_F(Life, TellsPassesPagesAndFindingsInOrder) {
  add("main.tex", article("\\label{a}\\ref{a}\\ref{nowhere}\\newpage Two.\\newpage Three."));
  const auto id = engine().submit(paper()).value().id;
  recorder told;
  const auto watching = engine().events(id, 0, told.handler()).value();
  ASSERT_TRUE(told.wait_for(is_end));
  ASSERT_TRUE(engine().wait(id).value().succeeded());

  const auto heard = told.heard();
  std::uint64_t last = 0;
  int progress = 0;
  int pass = 0;
  std::map<int, std::vector<int>> pages;
  bool noted = false;
  for (const auto& e : heard) {
    EXPECT_GT(e.sequence, last);
    EXPECT_GE(e.progress, progress) << "progress fell";
    last = e.sequence;
    progress = e.progress;
    if (e.what == kind::pass) {
      EXPECT_EQ(e.pass, pass + 1);
      pass = e.pass;
      EXPECT_EQ(e.text, "pdflatex");
    }
    if (e.what == kind::page) pages[pass].push_back(e.page);
    if (e.what == kind::diagnostic) noted = noted || e.note->message.find("nowhere") != std::string::npos;
  }
  EXPECT_EQ(pass, 2);
  for (const int run : {1, 2}) {  // pages that come at once are told as one
    ASSERT_FALSE(pages[run].empty());
    EXPECT_TRUE(std::is_sorted(pages[run].begin(), pages[run].end()));
    EXPECT_EQ(pages[run].back(), 3);
  }
  EXPECT_TRUE(noted);
  EXPECT_TRUE(is_end(heard.back()));
  EXPECT_EQ(heard.back().progress, 100);
}

TEST_F(Life, CanBeEndedInTheMiddle) {
  add_endless();
  const auto id = engine().submit(paper()).value().id;
  recorder told;
  const auto watching = engine().events(id, 0, told.handler()).value();
  ASSERT_TRUE(told.wait_for(is_page));
  engine().cancel(id).value();
  const auto outcome = engine().wait(id, 30s).value();
  EXPECT_EQ(outcome.info.status, build_status::canceled);
  EXPECT_FALSE(outcome.pdf);
}

TEST_F(Life, TellsItsEndAlsoToWhoBeganToWaitWhileTheEngineDrained) {
  add_endless();
  auto own = texbuild::engine::open(own_options()).value();
  const auto id = own.submit(paper()).value().id;
  recorder told;
  const auto watching = own.events(id, 0, told.handler()).value();
  ASSERT_TRUE(told.wait_for(is_page));
  auto draining = std::async(std::launch::async, [&] { own.drain(60s); });
  std::this_thread::sleep_for(200ms);  // it has begun: nothing tells from outside
  auto waiting = own.async_wait(id, boost::asio::use_future);
  EXPECT_EQ(waiting.wait_for(200ms), std::future_status::timeout) << "it was sent away";
  own.cancel(id).value();
  EXPECT_EQ(waiting.get().value().info.status, build_status::canceled);
  draining.get();
}

TEST_F(Life, GoesOnInTheNextEngineWhenItsOwnWasDestroyed) {
  add_endless();
  std::string id;
  {
    auto first = texbuild::engine::open(own_options()).value();
    id = first.submit(paper()).value().id;
    recorder told;
    const auto watching = first.events(id, 0, told.handler()).value();
    ASSERT_TRUE(told.wait_for(is_page));
    EXPECT_EQ(first.find(id).value().status, build_status::compiling);
  }
  auto limited = own_options();
  limited.limits.wall = 3s;
  auto second = texbuild::engine::open(limited).value();
  const auto outcome = second.wait(id, 60s).value();
  EXPECT_EQ(outcome.info.status, build_status::failed);
  EXPECT_THAT(outcome.info.message, ::testing::HasSubstr("time limit")) << "the second engine ran it, to its own limit";
  EXPECT_TRUE(std::filesystem::is_empty(data.path() / "data/scratch"));
}

TEST_F(Life, WaitsInTheQueueOfAnEngineThatOnlyAccepts) {
  add("main.tex", article("later"));
  std::string id;
  {
    auto o = own_options();
    o.accept_only = true;
    auto door = texbuild::engine::open(o).value();
    id = door.submit(paper()).value().id;
    EXPECT_EQ(door.wait(id, 200ms).value().info.status, build_status::pending);
  }
  auto worker = texbuild::engine::open(own_options()).value();
  const auto outcome = worker.wait(id, 60s).value();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), ::testing::HasSubstr("later"));
}

TEST_F(Life, MayPassThroughTwoEnginesThatShareAStore) {
  add("main.tex", article("shared"));
  texbuild::environment parts;
  parts.db = texbuild::open_sqlite(data.path() / "builds.db").value();
  parts.blobs = texbuild::open_folder_store(data.path() / "blobs").value();
  auto door_options = own_options();
  door_options.accept_only = true;
  door_options.data_folder = data.path() / "door";
  auto worker_options = own_options();
  worker_options.data_folder = data.path() / "worker";
  auto door = texbuild::engine::open(door_options, parts).value();
  auto worker = texbuild::engine::open(worker_options, parts).value();
  const auto outcome = door.build(paper()).value();
  ASSERT_TRUE(outcome.succeeded()) << outcome.info.message;
  EXPECT_THAT(text_of(*outcome.pdf), ::testing::HasSubstr("shared"));
  EXPECT_EQ(worker.stats().completed, 1u);
}

TEST_F(Life, OfTwoEnginesOnOneFolderTheSecondIsRefused) {
  auto first = texbuild::engine::open(own_options()).value();
  const auto second = texbuild::engine::open(own_options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), texbuild::errc::unavailable);
}

TEST_F(Life, LeavesNothingInTheScratchFolder) {
  add("main.tex", article("x"));
  auto own = texbuild::engine::open(own_options()).value();
  ASSERT_TRUE(own.build(paper()).value().succeeded());
  EXPECT_TRUE(std::filesystem::is_empty(data.path() / "data/scratch"));
}

}  // namespace
