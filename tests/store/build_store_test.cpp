#include "tests/store/fixture.hpp"

namespace {

using namespace texbuild_test;

TEST_F(BuildStore, MigratingTwiceIsHarmless) {
  add("b1");
  EXPECT_TRUE(builds_.migrate());
  EXPECT_TRUE(builds_.find("b1").value());
}

TEST_F(BuildStore, RefusesADatabaseOfANewerVersion) {
  ASSERT_TRUE(db_->write([](sql_session& s) -> result<void> {
    (void)s.run("UPDATE schema_version SET version = 1000").value();
    return {};
  }));
  const auto refused = builds_.migrate();
  EXPECT_EQ(refused.error().code(), errc::unavailable);
  EXPECT_NE(refused.error().detail().find("newer"), std::string::npos);
}

TEST_F(BuildStore, TellsABuildAsItWasAccepted) {
  auto b = a_build("b1");
  b.engine = tex_engine::xelatex;
  b.request.shell_escape = true;
  b.main_file = "a b/é.tex";
  ASSERT_TRUE(builds_.add(b));
  const auto info = builds_.find("b1").value().value();
  EXPECT_EQ(info.owner, "ann");
  EXPECT_EQ(info.status, build_status::pending);
  EXPECT_EQ(info.engine, tex_engine::xelatex);
  EXPECT_EQ(info.main_file, "a b/é.tex");
  EXPECT_TRUE(info.shell_escape);
  EXPECT_EQ(info.storage_bytes, 100U);
  EXPECT_EQ(info.created_at, start);
  EXPECT_EQ(info.expires_at, start + 24h);
  EXPECT_EQ(info.completed_at, std::nullopt);
  EXPECT_FALSE(builds_.find("b2").value());
}

TEST_F(BuildStore, FinishWritesTheOutcomeAndTheReport) {
  add("b1");
  const auto job = claim();
  EXPECT_EQ(job.attempt, 1);
  EXPECT_EQ(status("b1"), build_status::compiling);
  EXPECT_TRUE(builds_.finish("b1", job.fence, an_end(), start + 5s).value());
  const auto info = builds_.find("b1").value().value();
  EXPECT_EQ(info.status, build_status::completed);
  EXPECT_EQ(info.engine, tex_engine::lualatex);
  EXPECT_EQ(info.message, "done");
  EXPECT_EQ(info.passes, 3);
  EXPECT_EQ(info.duration, 1234ms);
  EXPECT_EQ(info.progress, 100);
  EXPECT_EQ(info.storage_bytes, 350U);
  EXPECT_EQ(info.completed_at, start + 5s);
  EXPECT_EQ(builds_.report("b1").value(), R"({"diagnostics":[]})");
  const auto used = builds_.quota("ann", plans_, start).value().used;
  EXPECT_EQ(used.concurrent, 0U);
  EXPECT_EQ(used.storage_bytes, 350U);
  EXPECT_EQ(used.monthly_builds, 1U);
  EXPECT_FALSE(builds_.finish("b1", job.fence, an_end(build_status::failed), start + 6s).value());
  EXPECT_EQ(status("b1"), build_status::completed);
}

TEST_F(BuildStore, RunsAnInterruptedBuildAgainButNotForEver) {
  add("bld_1");
  for (int crash = 1; crash < build_store::most_attempts; ++crash) {
    EXPECT_EQ(claim().attempt, crash);
    ASSERT_EQ(builds_.take_back_all(start).value(), 1U);
    ASSERT_EQ(status("bld_1"), build_status::pending);
  }
  // A worker that had to stop and said so is no crash.
  const auto returned = claim();
  ASSERT_TRUE(builds_.give_back("bld_1", returned.fence, start).value());
  EXPECT_EQ(claim().attempt, build_store::most_attempts);
  ASSERT_EQ(builds_.take_back_all(start).value(), 1U);
  const auto ended = builds_.find("bld_1").value().value();
  EXPECT_EQ(ended.status, build_status::failed);
  EXPECT_NE(ended.message.find("interrupted 10 times"), std::string::npos) << ended.message;
}

TEST_F(BuildStore, KeepsSettings) {
  EXPECT_EQ(builds_.setting("k").value(), "");
  ASSERT_TRUE(builds_.set_setting("k", "1"));
  ASSERT_TRUE(builds_.set_setting("k", "2"));
  EXPECT_EQ(builds_.setting("k").value(), "2");
}

}  // namespace
