#include "src/policy/subscription.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <random>
#include <vector>

namespace texbuild::policy {

void PrintTo(const subscription_facts& f, std::ostream* out) {
  const auto show = [](const std::optional<std::int64_t>& v) { return v ? std::to_string(*v) : std::string("-"); };
  *out << "state " << static_cast<int>(f.state) << " (" << f.state_at << "/" << f.state_rank << "), plan "
       << f.provider_plan << " of " << f.total_count << " (" << f.plan_at << "/" << f.plan_rank << "), cycle "
       << show(f.current_start) << "–" << show(f.current_end) << ", paid until " << show(f.paid_until) << ", ended "
       << show(f.ended_at) << ", paid " << f.paid_count;
}

}  // namespace texbuild::policy

namespace {

using namespace texbuild::policy;
using namespace std::chrono_literals;
using state = subscription_state;

constexpr std::int64_t begin = 1'767'225'600;
constexpr std::int64_t month = 30 * 86'400;

time_point at(std::int64_t seconds) { return time_point(std::chrono::seconds(seconds)); }

enum class event {
  authenticated = 1,
  activated,
  charged,
  pending,
  halted,
  paused,
  resumed,
  cancelled,
  completed,
  updated
};

std::optional<state> moved_to(event what) {
  static constexpr std::array<state, 9> states = {state::authenticated, state::active,   state::active,
                                                  state::pending,       state::halted,   state::paused,
                                                  state::active,        state::canceled, state::completed};
  if (what == event::updated) return std::nullopt;
  return states.at(static_cast<std::size_t>(what) - 1);
}

subscription_news news(event what, std::int64_t when) {
  subscription_news n;
  n.at = at(when);
  n.rank = static_cast<int>(what);
  n.moves_to = moved_to(what);
  n.paid = what == event::activated || what == event::charged;
  n.provider_plan = "plan_A";
  n.total_count = 12;
  return n;
}

/// The same with a cycle.
subscription_news news(event what, std::int64_t when, std::int64_t start, std::int64_t paid_count) {
  auto n = news(what, when);
  n.current_start = at(start);
  n.current_end = at(start + month);
  n.paid_count = paid_count;
  return n;
}

using history = std::vector<subscription_news>;

subscription_facts learned(const history& all) {
  subscription_facts known;
  for (const auto& n : all) known = learn(known, n);
  return known;
}

TEST(Subscription, KnowsTheWordsOfRazorpay) {
  const std::vector<std::pair<const char*, state>> words = {
      {"created", state::created},    {"authenticated", state::authenticated},
      {"active", state::active},      {"pending", state::pending},
      {"halted", state::halted},      {"paused", state::paused},
      {"cancelled", state::canceled}, {"completed", state::completed},
      {"expired", state::expired}};
  for (const auto& [word, means] : words) EXPECT_EQ(parse_razorpay_state(word), means) << word;
  for (const auto* other : {"", "resumed", "canceled", "Active", "active "})
    EXPECT_EQ(parse_razorpay_state(other), std::nullopt) << other;
}

TEST(Subscription, OnlyThreeStatesAreFinal) {
  for (const auto s :
       {state::created, state::authenticated, state::active, state::pending, state::halted, state::paused})
    EXPECT_FALSE(is_final(s)) << to_string(s);
  for (const auto s : {state::canceled, state::completed, state::expired}) EXPECT_TRUE(is_final(s)) << to_string(s);
}

TEST(Subscription, EveryEventMovesItWhereItSays) {
  for (const auto what : {event::authenticated, event::activated, event::charged, event::pending, event::halted,
                          event::paused, event::resumed, event::cancelled, event::completed}) {
    const auto facts = learned({news(event::activated, begin), news(what, begin + 10)});
    EXPECT_EQ(facts.state, moved_to(what)) << static_cast<int>(what);
  }
}

TEST(Subscription, GoesThroughALife) {
  subscription_facts f;
  const auto then = [&](const subscription_news& n) {
    f = learn(f, n);
    return f.state;
  };
  EXPECT_EQ(f.state, state::created);
  EXPECT_EQ(then(news(event::authenticated, begin)), state::authenticated);
  EXPECT_EQ(then(news(event::activated, begin + 1, begin, 1)), state::active);
  EXPECT_EQ(then(news(event::charged, begin + 2, begin, 1)), state::active);
  EXPECT_EQ(then(news(event::pending, begin + month, begin + month, 1)), state::pending);
  EXPECT_EQ(then(news(event::charged, begin + month + 86'400, begin + month, 2)), state::active);
  EXPECT_EQ(then(news(event::paused, begin + month + 90'000)), state::paused);
  EXPECT_EQ(then(news(event::resumed, begin + month + 91'000)), state::active);
  EXPECT_EQ(then(news(event::pending, begin + 2 * month, begin + 2 * month, 2)), state::pending);
  EXPECT_EQ(then(news(event::halted, begin + 2 * month + 300'000, begin + 2 * month, 2)), state::halted);
  EXPECT_EQ(then(news(event::activated, begin + 3 * month, begin + 3 * month, 3)), state::active);
  EXPECT_EQ(then(news(event::completed, begin + 4 * month)), state::completed);
  EXPECT_EQ(f.paid_count, 3);
  EXPECT_EQ(f.paid_until, begin + 4 * month);
  EXPECT_EQ(f.ended_at, begin + 4 * month);
}

TEST(Subscription, AnUpdateChangesThePlanAndMovesNothing) {
  auto update = news(event::updated, begin + 50);
  update.provider_plan = "plan_B";
  update.total_count = 24;
  const auto f = learned({news(event::charged, begin, begin, 1), news(event::pending, begin + 40), update});
  EXPECT_EQ(f.state, state::pending);
  EXPECT_EQ(f.provider_plan, "plan_B");
  EXPECT_EQ(f.total_count, 24);
}

TEST(Subscription, LateEventsOfThePastChangeNeitherStateNorPlanButTellWhatWasPaid) {
  auto update = news(event::updated, begin + 50);
  update.provider_plan = "plan_B";
  const auto f = learned({update, news(event::halted, begin + 40), news(event::charged, begin, begin, 4)});
  EXPECT_EQ(f.state, state::halted);
  EXPECT_EQ(f.provider_plan, "plan_B");
  EXPECT_EQ(f.paid_count, 4);
  EXPECT_EQ(f.paid_until, begin + month);
  EXPECT_EQ(f.current_end, begin + month);
}

TEST(Subscription, WhatDoesNotNameAPlanTakesNoneAway) {
  auto silent = news(event::pending, begin + 10);
  silent.provider_plan = "";
  EXPECT_EQ(learned({news(event::activated, begin), silent}).provider_plan, "plan_A");
}

TEST(Subscription, OfTheSameSecondTheHigherRankCounts) {
  const history all = {news(event::authenticated, begin), news(event::activated, begin), news(event::charged, begin),
                       news(event::pending, begin), news(event::paused, begin)};
  EXPECT_EQ(learned(all).state, state::paused);
  EXPECT_EQ(learned({all.rbegin(), all.rend()}).state, state::paused);
}

TEST(Subscription, OfTheSameSecondAndRankTheLaterStateCountsInAnyOrder) {
  // Two answers of Razorpay's API, say: no event comes twice with different states.
  for (const auto& [early, late] : {std::pair(state::authenticated, state::active),
                                    {state::active, state::pending},
                                    {state::active, state::paused},
                                    {state::halted, state::canceled}}) {
    auto one = news(event::updated, begin);
    one.moves_to = early;
    auto other = one;
    other.moves_to = late;
    EXPECT_EQ(learned({one, other}), learned({other, one}));
    EXPECT_EQ(learned({one, other}).state, late);
  }
}

TEST(Subscription, NothingFollowsAFinalState) {
  for (const auto end : {event::cancelled, event::completed}) {
    for (const auto late : {event::authenticated, event::activated, event::charged, event::pending, event::halted,
                            event::paused, event::resumed}) {
      const auto f = learned({news(event::activated, begin), news(end, begin + 5), news(late, begin + 9)});
      EXPECT_EQ(f.state, moved_to(end)) << static_cast<int>(late);
      EXPECT_EQ(f.ended_at, begin + 5);
    }
  }
}

TEST(Subscription, EndsWhenRazorpaySaysThatItEnded) {
  auto end = news(event::cancelled, begin + 100);
  end.ended_at = at(begin + 90);
  EXPECT_EQ(learned({end}).ended_at, begin + 90);
  EXPECT_EQ(learned({end, news(event::completed, begin + 200)}).ended_at, begin + 90);
  EXPECT_EQ(learned({news(event::completed, begin + 200), end}).ended_at, begin + 90);
}

/// What may befall a subscription, in order, by the state machine that Razorpay documents.
class life {
 public:
  explicit life(std::mt19937_64& random) : random_(random) {}

  history live() {
    if (chance(80)) tell(event::authenticated);
    if (chance(95)) {
      cycle_ = now_;
      pay(chance(50) ? event::activated : event::charged);
      if (chance(50)) pay_again();
    }
    for (auto left = below(12); left > 0 && !over_; --left) turn();
    if (!over_ && chance(50)) end();
    // Razorpay should not, but a history that goes on after its end must not depend on the order either.
    if (over_ && chance(20)) tell(pick({event::charged, event::pending, event::updated, event::completed}));
    return std::move(all_);
  }

 private:
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(std::max<std::int64_t>(n, 1)));
  }
  bool chance(int percent) { return below(100) < percent; }
  event pick(std::vector<event> of) {
    return of[static_cast<std::size_t>(below(static_cast<std::int64_t>(of.size())))];
  }

  void pass_time() {
    if (chance(40)) return;  // the same second
    now_ += chance(50) ? 1 + below(5) : below(month);
  }
  void tell(event what) {
    auto n = news(what, now_);
    n.provider_plan = plan_;
    if (cycle_ != 0) {
      n.current_start = at(cycle_);
      n.current_end = at(cycle_ + month);
    }
    n.paid_count = paid_;
    if (what == event::cancelled || what == event::completed) {
      over_ = true;
      if (chance(80)) n.ended_at = at(now_ - below(3));
    }
    all_.push_back(std::move(n));
    pass_time();
  }
  void pay(event what) {
    ++paid_;
    tell(what);
  }
  void pay_again() { tell(event::charged); }  // activated and charged come for one payment
  void end() { tell(chance(70) ? event::cancelled : event::completed); }
  void turn() {
    switch (below(8)) {
      case 0:
      case 1:
        cycle_ += month;
        pay(event::charged);
        break;
      case 2:
      case 3: {
        cycle_ += month;
        for (auto tries = 1 + below(4); tries > 0; --tries) tell(event::pending);
        if (chance(50)) return pay(event::charged);
        tell(event::halted);
        if (chance(50)) return pay(event::activated);
        if (chance(50)) end();
        break;
      }
      case 4:
        tell(event::paused);
        if (chance(70)) tell(event::resumed);
        break;
      case 5:
      case 6:
        plan_ = chance(50) ? "plan_A" : chance(50) ? "plan_B" : "";
        tell(event::updated);
        break;
      default:
        if (chance(30)) end();
    }
  }

  std::mt19937_64& random_;
  history all_;
  std::int64_t now_ = begin;
  std::int64_t cycle_ = 0;
  std::int64_t paid_ = 0;
  std::string plan_ = "plan_A";
  bool over_ = false;
};

bool before(const subscription_news& a, const subscription_news& b) {
  return std::pair(a.at, a.rank) < std::pair(b.at, b.rank);
}

/// What somebody who has the whole history before them would say.
void expect_told_by(const history& ordered, const subscription_facts& facts) {
  auto moved = state::created;
  std::int64_t paid_count = 0;
  std::optional<std::int64_t> paid_until;
  std::optional<std::int64_t> ended;
  std::optional<std::int64_t> cycle_end;
  std::vector<std::string> newest_plans = {""};
  const subscription_news* named = nullptr;
  const auto seconds = [](time_point t) {
    return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
  };
  for (const auto& n : ordered) {
    if (n.moves_to && !is_final(moved)) moved = *n.moves_to;
    paid_count = std::max(paid_count, n.paid_count);
    if (n.current_end) cycle_end = std::max(cycle_end, std::optional(seconds(*n.current_end)));
    if (n.paid && n.current_end) paid_until = std::max(paid_until, std::optional(seconds(*n.current_end)));
    if (n.moves_to && is_final(*n.moves_to)) {
      const auto end = seconds(n.ended_at.value_or(n.at));
      ended = ended ? std::min(*ended, end) : end;
    }
    if (n.provider_plan.empty()) continue;
    if (named == nullptr || before(*named, n)) newest_plans.clear();  // else both are of the same second and rank
    named = &n;
    newest_plans.push_back(n.provider_plan);
  }
  EXPECT_EQ(facts.state, moved);
  EXPECT_EQ(facts.paid_count, paid_count);
  EXPECT_EQ(facts.paid_until, paid_until);
  EXPECT_EQ(facts.current_end, cycle_end);
  EXPECT_EQ(facts.ended_at, ended);
  EXPECT_THAT(newest_plans, ::testing::Contains(facts.provider_plan));
}

TEST(SubscriptionHistories, EndTheSameInAnyOrderWithRepetitionsAndLateDeliveries) {
  std::mt19937_64 random(20'261'126);
  std::array<int, 9> ends{};
  for (int round = 0; round < 5'000; ++round) {
    auto all = life(random).live();
    std::stable_sort(all.begin(), all.end(), before);
    const auto told = learned(all);
    ASSERT_NO_FATAL_FAILURE(expect_told_by(all, told)) << "round " << round;
    ++ends.at(static_cast<std::size_t>(told.state));

    auto shuffled = all;
    for (const auto& n : all)
      if (random() % 3 == 0) shuffled.insert(shuffled.end(), 1 + random() % 3, n);
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    ASSERT_EQ(learned(shuffled), told) << "shuffled, round " << round;

    // Some are lost; they come, in any order, when all others were there.
    const auto lost = std::stable_partition(all.begin(), all.end(), [&](const auto&) { return random() % 2 == 0; });
    std::shuffle(lost, all.end(), random);
    ASSERT_EQ(learned(all), told) << "late, round " << round;
    for (const auto& n : all) ASSERT_EQ(learn(told, n), told) << "again, round " << round;
    ASSERT_FALSE(::testing::Test::HasFailure()) << "round " << round;
  }
  // The histories are worth something: they end everywhere that events lead to.
  for (const auto s : {state::authenticated, state::active, state::pending, state::halted, state::paused,
                       state::canceled, state::completed})
    EXPECT_GT(ends.at(static_cast<std::size_t>(s)), 5) << to_string(s);
}

/// The three times that matter to a subscription paid until `begin + month`.
constexpr std::array<std::int64_t, 3> around = {begin + month - 1, begin + month, begin + month + 1};

subscription_facts paid_and(state now) {
  auto f = learned({news(event::charged, begin, begin, 1)});
  f.state = now;
  return f;
}

TEST(Entitlement, LastsWhileRazorpayChargesOrTries) {
  for (const auto s : {state::active, state::pending}) {
    for (const auto t : around) {
      EXPECT_TRUE(entitles(paid_and(s), at(t)).plan) << to_string(s);
      EXPECT_FALSE(entitles(paid_and(s), at(t)).paused) << to_string(s);
    }
    EXPECT_TRUE(is_live(paid_and(s)));
  }
}

TEST(Entitlement, IsNoneBeforeTheFirstChargeAndAfterTheLastTry) {
  for (const auto s : {state::created, state::authenticated, state::halted, state::expired}) {
    for (const auto t : around) {
      EXPECT_FALSE(entitles(paid_and(s), at(t)).plan) << to_string(s);
      EXPECT_FALSE(entitles(paid_and(s), at(t)).paused) << to_string(s);
    }
  }
  EXPECT_FALSE(is_live(paid_and(state::created)));  // an open checkout
  EXPECT_TRUE(is_live(paid_and(state::authenticated)));
  EXPECT_TRUE(is_live(paid_and(state::halted)));  // a new card makes it active
  EXPECT_FALSE(is_live(paid_and(state::expired)));
}

TEST(Entitlement, OfAPausedOneIsToBuildNothing) {
  for (const auto t : around) EXPECT_TRUE(entitles(paid_and(state::paused), at(t)).paused);
  EXPECT_TRUE(is_live(paid_and(state::paused)));
}

TEST(Entitlement, OfAnEndedOneLastsAsLongAsItIsPaid) {
  for (const auto s : {state::canceled, state::completed}) {
    EXPECT_TRUE(entitles(paid_and(s), at(around[0])).plan) << to_string(s);
    EXPECT_FALSE(entitles(paid_and(s), at(around[1])).plan) << to_string(s);
    EXPECT_FALSE(entitles(paid_and(s), at(around[2])).plan) << to_string(s);
    EXPECT_FALSE(entitles(paid_and(s), at(around[0])).paused) << to_string(s);
    EXPECT_FALSE(is_live(paid_and(s)));
  }
}

TEST(Entitlement, CanceledAfterHaltedGivesNoMonthThatWasNotPaid) {
  history all = {news(event::charged, begin, begin, 1), news(event::pending, begin + month, begin + month, 1),
                 news(event::halted, begin + month + 3, begin + month, 1),
                 news(event::cancelled, begin + month + 5, begin + month, 1)};
  std::mt19937_64 random(4);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(all.begin(), all.end(), random);
    const auto f = learned(all);
    EXPECT_EQ(f.state, state::canceled);
    EXPECT_TRUE(entitles(f, at(begin + month - 1)).plan);
    EXPECT_FALSE(entitles(f, at(begin + month + 10)).plan);
    EXPECT_FALSE(entitles(f, at(begin + 2 * month - 1)).plan);
  }
}

TEST(Entitlement, CanceledBeforeAnythingWasPaidGivesNothing) {
  const auto f = learned({news(event::authenticated, begin), news(event::pending, begin + 1, begin, 0),
                          news(event::cancelled, begin + 2, begin, 0)});
  EXPECT_FALSE(entitles(f, at(begin + 3)).plan);
  EXPECT_FALSE(entitles(subscription_facts(), at(begin)).plan);
  EXPECT_FALSE(is_live(subscription_facts()));
}

}  // namespace
