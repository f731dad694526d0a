// The real client against real sockets on this machine.
#include "tests/http/loopback_server.hpp"

#include <texbuild/http.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::Pair;
using texbuild_test::loopback_server;

class RealHttpClient : public ::testing::Test {
 protected:
  ~RealHttpClient() override { pool_.join(); }
  result<http_response> get(const loopback_server& from) { return client_->send(http_request("GET", from.url())); }
  result<http_response> answer(const std::string& bytes) { return get(loopback_server(bytes)); }
  errc failure(const std::string& bytes) {
    const auto r = answer(bytes);
    EXPECT_FALSE(r) << r->body;
    return r.error().code();
  }

  boost::asio::thread_pool pool_{2};
  std::shared_ptr<http_client> client_ = make_http_client(pool_.get_executor());
};

TEST_F(RealHttpClient, SendsTheRequestAsItWasGiven) {
  const loopback_server server("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-One: 1\r\nx-one: 2\r\n\r\nok");
  http_request request("POST", server.url("/a/b?c=d%20e#f"));
  request.headers = {{"X-Twice", "1"}, {"X-Twice", "2"}, {"Authorization", "Bearer t"}, {"Content-Type", "text/plain"}};
  request.body = "line\r\nline\0"s;
  const auto r = client_->send(request);
  ASSERT_TRUE(r) << r.error().cause();
  EXPECT_EQ(r->status, 201);
  EXPECT_EQ(r->body, "ok");
  EXPECT_EQ(r->header("X-ONE"), "1");
  EXPECT_THAT(r->headers, ::testing::Contains(Pair("x-one", "2")));
  const auto sent = server.request();
  EXPECT_THAT(sent, ::testing::StartsWith("POST /a/b?c=d%20e HTTP/1.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("Host: 127.0.0.1:" + server.port() + "\r\n"));
  EXPECT_THAT(sent, HasSubstr("User-Agent: texbuild/"));
  EXPECT_THAT(sent, HasSubstr("X-Twice: 1\r\nX-Twice: 2\r\n"));
  EXPECT_THAT(sent, HasSubstr("Content-Length: 11\r\n"));
  EXPECT_THAT(sent, ::testing::EndsWith("\r\n\r\nline\r\nline\0"s));
}

TEST_F(RealHttpClient, SendsNothingToAPrivateAddressWhereThatIsNotWanted) {
  const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  // The second is a name that leads to this machine, as one of a stranger's domain may.
  for (const auto& url : {server.url(), "http://localhost:" + server.port() + "/"}) {
    http_request request("POST", url);
    request.body = "{}";
    EXPECT_TRUE(client_->send(request)) << url;
    request.public_only = true;
    const auto refused = client_->send(request);
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().code(), errc::forbidden);
    EXPECT_THAT(refused.error().detail(), HasSubstr("private network"));
  }
}

TEST_F(RealHttpClient, ReadsAnswersOfEveryForm) {
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")->body, "hello");
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")->body, "");
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n")->body,
            "hello");
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\n\r\nuntil the end")->body, "until the end");
  EXPECT_EQ(answer("HTTP/1.0 200 OK\r\n\r\nold")->body, "old");
  EXPECT_EQ(answer("HTTP/1.1 204 No Content\r\n\r\n")->status, 204);
  EXPECT_EQ(answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")->status, 304);
}

TEST_F(RealHttpClient, HandsOnEveryStatusAndFollowsNoRedirect) {
  const loopback_server server("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(get(server)->status, 302);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(answer("HTTP/1.1 500 Oh\r\nContent-Length: 1\r\n\r\nx")->status, 500);
  EXPECT_EQ(answer("HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n")->status, 799);
}

TEST_F(RealHttpClient, PassesOverInterimAnswers) {
  EXPECT_EQ(answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                ->body,
            "ok");
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += "HTTP/1.1 103 Early Hints\r\n\r\n";
  EXPECT_EQ(failure(endless), errc::unavailable);
  EXPECT_EQ(failure("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), errc::unavailable);
}

TEST_F(RealHttpClient, AnswersToHeadHaveNoBody) {
  const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
  const auto r = client_->send(http_request("HEAD", server.url()));
  ASSERT_TRUE(r) << r.error().cause();
  EXPECT_EQ(r->header("content-length"), "5000");
  EXPECT_EQ(r->body, "");
}

TEST_F(RealHttpClient, RefusesABodyOverTheLimitInEveryForm) {
  const std::string big(2000, 'x');
  for (const auto& bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + big,
                            "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n" + big,
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + big + "\r\n0\r\n\r\n",
                            "HTTP/1.1 200 OK\r\n\r\n" + big}) {
    const loopback_server server(bytes);
    http_request request("GET", server.url());
    request.most_bytes = 1999;
    EXPECT_EQ(client_->send(request).error().code(), errc::payload_too_large) << bytes.substr(0, 60);
  }
  const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + big);
  http_request request("GET", server.url());
  request.most_bytes = 2000;
  EXPECT_EQ(client_->send(request)->body, big);
}

TEST_F(RealHttpClient, ReadsABodyOfManyParts) {
  std::string body;
  while (body.size() < 1'000'000) body += std::to_string(body.size()) + ",";
  const auto r = answer("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(r) << r.error().cause();
  EXPECT_TRUE(r->body == body);
}

TEST_F(RealHttpClient, RefusesHalfAnAnswer) {
  for (const auto* bytes : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"})
    EXPECT_EQ(failure(bytes), errc::unavailable) << bytes;
}

TEST_F(RealHttpClient, RefusesWhatIsNoAnswer) {
  for (const auto& bytes : {"SSH-2.0-OpenSSH_9.2\r\n\r\n"s, "HTTP/2.0 200 OK\r\n\r\n"s, "\x15\x03\x01\x00\x02\x02"s,
                            "HTTP/1.1 abc OK\r\n\r\n"s, "HTTP/1.1 200 OK\r\nno colon\r\n\r\n"s,
                            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"s,
                            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"s,
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"s})
    EXPECT_EQ(failure(bytes), errc::unavailable) << bytes;
}

TEST_F(RealHttpClient, RefusesEndlessHeaders) {
  std::string bytes = "HTTP/1.1 200 OK\r\n";
  while (bytes.size() < 1'000'000) bytes += "X-Filler: " + std::string(500, 'x') + "\r\n";
  EXPECT_EQ(failure(bytes + "\r\n"), errc::unavailable);
}

TEST_F(RealHttpClient, TimesOutWhenNothingOrTooLittleComes) {
  for (const auto* bytes : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}) {
    const loopback_server server(bytes, true);
    http_request request("GET", server.url());
    request.timeout = 50ms;
    EXPECT_EQ(client_->send(request).error().code(), errc::timed_out) << bytes;
  }
}

TEST_F(RealHttpClient, SaysThatNobodyIsThere) {
  std::string url;
  {
    const loopback_server gone("");
    url = gone.url();
  }
  const auto r = client_->send(http_request("GET", url));
  EXPECT_EQ(r.error().code(), errc::unavailable);
  EXPECT_THAT(r.error().cause(), HasSubstr("connect 127.0.0.1:"));
  EXPECT_EQ(r.error().detail().find("127.0.0.1"), std::string::npos);
}

TEST_F(RealHttpClient, LetsNoHeaderOrMethodBecomeAnotherRequest) {
  const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const auto code = [&](const std::string& method, const std::string& name, const std::string& value) {
    http_request request(method, server.url());
    request.headers.emplace_back(name, value);
    return client_->send(request).error().code();
  };
  for (const auto& method : {""s, "GE T"s, "GET / HTTP/1.1\r\nX:"s, "G\0"s, "CONNECT"s, "TRACE"s})
    EXPECT_EQ(code(method, "X", "y"), errc::invalid_input) << method;
  for (const auto& name : {""s, "X y"s, "X:"s, "X\r\nY"s, "X\0"s, "Host"s, "content-length"s, "Transfer-Encoding"s,
                           "Connection"s, "Upgrade"s, "Expect"s})
    EXPECT_EQ(code("GET", name, "y"), errc::invalid_input) << name;
  for (const auto& value : {"a\r\nX: y"s, "a\n"s, "a\r"s, "a\0b"s, "\x7f"s})
    EXPECT_EQ(code("GET", "X", value), errc::invalid_input) << value;
  EXPECT_EQ(client_->send(http_request("GET", server.url("/a b"))).error().code(), errc::invalid_input);
  EXPECT_EQ(client_->send(http_request("GET", "nonsense")).error().code(), errc::invalid_input);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(RealHttpClient, CompletesOnTheHandlersExecutorAndNeverInline) {
  const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  for (const auto& url : {server.url(), "nonsense"s}) {
    boost::asio::io_context own;
    std::thread::id where;
    client_->async_send(http_request("GET", url),
                        boost::asio::bind_executor(
                            own, [&](const result<http_response>& /*r*/) { where = std::this_thread::get_id(); }));
    EXPECT_EQ(where, std::thread::id());
    own.run();  // does not run dry before the answer is there
    EXPECT_EQ(where, std::this_thread::get_id()) << url;
  }
}

TEST_F(RealHttpClient, CanBeCanceledByTheHandlersSlot) {
  const loopback_server server("", true);
  boost::asio::io_context own;
  boost::asio::cancellation_signal signal;
  errc code = errc::internal;
  client_->async_send(http_request("GET", server.url()),
                      boost::asio::bind_cancellation_slot(
                          signal.slot(), boost::asio::bind_executor(
                                             own, [&](const result<http_response>& r) { code = r.error().code(); })));
  signal.emit(boost::asio::cancellation_type::terminal);
  own.run();
  EXPECT_EQ(code, errc::canceled);
}

TEST_F(RealHttpClient, FinishesWhatIsUnderWayWhenTheClientIsGone) {
  const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  std::promise<result<http_response>> promise;
  auto client = make_http_client(pool_.get_executor());
  client->async_send(http_request("GET", server.url()),
                     [&](result<http_response> r) { promise.set_value(std::move(r)); });
  client.reset();
  EXPECT_EQ(promise.get_future().get()->body, "ok");
}

TEST_F(RealHttpClient, ManyRequestsMayBeUnderWayAtOnce) {
  const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  std::vector<std::future<bool>> answers;
  for (int i = 0; i < 30; ++i)
    answers.push_back(std::async(std::launch::async, [&] { return get(server).has_value(); }));
  for (auto& a : answers) EXPECT_TRUE(a.get());
  EXPECT_EQ(server.connections(), 30);
}

TEST(HttpClientLifetime, AnExecutorThatEndsTakesItsRequestsAlong) {
  const loopback_server server("", true);
  auto context = std::make_unique<boost::asio::io_context>();
  bool called = false;
  make_http_client(context->get_executor())
      ->async_send(http_request("GET", server.url()), [&](const result<http_response>& /*r*/) { called = true; });
  context->run_for(1ms);
  context.reset();
  EXPECT_FALSE(called);
}

}  // namespace
