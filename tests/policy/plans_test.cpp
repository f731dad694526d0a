#include <texbuild/quota.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace {

using namespace texbuild;
using ::testing::HasSubstr;

constexpr std::int64_t gb = 1'000'000'000;

/// A file of one free plan and another one with these members.
std::string file_with(const std::string& members) {
  return R"({"plans": [{"name": "free", "monthly_builds": 50, "concurrent_builds": 2, "storage_gb": 1}, {)" + members +
         "}]}";
}

TEST(Plans, AreThreeByDefault) {
  const plan_catalog plans;
  ASSERT_EQ(plans.all().size(), 3U);
  const auto& free = plans.free();
  EXPECT_EQ(&free, plans.find("free"));
  EXPECT_EQ(free.monthly_builds, 50);
  EXPECT_EQ(free.concurrent_builds, 2);
  EXPECT_EQ(free.storage_bytes, gb);
  EXPECT_FALSE(free.shell_escape);
  const auto* pro = plans.find("pro");
  ASSERT_NE(pro, nullptr);
  EXPECT_EQ(pro->monthly_builds, 500);
  EXPECT_EQ(pro->concurrent_builds, 10);
  EXPECT_EQ(pro->storage_bytes, 10 * gb);
  EXPECT_FALSE(pro->shell_escape);
  const auto* enterprise = plans.find("enterprise");
  ASSERT_NE(enterprise, nullptr);
  EXPECT_EQ(enterprise->monthly_builds, -1);
  EXPECT_EQ(enterprise->concurrent_builds, 50);
  EXPECT_EQ(enterprise->storage_bytes, 100 * gb);
  EXPECT_TRUE(enterprise->shell_escape);
  for (const auto& p : plans.all()) {
    EXPECT_EQ(p.rates, plan_rates()) << p.name;
    EXPECT_EQ(p.razorpay_plan, "") << p.name;
  }
  EXPECT_EQ(plans.find("Free"), nullptr);
  EXPECT_EQ(plans.find(""), nullptr);
}

TEST(Plans, UnlimitedIsOnePlanWithoutAnyLimit) {
  const auto plans = plan_catalog::unlimited();
  ASSERT_EQ(plans.all().size(), 1U);
  EXPECT_EQ(plans.free().name, "free");
  EXPECT_EQ(plans.free().monthly_builds, -1);
  EXPECT_EQ(plans.free().concurrent_builds, -1);
  EXPECT_EQ(plans.free().storage_bytes, -1);
  EXPECT_TRUE(plans.free().shell_escape);
}

TEST(Plans, AreReadFromJson) {
  const auto plans = plan_catalog::from_json(R"({"plans": [
    {"name": "team", "monthly_builds": -1, "concurrent_builds": 20, "storage_gb": 1.5, "shell_escape": true,
     "priority": 5, "rate_limits": {"create": 100, "status": 300}, "razorpay_plan": "plan_A"},
    {"name": "free", "monthly_builds": 0, "concurrent_builds": 1, "storage_gb": 0.25}]})");
  ASSERT_TRUE(plans) << plans.error().detail();
  ASSERT_EQ(plans->all().size(), 2U);
  const auto& team = *plans->find("team");
  EXPECT_EQ(team.monthly_builds, -1);
  EXPECT_EQ(team.concurrent_builds, 20);
  EXPECT_EQ(team.storage_bytes, 1'500'000'000);
  EXPECT_TRUE(team.shell_escape);
  EXPECT_EQ(team.priority, 5);
  EXPECT_EQ(team.rates.create, 100U);
  EXPECT_EQ(team.rates.download, plan_rates().download);
  EXPECT_EQ(team.rates.status, 300U);
  EXPECT_EQ(team.rates.other, plan_rates().other);
  EXPECT_EQ(plans->find_razorpay("plan_A"), &team);
  // What is not said is as in a plan that is new.
  auto expected = plan();
  expected.name = "free";
  expected.concurrent_builds = 1;
  expected.storage_bytes = gb / 4;
  EXPECT_EQ(plans->free(), expected);
}

