// Plans where builds are accepted: the check and the count are one step.
#include "tests/build/temporary_folder.hpp"
#include "tests/store/fixture.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace {

using namespace texbuild_test;

plan_catalog catalog(std::int64_t monthly, std::int64_t concurrent, const char* storage_gb = "-1") {
  return plan_catalog::from_json(R"({"plans": [{"name": "free", "monthly_builds": )" + std::to_string(monthly) +
                                 R"(, "concurrent_builds": )" + std::to_string(concurrent) + R"(, "storage_gb": )" +
                                 storage_gb + "}]}")
      .value();
}

class StoreQuota : public BuildStore {
 protected:
  /// A build that the present plan has to allow.
  store::new_build wish(std::string id, std::string key = {}) {
    auto b = a_build(std::move(id), "ann", 0, std::move(key));
    b.plans = &plans_;
    return b;
  }
  std::string refusal(const store::new_build& b) {
    const auto added = builds_.add(b);
    return added ? "" : added.error().reason();
  }
  owner_usage used(store::time now = start) { return builds_.quota("ann", plans_, now).value().used; }
};

void expect_used(const owner_usage& used, std::uint64_t monthly, std::uint64_t concurrent, std::uint64_t storage) {
  EXPECT_EQ(used.monthly_builds, monthly);
  EXPECT_EQ(used.concurrent, concurrent);
  EXPECT_EQ(used.storage_bytes, storage);
}

TEST_F(StoreQuota, TellsThePlanAndWhatIsUsedOfIt) {
  plans_ = plan_catalog();
  const auto unseen = builds_.quota("ann", plans_, start).value();
  EXPECT_EQ(unseen.known_since, std::nullopt);
  EXPECT_EQ(unseen.allowed, plans_.free());
  expect_used(unseen.used, 0, 0, 0);
  ASSERT_TRUE(builds_.add(wish("b1")));
  const auto quota = builds_.quota("ann", plans_, start + 1h).value();
  EXPECT_EQ(quota.owner, "ann");
  EXPECT_EQ(quota.known_since, start);
  EXPECT_EQ(quota.monthly_reset, std::chrono::sys_days(std::chrono::year(2026) / 12 / 1));
  EXPECT_FALSE(quota.paused);
  expect_used(quota.used, 1, 1, 100);
  expect_used(builds_.quota("bob", plans_, start).value().used, 0, 0, 0);
}

TEST_F(StoreQuota, ARefusedBuildLeavesNoRowAndNoCount) {
  plans_ = catalog(-1, 1);
  ASSERT_TRUE(builds_.add(wish("b1")));
  EXPECT_EQ(refusal(wish("b2", "key")), "concurrent_limit_exceeded");
  EXPECT_FALSE(builds_.find("b2").value());
  EXPECT_TRUE(builds_.known(std::vector<std::string>{"b2"}).value().empty());
  EXPECT_EQ(builds_.list("ann", 1, 10).value().total, 1U);
  EXPECT_EQ(builds_.pending().value(), 1U);
  expect_used(used(), 1, 1, 100);
  // Its idempotency key is free, too.
  ASSERT_TRUE(builds_.cancel("b1", start));
  const auto again = builds_.add(wish("b3", "key"));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->existed);
}

TEST_F(StoreQuota, ARefusedFirstBuildMakesNobodyKnown) {
  plans_ = catalog(0, 1);
  EXPECT_EQ(refusal(wish("b1")), "monthly_limit_exceeded");
  EXPECT_EQ(builds_.quota("ann", plans_, start).value().known_since, std::nullopt);
}

TEST_F(StoreQuota, OneOwnersBuildsAreNotAnothers) {
  plans_ = catalog(1, 1);
  ASSERT_TRUE(builds_.add(wish("b1")));
  auto bobs = wish("b2");
  bobs.request.owner = "bob";
  EXPECT_TRUE(builds_.add(bobs));
  EXPECT_EQ(refusal(wish("b3")), "monthly_limit_exceeded");
}

