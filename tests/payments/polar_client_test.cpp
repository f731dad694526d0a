// What Polar's client makes of answers, good and bad, and of webhooks.
#include <texbuild/http.hpp>
#include <texbuild/polar.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>

namespace {

using namespace texbuild;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

class PolarClient : public ::testing::Test {
 protected:
  ~PolarClient() override { threads_.join(); }
  polar_client client() {
    polar_account account;
    account.access_token = "polar_oat_secret";
    account.api_url = "https://sandbox-api.polar.sh/v1/";
    return {account, std::make_shared<texbuild::testing::scripted_http>(threads_.get_executor(), [this](const auto& r) {
              asked = r;
              return answer();
            })};
  }
  void say(int status, std::string body, http_headers headers = {}) {
    answer = [=] {
      http_response out;
      out.status = status;
      out.headers = headers;
      out.body = body;
      return result<http_response>(out);
    };
  }

  http_request asked;
  std::function<result<http_response>()> answer;

 private:
  boost::asio::thread_pool threads_{1};
};

TEST_F(PolarClient, AsksWithItsTokenAtTheOriginThatIsSet) {
  say(200, R"({"id":"cus_1","external_id":"user/1","email":"a@example.com"})");
  const auto customer = client().find_customer("user/1").value();
  EXPECT_EQ(asked.url, "https://sandbox-api.polar.sh/v1/customers/external/user%2F1");
  EXPECT_EQ(asked.headers.front(), (std::pair<std::string, std::string>("Authorization", "Bearer polar_oat_secret")));
  EXPECT_EQ(customer.id, "cus_1");
  EXPECT_EQ(customer.external_id, "user/1");
}

TEST_F(PolarClient, TellsFailuresApart) {
  const std::pair<int, errc> cases[] = {
      {302, errc::provider_error}, {400, errc::invalid_input}, {401, errc::provider_error},
      {403, errc::provider_error}, {404, errc::not_found},     {409, errc::provider_error},
      {413, errc::invalid_input},  {422, errc::invalid_input}, {429, errc::rate_limited},
      {500, errc::provider_error}, {503, errc::provider_error}};
  for (const auto& [status, code] : cases) {
    say(status, R"({"error":"X","detail":[{"loc":["body"],"msg":"because"}]})");
    const auto e = client().fetch_checkout("c").error();
    EXPECT_EQ(e.code(), code) << status;
    EXPECT_THAT(e.cause(), HasSubstr(std::to_string(status)));
    EXPECT_THAT(e.detail() + e.cause(), Not(HasSubstr("secret")));
  }
}

TEST_F(PolarClient, WaitsAsLongAsItIsTold) {
  say(429, "", {{"Retry-After", "17"}});
  EXPECT_EQ(client().find_customer("u").error().retry_after(), std::chrono::seconds(17));
  say(429, "", {{"Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"}});
  EXPECT_EQ(client().find_customer("u").error().retry_after(), std::chrono::seconds(5));
  say(429, "", {{"Retry-After", "99999999"}});
  EXPECT_EQ(client().find_customer("u").error().retry_after(), std::chrono::hours(1));
}

TEST_F(PolarClient, TakesNoNonsense) {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"id":5})"}) {
    say(200, body);
    EXPECT_EQ(client().fetch_checkout("c").error().code(), errc::provider_error) << body;
    EXPECT_EQ(client().find_customer("u").error().code(), errc::provider_error) << body;
  }
  for (const char* body : {R"({"id":"c","url":"javascript:x"})", R"({"id":"c"})"}) {
    say(200, body);
    EXPECT_EQ(client().fetch_checkout("c").error().code(), errc::provider_error) << body;
  }
  for (const char* body : {"{}", R"({"items":5})", R"({"items":[5]})", R"({"items":[{"consumed_units":"many"}]})"}) {
    say(200, body);
    EXPECT_EQ(client().consumed("c").error().code(), errc::provider_error) << body;
  }
  answer = [] { return error(errc::payload_too_large, "too large"); };
  EXPECT_EQ(client().consumed("c").error().code(), errc::payload_too_large);
}

TEST_F(PolarClient, AddsUpTheMetersOfACustomer) {
  say(200, R"({"items":[{"consumed_units":1.5},{"consumed_units":40}],"pagination":{"total_count":2,"max_page":1}})");
  EXPECT_EQ(client().consumed("cus_1").value(), 41.5);
  EXPECT_EQ(asked.url, "https://sandbox-api.polar.sh/v1/customer-meters/?customer_id=cus_1&limit=100&page=1");
}

constexpr auto received = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);

TEST(PolarEvent, IsReadFromWhereEachFamilyHasIt) {
  const auto order = parse_polar_event(
      R"({"type":"order.paid","timestamp":"2026-01-01T00:00:00.000000Z","data":{"id":"o","status":"paid","product_id":"p",
          "checkout_id":"c","subscription_id":"s","customer_id":"cus","customer":{"id":"cus","external_id":"ann"},
          "metadata":{"deployment_id":"d","user_id":"eve"},"created_at":"2026-01-01T00:00:01Z","modified_at":null}})",
      received);
  ASSERT_TRUE(order);
  EXPECT_EQ(order->user, "ann");  // what Polar knows, before what the metadata says
  EXPECT_EQ(order->deployment, "d");
  EXPECT_EQ(order->checkout, "c");
  EXPECT_EQ(order->subscription, "s");
  EXPECT_TRUE(order->paid);
  EXPECT_EQ(order->at, std::chrono::system_clock::time_point(std::chrono::seconds(1767225601)));
  const auto checkout = parse_polar_event(
      R"({"type":"checkout.updated","data":{"id":"c","status":"succeeded","external_customer_id":"ann"}})", received);
  EXPECT_EQ(checkout->checkout, "c");
  EXPECT_EQ(checkout->user, "ann");
  EXPECT_EQ(checkout->at, std::chrono::system_clock::time_point(received));
  const auto customer =
      parse_polar_event(R"({"type":"customer.created","data":{"id":"cus","external_id":"ann"}})", received);
  EXPECT_EQ(customer->customer, "cus");
  EXPECT_EQ(customer->user, "ann");
  const auto subscription = parse_polar_event(R"({"type":"subscription.active","data":{"id":"s"}})", received);
  EXPECT_EQ(subscription->subscription, "s");
}

TEST(PolarEvent, MayBeOfAnyNameAndHoldAnything) {
  EXPECT_TRUE(parse_polar_event(R"({"type":"comet.seen"})", received));
  EXPECT_TRUE(parse_polar_event(R"({"type":"order.paid","data":null})", received));
  EXPECT_TRUE(parse_polar_event(R"({"type":"order.paid","data":{"id":5,"customer":[],"metadata":"x","paid":"yes"}})",
                                received));
  for (const char* bad : {"", "[]", "{}", R"({"type":5})", R"({"type":""})", R"({"type":"a","type":"b"})"})
    EXPECT_EQ(parse_polar_event(bad, received).error().code(), errc::invalid_input) << bad;
}

}  // namespace
