#include "src/store/chat_ledger.hpp"

#include <gtest/gtest.h>

namespace {

using namespace texbuild;
using namespace texbuild::store;
using namespace std::chrono_literals;

const store::time start = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);

class ChatLedger : public ::testing::Test {
 protected:
  ChatLedger() {
    EXPECT_TRUE(ledger_.migrate());
    EXPECT_TRUE(ledger_.keep_alive("here", start + 2min));
  }
  policy::bucket_step reserve(std::string id, std::int64_t prompt, std::int64_t completion, std::string owner = "ann",
                              std::string holder = "here") {
    chat_reservation r;
    r.id = std::move(id);
    r.owner = std::move(owner);
    r.holder = std::move(holder);
    r.model = "m";
    r.tokens.prompt = prompt;
    r.tokens.completion = completion;
    r.per_hour = per_hour_;
    return ledger_.reserve(r, start).value();
  }
  static chat_tokens took(std::int64_t prompt, std::int64_t completion, bool estimated = false) {
    chat_tokens t;
    t.prompt = prompt;
    t.completion = completion;
    t.estimated = estimated;
    return t;
  }
  /// What the owner could take now.
  std::int64_t left(const std::string& owner = "ann") {
    std::int64_t most = 0;
    for (std::int64_t step = 1024; step > 0; step /= 2) {
      if (!reserve("probe", 0, most + step, owner).taken) continue;
      most += step;
      EXPECT_TRUE(ledger_.release("probe", start));
    }
    return most;
  }

  std::int64_t per_hour_ = 1000;
  std::shared_ptr<database> db_ = open_sqlite(":memory:").value();
  chat_ledger ledger_{db_};
};

TEST_F(ChatLedger, TakesTheEstimateAndSettlesWhatWasUsed) {
  EXPECT_EQ(left(), 1000);
  EXPECT_TRUE(reserve("a", 100, 400).taken);
  EXPECT_EQ(left(), 500);
  const auto settled = ledger_.settle("a", took(90, 10), start).value();
  ASSERT_TRUE(settled);
  EXPECT_EQ(settled->owner, "ann");
  EXPECT_EQ(settled->model, "m");
  EXPECT_EQ(settled->tokens.prompt, 90);
  EXPECT_EQ(settled->tokens.completion, 10);
  EXPECT_EQ(left(), 900);
}

TEST_F(ChatLedger, RefusesWhatTheHourDoesNotHoldAndRemembersNothingOfIt) {
  EXPECT_TRUE(reserve("a", 0, 900).taken);
  const auto refused = reserve("b", 0, 101);
  EXPECT_FALSE(refused.taken);
  EXPECT_EQ(refused.wait, 36s);
  EXPECT_FALSE(ledger_.settle("b", took(1, 1), start).value());
  EXPECT_TRUE(reserve("c", 0, 100).taken);
  EXPECT_TRUE(reserve("other", 0, 1000, "bob").taken);
}

TEST_F(ChatLedger, GivesBackWhatIsReleased) {
  EXPECT_TRUE(reserve("a", 0, 900).taken);
  EXPECT_TRUE(ledger_.release("a", start));
  EXPECT_TRUE(ledger_.release("a", start));
  EXPECT_EQ(left(), 1000);
}

TEST_F(ChatLedger, CutsNothingWhenTheTierBecameALargerOneInBetween) {
  const auto later = start + 1h;
  chat_reservation r;
  r.id = "c";
  r.owner = "ann";
  r.holder = "here";
  r.per_hour = 1000;
  r.tokens.completion = 100;
  ASSERT_TRUE(ledger_.reserve(r, start).value().taken);  // by the old tier
  r.id = "d";
  r.per_hour = 5000;
  ASSERT_TRUE(ledger_.reserve(r, later).value().taken);  // by the new one: 4900 are left
  ASSERT_TRUE(ledger_.settle("c", took(0, 50), later).value());
  r.id = "e";
  r.tokens.completion = 4900;
  EXPECT_TRUE(ledger_.reserve(r, later).value().taken);
}

TEST_F(ChatLedger, FillsNothingBeyondATierThatBecameASmallerOneInBetween) {
  per_hour_ = 5000;
  EXPECT_TRUE(reserve("a", 0, 4000).taken);
  per_hour_ = 1000;
  EXPECT_TRUE(reserve("b", 0, 500).taken);
  EXPECT_TRUE(ledger_.settle("a", took(0, 1), start).value());
  per_hour_ = 5000;  // what the bucket holds is not what it may
  EXPECT_FALSE(reserve("c", 0, 1001).taken);
}

