// Results that may serve again, and what builds leave for the next of their project.
#include "tests/store/fixture.hpp"

#include <gmock/gmock.h>

namespace {

using namespace texbuild_test;

struct Results : BuildStore {
  /// A completed build of a content, of so many bytes.
  void built(const std::string& id, const std::string& content, std::uint64_t bytes = 100, std::uint64_t most = 1000,
             const std::string& owner = "ann") {
    auto row = a_build(id, owner);
    row.project = "thesis";
    ASSERT_TRUE(builds_.add(row));
    const auto job = claim();
    ASSERT_EQ(job.info.id, id);
    EXPECT_EQ(job.project, "thesis");
    auto end = an_end();
    end.content = content;
    end.storage_bytes = bytes;
    end.most_result_bytes = most;
    end.state = "left by " + id;
    ASSERT_TRUE(builds_.finish(id, job.fence, end, start).value());
  }
  std::string serving(const std::string& content, const std::string& owner = "ann") {
    const auto found = builds_.result_for(owner, content).value();
    return found ? found->info.id : "";
  }
  std::string state(const std::string& project = "thesis", const std::string& owner = "ann") {
    const auto found = builds_.state_of(owner, project).value();
    return found ? found->state : "";
  }
  result<store::added_build> served(const std::string& id, const std::string& content, bool counts = true,
                                    const plan_catalog* plans = nullptr) {
    auto row = a_build(id);
    if (plans != nullptr) row.plans = plans;
    auto end = an_end();
    end.content = content;
    end.storage_bytes = 100;
    end.most_result_bytes = 1000;
    return builds_.add_completed(row, end, counts);
  }
  std::int64_t total() {
    std::int64_t bytes = -1;
    EXPECT_TRUE(db_->read([&](sql_session& s) -> result<void> {
      bytes = s.run("SELECT value FROM totals WHERE name = 'result_bytes'").value().front().integer(0);
      return {};
    }));
    return bytes;
  }
};

TEST_F(Results, ServeTheirOwnerAndNobodyElse) {
  built("b1", "x");
  EXPECT_EQ(serving("x"), "b1");
  EXPECT_EQ(serving("y"), "");
  EXPECT_EQ(serving("x", "bob"), "");
  EXPECT_EQ(total(), 100);
}

TEST_F(Results, GoWithTheirBuild) {
  built("b1", "x");
  EXPECT_TRUE(builds_.remove("b1", start).value());
  EXPECT_EQ(serving("x"), "");
  EXPECT_EQ(state(), "");
  EXPECT_EQ(total(), 0);
  built("b2", "x");
  EXPECT_EQ(builds_.expire(start + 25h, 10).value(), 1U);
  EXPECT_EQ(serving("x"), "");
  EXPECT_EQ(total(), 0);
}

TEST_F(Results, AreBoundedAndTheLeastRecentlyUsedGoesFirst) {
  built("b1", "x", 400);
  built("b2", "y", 400);
  EXPECT_TRUE(served("b3", "x"));  // x is used
  built("b4", "z", 600);           // no room for three
  EXPECT_EQ(serving("y"), "");
  EXPECT_EQ(serving("x"), "b3");
  EXPECT_EQ(serving("z"), "b4");
  EXPECT_EQ(total(), 700);
  built("b5", "w", 1001);
  EXPECT_EQ(serving("w"), "") << "it is larger than all may be";
  EXPECT_EQ(serving("z"), "b4");
}

TEST_F(Results, AreReplacedByTheNewestBuildOfTheSame) {
  built("b1", "x");
  built("b2", "x", 300);
  EXPECT_EQ(serving("x"), "b2");
  EXPECT_EQ(total(), 300);
  EXPECT_TRUE(builds_.remove("b1", start).value());
  EXPECT_EQ(serving("x"), "b2");
}

TEST_F(Results, MakeABuildThatIsCompletedAtOnce) {
  built("b1", "x");
  const auto added = served("b2", "x").value();
  EXPECT_FALSE(added.existed);
  EXPECT_EQ(added.info.status, build_status::completed);
  EXPECT_TRUE(added.info.cached);
  EXPECT_EQ(added.info.progress, 100);
  const auto found = builds_.find("b2").value().value();
  EXPECT_TRUE(found.cached);
  EXPECT_TRUE(found.completed_at);
  EXPECT_EQ(builds_.pending().value(), 0U);
  const auto quota = builds_.quota("ann", plans_, start).value();
  EXPECT_EQ(quota.used.monthly_builds, 2U);
  EXPECT_EQ(quota.used.concurrent, 0U);
  EXPECT_EQ(quota.used.storage_bytes, 200U);
}

TEST_F(Results, TakeNoPlaceAndCountInTheMonthOnlyIfTheyAreTo) {
  const auto plans =
      plan_catalog::from_json(R"({"plans":[{"name":"free","monthly_builds":2,"concurrent_builds":1,"storage_gb":1}]})")
          .value();
  built("b1", "x");
  add("b2");  // waits, and takes the only place
  const auto refused = served("b3", "x", true, &plans);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "monthly_limit_exceeded");
  EXPECT_TRUE(served("b3", "x", false, &plans));
  EXPECT_EQ(builds_.quota("ann", plans, start).value().used.monthly_builds, 2U);
}

TEST_F(Results, GiveTheSameBuildForTheSameIdempotencyKey) {
  built("b1", "x");
  auto row = a_build("b2", "ann", 0, "once");
  EXPECT_FALSE(builds_.add_completed(row, an_end(), true).value().existed);
  row.id = "b3";
  const auto again = builds_.add_completed(row, an_end(), true).value();
  EXPECT_TRUE(again.existed);
  EXPECT_EQ(again.info.id, "b2");
}

TEST_F(Results, OfFailedBuildsDoNotServe) {
  add("b1");
  auto end = an_end(build_status::failed);
  end.content = "x";
  end.most_result_bytes = 1000;
  end.state = "something";
  ASSERT_TRUE(builds_.finish("b1", claim().fence, end, start).value());
  EXPECT_EQ(serving("x"), "");
}

TEST_F(Results, LeaveWhatTheNewestGoodBuildOfTheProjectLeft) {
  built("b1", "x");
  built("b2", "y");
  EXPECT_EQ(state(), "left by b2");
  EXPECT_EQ(state("another"), "");
  EXPECT_EQ(state("thesis", "bob"), "");
  EXPECT_TRUE(builds_.remove("b2", start).value());
  EXPECT_EQ(state(), "left by b1");
}

TEST_F(Results, AreFoundByIndexes) {
  for (const char* sql : {"SELECT build FROM results WHERE owner = 'a' AND content = 'b'",
                          "SELECT build FROM results ORDER BY used LIMIT 1", "DELETE FROM results WHERE build = 'b'",
                          "SELECT id FROM builds WHERE owner = 'a' AND project = 'p' AND state = 1 ORDER BY id DESC"}) {
    std::string plan;
    EXPECT_TRUE(db_->write([&](sql_session& s) -> result<void> {
      for (const auto& row : s.run(std::string("EXPLAIN QUERY PLAN ") + sql).value()) plan += row.text(3) + "\n";
      return {};
    }));
    EXPECT_THAT(plan, ::testing::HasSubstr("USING")) << sql;
    EXPECT_THAT(plan, ::testing::Not(::testing::HasSubstr("TEMP B-TREE"))) << sql;
  }
}

}  // namespace