TEST_F(StoreQuota, ABuildThatEndedIsNoLongerOneAtOnceButStaysOneOfTheMonth) {
  plans_ = catalog(3, 1);
  ASSERT_TRUE(builds_.add(wish("b1")));
  EXPECT_EQ(refusal(wish("b2")), "concurrent_limit_exceeded");
  const auto job = claim();
  EXPECT_EQ(refusal(wish("b2")), "concurrent_limit_exceeded");  // compiling is not ended
  ASSERT_TRUE(builds_.finish("b1", job.fence, an_end(), start).value());
  ASSERT_TRUE(builds_.add(wish("b2")));
  ASSERT_TRUE(builds_.cancel("b2", start));
  ASSERT_TRUE(builds_.add(wish("b3")));
  ASSERT_TRUE(builds_.cancel("b3", start));
  EXPECT_EQ(refusal(wish("b4")), "monthly_limit_exceeded");
}

TEST_F(StoreQuota, RemovingABuildGivesItsStorageBackButNotItsPlaceInTheMonth) {
  plans_ = catalog(2, 2);
  ASSERT_TRUE(builds_.add(wish("b1")));
  const auto job = claim();
  ASSERT_TRUE(builds_.finish("b1", job.fence, an_end(), start).value());
  ASSERT_TRUE(builds_.add(wish("b2")));
  expect_used(used(), 2, 1, 450);
  ASSERT_TRUE(builds_.remove("b1", start).value());
  expect_used(used(), 2, 1, 100);
  ASSERT_TRUE(builds_.remove("b2", start).value());
  expect_used(used(), 2, 0, 0);
  EXPECT_EQ(refusal(wish("b3")), "monthly_limit_exceeded");
  ASSERT_TRUE(builds_.forget(std::vector<std::string>{"b1", "b2"}));
  expect_used(used(), 2, 0, 0);
}

TEST_F(StoreQuota, AnExpiredBuildTakesNoStorage) {
  plans_ = catalog(-1, -1);
  ASSERT_TRUE(builds_.add(wish("b1")));
  EXPECT_EQ(builds_.expire(start + 25h, 10).value(), 1U);
  expect_used(used(), 1, 0, 0);
}

TEST_F(StoreQuota, ANewMonthStartsAtZero) {
  plans_ = catalog(1, -1);
  const store::time december = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);
  ASSERT_TRUE(builds_.add(wish("b1")));
  auto later = wish("b2");
  later.now = december - 1s;
  EXPECT_EQ(refusal(later), "monthly_limit_exceeded");
  EXPECT_EQ(builds_.add(later).error().usage()->reset_at, december);
  later.now = december;
  later.expires_at = december + 24h;
  expect_used(used(december), 0, 1, 100);
  EXPECT_EQ(refusal(later), "");
  expect_used(used(december), 1, 2, 200);
  expect_used(used(december - 1s), 1, 2, 200);
  later.id = "b3";
  EXPECT_EQ(refusal(later), "monthly_limit_exceeded");
}

TEST_F(StoreQuota, ABuildWhoseSourcesDoNotFitIsRefused) {
  plans_ = catalog(-1, -1, "0.00000025");  // 250 bytes
  ASSERT_TRUE(builds_.add(wish("b1")));
  ASSERT_TRUE(builds_.add(wish("b2")));
  EXPECT_EQ(refusal(wish("b3")), "storage_limit_exceeded");
  auto small = wish("b4");
  small.source_bytes = 50;
  EXPECT_EQ(refusal(small), "");
  expect_used(used(), 3, 3, 250);
  small.id = "b5";
  small.source_bytes = 0;
  EXPECT_EQ(refusal(small), "storage_limit_exceeded");
  ASSERT_TRUE(builds_.remove("b1", start).value());
  EXPECT_EQ(refusal(small), "");
}

TEST_F(StoreQuota, ABuildMayEndAboveTheStorageAndTheNextIsRefused) {
  plans_ = catalog(-1, -1, "0.0000003");  // 300 bytes; an end keeps 350
  ASSERT_TRUE(builds_.add(wish("b1")));
  const auto job = claim();
  EXPECT_TRUE(builds_.finish("b1", job.fence, an_end(), start).value());
  expect_used(used(), 1, 0, 350);
  EXPECT_EQ(refusal(wish("b2")), "storage_limit_exceeded");
}