TEST_F(ChatLedger, SettlesOnce) {
  EXPECT_TRUE(reserve("a", 0, 500).taken);
  EXPECT_TRUE(ledger_.settle("a", took(1, 2), start).value());
  EXPECT_FALSE(ledger_.settle("a", took(1, 2), start).value());
  EXPECT_TRUE(ledger_.release("a", start));  // does nothing any more
  EXPECT_EQ(left(), 997);
  EXPECT_EQ(ledger_.uncharged(start, 10).value().size(), 1U);
}

TEST_F(ChatLedger, MayOweMoreThanTheEstimate) {
  EXPECT_TRUE(reserve("a", 0, 900).taken);
  EXPECT_TRUE(ledger_.settle("a", took(500, 600), start).value());
  EXPECT_EQ(left(), 0);
}

TEST_F(ChatLedger, CountsWhatCameBeforeUntilItIsCharged) {
  EXPECT_TRUE(reserve("a", 10, 90).taken);
  EXPECT_TRUE(reserve("b", 0, 200).taken);
  EXPECT_TRUE(reserve("x", 0, 1, "bob").taken);
  EXPECT_TRUE(reserve("c", 0, 300).taken);
  EXPECT_EQ(ledger_.ahead_of("a").value(), 0);
  EXPECT_EQ(ledger_.ahead_of("b").value(), 100);
  EXPECT_EQ(ledger_.ahead_of("c").value(), 300);
  EXPECT_EQ(ledger_.ahead_of("x").value(), 0);
  EXPECT_TRUE(ledger_.settle("a", took(1, 2), start).value());
  EXPECT_EQ(ledger_.ahead_of("c").value(), 203);
  EXPECT_TRUE(ledger_.charged("a"));
  EXPECT_TRUE(ledger_.release("b", start));
  EXPECT_EQ(ledger_.ahead_of("c").value(), 0);
}

TEST_F(ChatLedger, KeepsWhatIsSettledUntilItIsCharged) {
  EXPECT_TRUE(reserve("a", 0, 500).taken);
  EXPECT_TRUE(reserve("b", 0, 100).taken);
  EXPECT_TRUE(ledger_.charged("b"));  // it has not even ended
  EXPECT_TRUE(ledger_.settle("a", took(1, 2, true), start + 10s).value());
  EXPECT_TRUE(ledger_.uncharged(start + 9s, 10).value().empty());
  const auto waiting = ledger_.uncharged(start + 10s, 10).value();
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].id, "a");
  EXPECT_EQ(waiting[0].owner, "ann");
  EXPECT_EQ(waiting[0].tokens.prompt, 1);
  EXPECT_EQ(waiting[0].tokens.completion, 2);
  EXPECT_TRUE(waiting[0].tokens.estimated);
  EXPECT_TRUE(ledger_.charged("a"));
  EXPECT_TRUE(ledger_.uncharged(start + 1h, 10).value().empty());
  EXPECT_TRUE(ledger_.settle("b", took(1, 1), start).value());
}

TEST_F(ChatLedger, SettlesWhatADeadProcessHadUnderWayByItsEstimate) {
  EXPECT_TRUE(ledger_.keep_alive("dead", start + 2min));
  EXPECT_TRUE(reserve("a", 10, 20, "ann", "dead").taken);
  EXPECT_TRUE(reserve("b", 30, 40, "ann", "here").taken);
  EXPECT_EQ(ledger_.settle_abandoned(start + 2min, 10).value(), 0U);
  EXPECT_TRUE(ledger_.keep_alive("here", start + 4min));
  EXPECT_EQ(ledger_.settle_abandoned(start + 3min, 10).value(), 1U);
  EXPECT_EQ(ledger_.settle_abandoned(start + 3min, 10).value(), 0U);
  const auto waiting = ledger_.uncharged(start + 3min, 10).value();
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].id, "a");
  EXPECT_EQ(waiting[0].tokens.sum(), 30);
  EXPECT_TRUE(waiting[0].tokens.estimated);
  // It was only slow, and says so now: too late, and nothing twice.
  EXPECT_FALSE(ledger_.settle("a", took(1, 1), start + 4min).value());
}

TEST_F(ChatLedger, ForgetsDeadProcessesThatHaveNothingUnderWay) {
  EXPECT_EQ(ledger_.settle_abandoned(start + 48h, 10).value(), 0U);
  const auto rows = db_->read([](sql_session& s) -> result<void> {
    EXPECT_TRUE(s.run("SELECT id FROM chat_holders").value().empty());
    return {};
  });
  EXPECT_TRUE(rows);
}

}  // namespace
