#include "server/log.hpp"

#include <texbuild/testing.hpp>

#include <gtest/gtest.h>

#include <sstream>

namespace {

using namespace texbuild::server;

TEST(Log, WritesOneLineAnEventWhateverItHolds) {
  std::ostringstream out;
  auto time = std::make_shared<texbuild::testing::manual_clock>(std::chrono::system_clock::from_time_t(1'705'314'600));
  logger log(log_level::info, out, time);
  log.write(log_level::info, "a\nb\rc");
  log.write(log_level::debug, "unheard");
  EXPECT_EQ(out.str(), "2024-01-15T10:30:00Z info a b c\n");
}

TEST(Log, CanBeSwitchedOff) {
  std::ostringstream out;
  logger log(log_level::off, out, std::make_shared<texbuild::testing::manual_clock>(std::chrono::system_clock::now()));
  log.write(log_level::error, "unheard");
  EXPECT_EQ(out.str(), "");
}

}  // namespace
