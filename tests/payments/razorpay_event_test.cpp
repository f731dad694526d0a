#include <texbuild/payments.hpp>

#include <gtest/gtest.h>

namespace {

using namespace texbuild;
const auto arrived = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);

TEST(RazorpayEvent, ReadsASubscriptionAndItsPayment) {
  const auto e = parse_razorpay_event(
                     R"({"entity":"event","event":"subscription.charged","created_at":1756684810,"contains":[],
        "payload":{"subscription":{"entity":{"id":"sub_1","plan_id":"plan_1","status":"active","current_start":1756684800,
        "current_end":1759276800,"ended_at":null,"paid_count":1,"total_count":12,"notes":{"user_id":"u"},"new":{}}},
        "payment":{"entity":{"id":"pay_1","status":"captured","captured":"1","notes":[]}}}})",
                     arrived)
                     .value();
  EXPECT_EQ(e.name, "subscription.charged");
  EXPECT_EQ(e.at.time_since_epoch(), std::chrono::seconds(1756684810));
  ASSERT_TRUE(e.subscription);
  EXPECT_EQ(e.subscription->id, "sub_1");
  EXPECT_EQ(e.subscription->plan, "plan_1");
  EXPECT_EQ(e.subscription->status, "active");
  EXPECT_EQ(e.subscription->current_end->time_since_epoch(), std::chrono::seconds(1759276800));
  EXPECT_FALSE(e.subscription->ended_at);
  EXPECT_EQ(e.subscription->paid_count, 1);
  EXPECT_EQ(e.subscription->notes.at("user_id"), "u");
  ASSERT_TRUE(e.payment);
  EXPECT_EQ(e.payment->status, "captured");
  EXPECT_TRUE(e.payment->notes.empty());
}

TEST(RazorpayEvent, StandsInTheTimeOfReceiptForAMissingOne) {
  EXPECT_EQ(parse_razorpay_event(R"({"event":"x"})", arrived).value().at, arrived);
  EXPECT_EQ(parse_razorpay_event(R"({"event":"x","created_at":"now"})", arrived).value().at, arrived);
  EXPECT_EQ(parse_razorpay_event(R"({"event":"x","created_at":-1})", arrived).value().at, arrived);
}

TEST(RazorpayEvent, LeavesOutWhatHasAnotherTypeThanDocumented) {
  const auto e = parse_razorpay_event(
                     R"({"event":"x","payload":{"subscription":{"entity":{"id":"sub_1","paid_count":"2","notes":[],
        "current_end":1e300,"status":7}},"payment":{"entity":[]}}})",
                     arrived)
                     .value();
  EXPECT_EQ(e.subscription->paid_count, 0);
  EXPECT_FALSE(e.subscription->current_end);
  EXPECT_EQ(e.subscription->status, "");
  EXPECT_FALSE(e.payment);
}

TEST(RazorpayEvent, IsNoneWithoutAName) {
  for (const char* body : {"", "7", "{}", R"({"event":null})"})
    EXPECT_EQ(parse_razorpay_event(body, arrived).error().code(), errc::invalid_input) << body;
}

}  // namespace