TEST(Plans, StorageMayBeAFractionAndBuildsMayNot) {
  const auto stored = [](const std::string& number) {
    return plan_catalog::from_json(file_with(R"("name": "p", "monthly_builds": 1, "concurrent_builds": 1,
        "storage_gb": )" + number))
        .value()
        .find("p")
        ->storage_bytes;
  };
  EXPECT_EQ(stored("0"), 0);
  EXPECT_EQ(stored("0.001"), gb / 1'000);
  EXPECT_EQ(stored("2.5"), 5 * gb / 2);
  EXPECT_EQ(stored("0.1"), gb / 10);
  EXPECT_EQ(stored("1e2"), 100 * gb);
  EXPECT_EQ(stored("-1"), -1);
}

struct bad_member {
  const char* members;
  const char* plan;
  const char* member;
};

TEST(Plans, ABadFileIsRefusedWithTheNameOfThePlanAndTheMember) {
  const std::vector<bad_member> all = {
      // missing
      {R"("monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1)", "2", "name"},
      {R"("name": "pro", "concurrent_builds": 1, "storage_gb": 1)", "pro", "monthly_builds"},
      {R"("name": "pro", "monthly_builds": 1, "storage_gb": 1)", "pro", "concurrent_builds"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1)", "pro", "storage_gb"},
      {"", "2", "name"},
      // of the wrong type
      {R"("name": 7, "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1)", "2", "name"},
      {R"("name": "", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1)", "2", "name"},
      {R"("name": null, "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1)", "2", "name"},
      {R"("name": "pro", "monthly_builds": "1", "concurrent_builds": 1, "storage_gb": 1)", "pro", "monthly_builds"},
      {R"("name": "pro", "monthly_builds": null, "concurrent_builds": 1, "storage_gb": 1)", "pro", "monthly_builds"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": true, "storage_gb": 1)", "pro", "concurrent_builds"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": "1")", "pro", "storage_gb"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": [])", "pro", "storage_gb"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "shell_escape": 1)", "pro",
       "shell_escape"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "priority": "high")", "pro",
       "priority"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "priority": 0.5)", "pro",
       "priority"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "razorpay_plan": 3)", "pro",
       "razorpay_plan"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "rate_limits": 3)", "pro",
       "rate_limits"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "rate_limits": {"create": "9"})",
       "pro", "create"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "rate_limits": {"other": -1})",
       "pro", "other"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "rate_limits": {"status": 1.5})",
       "pro", "status"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1,
          "rate_limits": {"download": 5000000000})",
       "pro", "download"},
      // not known
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "montly_builds": 1)", "pro",
       "montly_builds"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "Name": "x")", "pro", "Name"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "rate_limits": {"list": 3})",
       "pro", "list"},
      // out of range
      {R"("name": "pro", "monthly_builds": -2, "concurrent_builds": 1, "storage_gb": 1)", "pro", "monthly_builds"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": -7, "storage_gb": 1)", "pro", "concurrent_builds"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": -2)", "pro", "storage_gb"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": -0.5)", "pro", "storage_gb"},
      {R"("name": "pro", "monthly_builds": 1.5, "concurrent_builds": 1, "storage_gb": 1)", "pro", "monthly_builds"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 0.5, "storage_gb": 1)", "pro", "concurrent_builds"},
      {R"("name": "pro", "monthly_builds": 99999999999999999999, "concurrent_builds": 1, "storage_gb": 1)", "pro",
       "monthly_builds"},
      {R"("name": "pro", "monthly_builds": 18446744073709551615, "concurrent_builds": 1, "storage_gb": 1)", "pro",
       "monthly_builds"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 9223372036854775808, "storage_gb": 1)", "pro",
       "concurrent_builds"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1e300)", "pro", "storage_gb"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 18446744073709551615)", "pro",
       "storage_gb"},
      {R"("name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "priority": 4294967296)", "pro",
       "priority"},
      // twice
      {R"("name": "free", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1)", "free", "name"},
  };
  for (const auto& [members, plan, member] : all) {
    SCOPED_TRACE(members);
    const auto refused = plan_catalog::from_json(file_with(members));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::invalid_input);
    EXPECT_THAT(refused.error().detail(), HasSubstr(plan));
    EXPECT_EQ(refused.error().subject(), member);
  }
}

