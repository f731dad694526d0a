#include "src/http/json_api.hpp"

#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>

namespace {

using namespace texbuild;
namespace json = boost::json;

TEST(OriginOf, IsWithoutASlashAndAVersion) {
  EXPECT_EQ(http::origin_of("https://api.example"), "https://api.example");
  EXPECT_EQ(http::origin_of("https://api.example//"), "https://api.example");
  EXPECT_EQ(http::origin_of("https://api.example/v1/"), "https://api.example");
}

TEST(Ask, SendsAndReadsJsonWhateverTheStatus) {
  boost::asio::thread_pool threads(1);
  http_request sent;
  std::string body = R"({"a":1})";
  texbuild::testing::scripted_http client(threads.get_executor(), [&](const http_request& r) {
    sent = r;
    http_response out;
    out.status = 422;
    out.headers = {{"retry-after", "7"}};
    out.body = body;
    return result<http_response>(out);
  });
  const json::object question{{"q", true}};
  auto answer = http::ask(client, http_request("POST", "http://x"), &question).value();
  EXPECT_EQ(sent.body, R"({"q":true})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_FALSE(answer.is_success());
  EXPECT_EQ(answer.retry_after, "7");
  ASSERT_NE(answer.object(), nullptr);
  body = "<html>";
  EXPECT_EQ(http::ask(client, http_request("GET", "http://x")).value().object(), nullptr);
  body = "[1]";
  answer = http::ask(client, http_request("GET", "http://x")).value();
  EXPECT_EQ(answer.object(), nullptr);
  EXPECT_TRUE(answer.body.has_value());
  threads.join();
}

}  // namespace
