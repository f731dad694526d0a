#include <texbuild/testing.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

namespace {

using namespace texbuild;

TEST(HttpResponse, FindsTheFirstHeaderOfANameInAnyCase) {
  http_response r;
  r.headers = {{"Content-Type", "a"}, {"content-type", "b"}, {"X", ""}};
  EXPECT_EQ(r.header("CONTENT-TYPE"), "a");
  EXPECT_EQ(r.header("x"), "");
  EXPECT_EQ(r.header("Content"), "");
  EXPECT_EQ(r.header(""), "");
}

TEST(HttpClient, SendWaitsForTheAnswer) {
  boost::asio::thread_pool pool(1);
  texbuild::testing::scripted_http client(pool.get_executor(), [](const http_request& asked) {
    http_response r;
    r.status = 201;
    r.body = asked.method + " " + asked.url;
    return r;
  });
  EXPECT_EQ(client.send(http_request("PUT", "https://a.example/"))->body, "PUT https://a.example/");
  pool.join();
}

TEST(HttpClient, SendEndsWhenTheClientIsTakenDown) {
  /// Drops every request, as a client does whose executor is gone.
  class dropping final : public http_client {
    void async_send(http_request, handler) override {}
  };
  EXPECT_EQ(dropping().send(http_request("GET", "https://a.example/")).error().code(), errc::canceled);
}

}  // namespace