TEST(Plans, AFileWithoutAFreePlanIsRefused) {
  for (const auto* file :
       {R"({"plans": []})",
        R"({"plans": [{"name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1}]})"}) {
    const auto refused = plan_catalog::from_json(file);
    ASSERT_FALSE(refused) << file;
    EXPECT_EQ(refused.error().code(), errc::invalid_input);
    EXPECT_THAT(refused.error().detail(), HasSubstr("free"));
  }
}

TEST(Plans, AMemberThatIsThereTwiceIsRefused) {
  for (const auto& file :
       {file_with(
            R"("name": "pro", "monthly_builds": 1, "monthly_builds": 2, "concurrent_builds": 1, "storage_gb": 1)"),
        std::string(R"({"plans": [{"name": "free", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1}],
                        "plans": []})")}) {
    const auto refused = plan_catalog::from_json(file);
    ASSERT_FALSE(refused) << file;
    EXPECT_EQ(refused.error().code(), errc::invalid_input);
  }
}

TEST(Plans, ASettingBesideThePlansIsRefused) {
  const auto refused = texbuild::plan_catalog::from_json(R"({"plans":[],"palns":[]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().subject(), "palns");
}

TEST(Plans, WhatIsNoSuchFileIsRefused) {
  for (const auto* file : {"", "{", "null", "[]", "{}", R"({"plans": {}})", R"({"plans": [1]})", R"({"plans": null})",
                           R"({"plans": [[]]})", R"({"plans": []} x)", "{'plans': []}"}) {
    const auto refused = plan_catalog::from_json(file);
    ASSERT_FALSE(refused) << file;
    EXPECT_EQ(refused.error().code(), errc::invalid_input) << file;
  }
}

TEST(Plans, TwoPlansAreNotSoldAsOne) {
  const auto refused = plan_catalog::from_json(R"({"plans": [
    {"name": "free", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "razorpay_plan": "plan_A"},
    {"name": "pro", "monthly_builds": 1, "concurrent_builds": 1, "storage_gb": 1, "razorpay_plan": "plan_A"}]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_input);
  EXPECT_EQ(refused.error().subject(), "razorpay_plan");
}

TEST(Plans, AreFoundByTheIdTheyAreSoldUnder) {
  plan_catalog plans;
  EXPECT_EQ(plans.find_razorpay(""), nullptr);
  EXPECT_EQ(plans.find_razorpay("plan_A"), nullptr);
  ASSERT_TRUE(plans.set_razorpay_plan("pro", "plan_A"));
  ASSERT_NE(plans.find_razorpay("plan_A"), nullptr);
  EXPECT_EQ(plans.find_razorpay("plan_A")->name, "pro");
  EXPECT_TRUE(plans.set_razorpay_plan("pro", "plan_A"));  // again
  EXPECT_EQ(plans.set_razorpay_plan("enterprise", "plan_A").error().code(), errc::invalid_input);
  EXPECT_EQ(plans.set_razorpay_plan("gold", "plan_B").error().code(), errc::invalid_input);
  EXPECT_EQ(plans.find_razorpay("plan_B"), nullptr);
  EXPECT_EQ(plans.find("enterprise")->razorpay_plan, "");
  ASSERT_TRUE(plans.set_razorpay_plan("pro", "plan_C"));
  EXPECT_EQ(plans.find_razorpay("plan_A"), nullptr);
  EXPECT_EQ(plans.find_razorpay(""), nullptr);
}

}  // namespace
