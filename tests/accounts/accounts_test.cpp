// Who users are: Clerk's webhooks, and its Backend API as a function.
#include <texbuild/accounts.hpp>
#include <texbuild/database.hpp>
#include <texbuild/http.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

const std::string secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

class Accounts : public ::testing::Test {
 protected:
  ~Accounts() override { threads_.join(); }

  accounts open() {
    environment parts;
    parts.db = db;
    parts.time = time;
    parts.http =
        std::make_shared<texbuild::testing::scripted_http>(threads_.get_executor(), [this](const http_request& r) {
          asked.push_back(r);
          return answer(r);
        });
    return accounts::open(with, std::move(parts)).value();
  }
  static accounts_options options() {
    accounts_options o;
    o.webhook_secret = secret;
    o.secret_key = "sk_test_x";
    return o;
  }
  static std::string user(const std::string& email, const std::string& status = "verified",
                          const std::string& updated = "1000", const std::string& id = "user_1") {
    return R"({"id":")" + id +
           R"(","object":"user","primary_email_address_id":"idn_2","email_addresses":[)"
           R"({"id":"idn_1","email_address":"other@example.com","verification":{"status":"verified"}},)"
           R"({"id":"idn_2","email_address":")" +
           email + R"(","verification":{"status":")" + status + R"("}}],"updated_at":)" + updated + "}";
  }
  void tell(accounts& a, const std::string& name, const std::string& data) {
    const auto body = R"({"type":")" + name + R"(","object":"event","data":)" + data + "}";
    const auto id = "msg_" + std::to_string(++events);
    ASSERT_TRUE(a.receive_clerk(body, webhook_secret::parse(secret)->sign(id, time->now(), body)).value());
    ASSERT_EQ(a.apply().value(), 1U);
  }
  static result<http_response> say(int status, std::string body) {
    http_response out;
    out.status = status;
    out.body = std::move(body);
    return out;
  }

  std::shared_ptr<database> db = open_sqlite(":memory:").value();
  std::shared_ptr<texbuild::testing::manual_clock> time =
      std::make_shared<texbuild::testing::manual_clock>(std::chrono::sys_days(std::chrono::year(2026) / 11 / 24));
  accounts_options with = options();
  std::vector<http_request> asked;
  std::function<result<http_response>(const http_request&)> answer = [](const http_request&) { return say(404, "{}"); };
  int events = 0;

 private:
  boost::asio::thread_pool threads_{1};
};

TEST_F(Accounts, KnowTheVerifiedPrimaryAddressFromAWebhook) {
  auto a = open();
  tell(a, "user.created", user("ines@example.com"));
  EXPECT_EQ(a.email_of("user_1").value(), "ines@example.com");
  EXPECT_TRUE(asked.empty());
}

TEST_F(Accounts, DoNotBelieveAnAddressThatIsNotVerified) {
  auto a = open();
  tell(a, "user.created", user("ines@example.com", "unverified"));
  EXPECT_EQ(a.email_of("user_1").value(), "");
}

TEST_F(Accounts, FollowTheNewestWord) {
  auto a = open();
  tell(a, "user.updated", user("new@example.com", "verified", "2000"));
  tell(a, "user.created", user("old@example.com", "verified", "1000"));
  EXPECT_EQ(a.email_of("user_1").value(), "new@example.com");
}

TEST_F(Accounts, ForgetAUserForGood) {
  auto a = open();
  tell(a, "user.created", user("ines@example.com"));
  tell(a, "user.deleted", R"({"id":"user_1","object":"user","deleted":true})");
  EXPECT_EQ(a.email_of("user_1").value(), "");
  tell(a, "user.updated", user("ines@example.com", "verified", "9000"));
  EXPECT_EQ(a.email_of("user_1").value(), "");
}

TEST_F(Accounts, AskClerkForWhatNoWebhookHasTold) {
  auto a = open();
  answer = [](const http_request&) { return say(200, user("ines@example.com")); };
  EXPECT_EQ(a.email_of("user_1").value(), "ines@example.com");
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].url, "https://api.clerk.com/v1/users/user_1");
  EXPECT_EQ(asked[0].headers.front().second, "Bearer sk_test_x");
  EXPECT_EQ(a.email_of("user_1").value(), "ines@example.com");
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(Accounts, AreWithoutAnAddressWhenClerkCannotBeAsked) {
  auto a = open();
  for (const int status : {401, 404, 429, 500}) {
    answer = [status](const http_request&) { return say(status, "<html>"); };
    EXPECT_EQ(a.email_of("user_1").value(), "") << status;
  }
  answer = [](const http_request&) { return say(200, user("eve@example.com", "verified", "1", "user_2")); };
  EXPECT_EQ(a.email_of("user_1").value(), "");
  EXPECT_EQ(a.email_of("user_/../users/user_2").value(), "");
  EXPECT_EQ(asked.back().url, "https://api.clerk.com/v1/users/user_%2F..%2Fusers%2Fuser_2");
}

TEST_F(Accounts, RefuseWebhooksThatAreNotClerks) {
  auto a = open();
  const std::string body = R"({"type":"user.created","data":{}})";
  const auto good = webhook_secret::parse(secret)->sign("msg_1", time->now(), body);
  EXPECT_EQ(a.receive_clerk(body + " ", good).error().code(), errc::unauthorized);
  EXPECT_EQ(a.receive_clerk(body, {}).error().code(), errc::invalid_input);
  EXPECT_EQ(a.receive_clerk("{}", webhook_secret::parse(secret)->sign("msg_1", time->now(), "{}")).error().code(),
            errc::invalid_input);
  with.webhook_secret.clear();
  EXPECT_EQ(open().receive_clerk(body, good).error().code(), errc::internal);
}

TEST_F(Accounts, TakeAWebhookOnceAndUnknownOnesToo) {
  auto a = open();
  const std::string body = R"({"type":"session.created","data":{"id":"sess_1"}})";
  const auto headers = webhook_secret::parse(secret)->sign("msg_1", time->now(), body);
  EXPECT_TRUE(a.receive_clerk(body, headers).value());
  EXPECT_FALSE(a.receive_clerk(body, headers).value());
  EXPECT_EQ(a.apply().value(), 1U);
  time->advance(24h * 31);
  EXPECT_EQ(a.sweep().value(), 1U);
}

}  // namespace
