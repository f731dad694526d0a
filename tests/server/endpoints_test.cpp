// /api/webhooks/endpoints, from outside.
#include "tests/server/client.hpp"

#include <texbuild/http.hpp>
#include <texbuild/webhook.hpp>

#include <boost/asio/thread_pool.hpp>

#include <mutex>
#include <thread>

namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
namespace json = boost::json;

struct Endpoints : texbuild_test::Server {
  boost::asio::thread_pool threads{1};
  std::mutex mutex;
  std::vector<texbuild::http_request> sent;

  Endpoints() {
    http = std::make_shared<texbuild::testing::scripted_http>(
        threads.get_executor(), [this](const texbuild::http_request& r) -> texbuild::result<texbuild::http_response> {
          const std::scoped_lock guard(mutex);
          sent.push_back(r);
          texbuild::http_response answer;
          answer.status = 200;
          return answer;
        });
  }
  ~Endpoints() override {
    running.reset();
    threads.join();
  }
  texbuild_test::http_answer post(const std::string& body, std::string_view user = "user_dev") {
    return as(user, "POST", "/api/webhooks/endpoints", "Content-Type: application/json\r\n", body);
  }
  json::array list(std::string_view user = "user_dev") {
    return as(user, "GET", "/api/webhooks/endpoints").json().at("endpoints").as_array();
  }
};

TEST_F(Endpoints, AreRegisteredShownAndRemoved) {
  start();
  const auto made = post(R"({"url":"https://example.com/hook"})");
  EXPECT_EQ(made.status, 201) << made.body;
  const auto id = std::string(made.json().at("id").as_string());
  EXPECT_EQ(made.headers.at("location"), "/api/webhooks/endpoints/" + id);
  EXPECT_EQ(made.headers.at("cache-control"), "no-store");
  EXPECT_TRUE(texbuild::webhook_secret::parse(made.json().at("secret").as_string()));
  const auto all = list();
  ASSERT_THAT(all, SizeIs(1));
  const auto& shown = all[0].as_object();
  EXPECT_EQ(shown.at("id").as_string(), id);
  EXPECT_EQ(shown.at("url"), "https://example.com/hook");
  EXPECT_EQ(shown.at("status"), "active");
  EXPECT_EQ(shown.at("waiting"), 0);
  EXPECT_TRUE(shown.at("last_error").is_null());
  EXPECT_FALSE(shown.contains("secret"));
  EXPECT_EQ(as("user_dev", "DELETE", "/api/webhooks/endpoints/" + id).status, 200);
  EXPECT_EQ(as("user_dev", "DELETE", "/api/webhooks/endpoints/" + id).status, 404);
  EXPECT_THAT(list(), SizeIs(0));
  const auto again = std::string(post(R"({"url":"https://example.com/hook"})").json().at("id").as_string());
  EXPECT_EQ(as("user_dev", "DELETE", "/api/webhooks/endpoints").status, 400);
  EXPECT_EQ(as("user_dev", "DELETE", "/api/webhooks/endpoints?id=" + again).status, 200);
  EXPECT_THAT(list(), SizeIs(0));
}

TEST_F(Endpoints, AreTheirUsersOwn) {
  start();
  const auto id = std::string(post(R"({"url":"https://example.com/hook"})").json().at("id").as_string());
  EXPECT_THAT(list("user_other"), SizeIs(0));
  EXPECT_EQ(as("user_other", "DELETE", "/api/webhooks/endpoints/" + id).status, 404);
  EXPECT_EQ(send("GET", "/api/webhooks/endpoints").status, 401);
  EXPECT_EQ(send("POST", "/api/webhooks/endpoints", "", R"({"url":"https://example.com/"})").status, 401);
  EXPECT_THAT(list(), SizeIs(1));
}

TEST_F(Endpoints, RefuseBadInputAndKeepNothingOfIt) {
  start();
  for (const std::string body : {"", "[]", "{", R"({})", R"({"url":""})", R"({"url":7})", R"({"url":"example.com"})",
                                 R"({"url":"http://example.com/"})", R"({"url":"https://127.0.0.1/"})",
                                 R"({"url":"https://localhost/"})", R"({"url":"https://[::ffff:169.254.169.254]/"})"}) {
    const auto refused = post(body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(refused.json().at("code"), "invalid_input") << body;
  }
  EXPECT_THAT(list(), SizeIs(0));
  EXPECT_EQ(post(R"({"url":"https://example.com/hook"})").status, 201);
  EXPECT_EQ(post(R"({"url":"https://example.com/hook"})").status, 409);
  for (int i = 1; i < 10; ++i)
    EXPECT_EQ(post(R"({"url":"https://example.com/)" + std::to_string(i) + "\"}").status, 201);
  const auto many = post(R"({"url":"https://example.com/11"})");
  EXPECT_EQ(many.status, 403);
  EXPECT_EQ(many.json().at("message"), "Endpoint limit exceeded");
}

TEST_F(Endpoints, AreToldOfABuildWithinSeconds) {
  start();
  const auto made = post(R"({"url":"https://example.com/hook"})").json();
  const auto id = built();
  for (int i = 0; i < 500; ++i) {
    {
      const std::scoped_lock guard(mutex);
      if (!sent.empty()) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const std::scoped_lock guard(mutex);
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(json::parse(sent[0].body).at("data").at("build_id").as_string(), id);
  EXPECT_THAT(log.str(), Not(HasSubstr(std::string(made.at("secret").as_string()))));
}

}  // namespace
