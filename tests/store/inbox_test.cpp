// Webhooks that wait to be applied, and what becomes of one that cannot be.
#include "src/store/inbox.hpp"

#include "src/store/schema.hpp"

#include <gmock/gmock.h>

#include <set>
#include <stdexcept>

namespace {

using namespace texbuild;
using namespace texbuild::store;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Inbox : public ::testing::Test {
 protected:
  Inbox() { EXPECT_TRUE(migrate(*db)); }

  void receive(const std::string& id) { ASSERT_TRUE(events.receive(id, "{}", now).value()); }
  result<std::uint64_t> apply() {
    return events.apply_all(
        [&](const received_event& e) -> result<void> {
          if (e.id == "throws") throw std::runtime_error("out of its depth");
          if (bad.contains(e.id)) return error(errc::internal, "", "no such column");
          return writing(*db, [&](statements& s) {
            if (events.take(s, e.id)) applied.push_back(e.id);
          });
        },
        now);
  }
  std::string note_of(const std::string& id) {
    return reading(*db,
                   [&](statements& s) { return s.run("SELECT note FROM inbox WHERE event_id = $1", id)[0].text(0); })
        .value();
  }

  store::time now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);
  std::shared_ptr<database> db = open_sqlite(":memory:").value();
  inbox events{db, "polar"};
  std::set<std::string> bad;
  std::vector<std::string> applied;
};

TEST_F(Inbox, AppliesTheOldestFirstAndEachOnce) {
  receive("b");
  now += 1s;
  receive("a");
  EXPECT_FALSE(events.receive("a", "{}", now).value());
  EXPECT_EQ(apply().value(), 2U);
  EXPECT_EQ(apply().value(), 0U);
  EXPECT_THAT(applied, ElementsAre("b", "a"));
}

TEST_F(Inbox, GoesOnBehindOneThatCannotBeApplied) {
  bad = {"a"};
  for (const char* id : {"a", "b", "throws", "z"}) receive(id);
  const auto done = apply();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().cause(), HasSubstr("no such column"));
  EXPECT_THAT(done.error().cause(), HasSubstr("polar a"));
  EXPECT_THAT(applied, ElementsAre("b", "z"));
  bad.clear();
  EXPECT_FALSE(apply());  // one is left
  EXPECT_THAT(applied, ElementsAre("b", "z", "a"));
}

TEST_F(Inbox, GoesOnBehindManyThatCannotBeApplied) {
  for (int i = 0; i < 250; ++i) {
    receive("bad" + std::to_string(i));
    bad.insert("bad" + std::to_string(i));
  }
  receive("good");
  EXPECT_FALSE(apply());
  EXPECT_THAT(applied, ElementsAre("good"));
}

TEST_F(Inbox, SetsAsideWhatCouldNotBeAppliedManyTimesAndForLong) {
  bad = {"a"};
  receive("a");
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(apply());  // many webhooks at once are not long
  now += 2h;
  EXPECT_FALSE(apply());
  EXPECT_EQ(apply().value(), 0U);
  EXPECT_THAT(note_of("a"), HasSubstr("no such column"));
  EXPECT_THAT(applied, IsEmpty());
}

TEST_F(Inbox, SetsNothingAsideAfterOneBadHour) {
  bad = {"a"};
  receive("a");
  now += 24h;
  EXPECT_FALSE(apply());
  bad.clear();
  EXPECT_EQ(apply().value(), 1U);
}

}  // namespace
