#include "server/tool/watcher.hpp"

#include "tests/build/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace {

using namespace std::chrono_literals;
using texbuild_tool::watcher;

struct Watcher : ::testing::Test {
  temporary_folder folder;
  std::filesystem::path file(const char* name) const { return folder.path() / name; }
  void SetUp() override { write_file(file("main.tex"), "one"); }
};

TEST_F(Watcher, SeesNewChangedAndLostFiles) {
  const watcher eye(folder.path(), {}, 1ms);
  const auto before = eye.look();
  EXPECT_EQ(eye.look(), before);
  write_file(file("deep/er/new.tex"), "x");
  const auto with_new = eye.look();
  EXPECT_NE(with_new, before);
  write_file(file("main.tex"), "three");
  EXPECT_NE(eye.look(), with_new);
  std::filesystem::remove(file("main.tex"));
  EXPECT_EQ(eye.look().size(), 1U);
}

TEST_F(Watcher, PassesOverWhatTheToolAndEditorsLeave) {
  const watcher eye(folder.path(), {file("main.pdf")}, 1ms);
  const auto before = eye.look();
  for (const char* name : {"main.pdf", "main.pdf.part12-1", ".main.tex.swp", ".git/index", "main.tex~", "#main.tex#"})
    write_file(file(name), "x");
  EXPECT_EQ(eye.look(), before);
}

TEST_F(Watcher, WatchesASingleFile) {
  const watcher eye(file("main.tex"), {}, 1ms);
  const auto before = eye.look();
  write_file(file("other.tex"), "x");
  EXPECT_EQ(eye.look(), before);
  write_file(file("main.tex"), "longer");
  EXPECT_NE(eye.look(), before);
}

TEST_F(Watcher, ReturnsWhenTheFilesHaveComeToRest) {
  const watcher eye(folder.path(), {}, 1ms);
  const auto before = eye.look();
  std::stop_source stop;
  auto changed = std::async(std::launch::async, [&] { return eye.wait_for_change(before, stop.get_token()); });
  write_file(file("main.tex"), "changed");
  EXPECT_TRUE(changed.get());
}

TEST_F(Watcher, EndsWhenAsked) {
  const watcher eye(folder.path(), {}, 1h);
  std::stop_source stop;
  auto changed = std::async(std::launch::async, [&] { return eye.wait_for_change(eye.look(), stop.get_token()); });
  stop.request_stop();
  EXPECT_FALSE(changed.get());
}

}  // namespace