TEST_F(StoreQuota, TheSameBuildAgainIsNotCountedTwice) {
  plans_ = catalog(3, 3);
  for (int i = 0; i < 5; ++i) {
    const auto added = builds_.add(wish("b" + std::to_string(i), "key"));
    ASSERT_TRUE(added);
    EXPECT_EQ(added->info.id, "b0");
    EXPECT_EQ(added->existed, i > 0);
  }
  expect_used(used(), 1, 1, 100);
}

TEST_F(StoreQuota, TheSameBuildAgainIsAnsweredThoughTheQuotaIsFull) {
  plans_ = catalog(1, 1, "0.0000001");
  ASSERT_TRUE(builds_.add(wish("b1", "key")));
  EXPECT_EQ(refusal(wish("b2")), "monthly_limit_exceeded");
  const auto again = builds_.add(wish("b3", "key"));
  ASSERT_TRUE(again) << again.error().detail();
  EXPECT_TRUE(again->existed);
  EXPECT_EQ(again->info.id, "b1");
}

TEST_F(StoreQuota, ShellEscapeIsRefusedByAPlanWithoutIt) {
  plans_ = plan_catalog();
  auto b = wish("b1");
  b.request.shell_escape = true;
  const auto refused = builds_.add(b);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::forbidden);
  expect_used(used(), 0, 0, 0);
  plans_ = plan_catalog::unlimited();
  EXPECT_TRUE(builds_.add(b));
}

/// 100 adds from several threads over two connections to one file; how many were accepted.
int add_at_once(const plan_catalog& plans, const char* reason) {
  const temporary_folder folder;
  std::vector<build_store> nodes;
  for (int i = 0; i < 2; ++i) nodes.emplace_back(open_sqlite(folder.path() / "builds.db", durability::relaxed).value());
  EXPECT_TRUE(nodes[0].migrate());
  std::atomic<int> accepted = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> clients;
    for (std::size_t c = 0; c < 10; ++c)
      clients.emplace_back([&, c] {
        for (int i = 0; i < 10; ++i) {
          auto b = a_build("bld_" + std::to_string(c) + "_" + std::to_string(i));
          b.plans = &plans;
          const auto added = nodes[c % 2].add(b);
          if (added) {
            ++accepted;
          } else if (added.error().reason() == reason) {
            ++refused;
          } else {
            ADD_FAILURE() << added.error().detail() << added.error().cause();
          }
        }
      });
  }
  EXPECT_EQ(accepted + refused, 100);
  const auto used = nodes[0].quota("ann", plans, start).value().used;
  EXPECT_EQ(used.monthly_builds, static_cast<std::uint64_t>(accepted));
  EXPECT_EQ(used.concurrent, static_cast<std::uint64_t>(accepted));
  EXPECT_EQ(nodes[1].list("ann", 1, 1).value().total, static_cast<std::uint64_t>(accepted));
  return accepted;
}

TEST(StoreQuotaAtOnce, NeverMoreThanThePlanHasAtOnce) {
  EXPECT_EQ(add_at_once(catalog(-1, 7), "concurrent_limit_exceeded"), 7);
}

TEST(StoreQuotaAtOnce, NeverMoreThanThePlanHasInAMonth) {
  EXPECT_EQ(add_at_once(catalog(13, -1), "monthly_limit_exceeded"), 13);
}

TEST(StoreQuotaAtOnce, NeverMoreThanThePlanHasRoomFor) {
  EXPECT_EQ(add_at_once(catalog(-1, -1, "0.0000011"), "storage_limit_exceeded"), 11);
}

TEST(StoreQuotaAtOnce, OneKeyMakesOneBuild) {
  const temporary_folder folder;
  build_store builds(open_sqlite(folder.path() / "builds.db", durability::relaxed).value());
  ASSERT_TRUE(builds.migrate());
  const auto plans = catalog(1, 1);
  std::atomic<int> fresh = 0;
  {
    std::vector<std::jthread> clients;
    for (int c = 0; c < 8; ++c)
      clients.emplace_back([&, c] {
        auto b = a_build("bld_" + std::to_string(c), "ann", 0, "key");
        b.plans = &plans;
        const auto added = builds.add(b);
        if (!added) {
          ADD_FAILURE() << added.error().detail() << added.error().cause();
        } else if (!added->existed) {
          ++fresh;
        }
      });
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(builds.quota("ann", plans, start).value().used.monthly_builds, 1U);
}

}  // namespace
