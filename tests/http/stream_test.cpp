// Answers that are read piece by piece, against real sockets on this machine.
#include "tests/http/loopback_server.hpp"

#include <texbuild/http.hpp>
#include <texbuild/testing.hpp>

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
using texbuild_test::loopback_server;
using opened = result<std::unique_ptr<http_stream>>;

class HttpStream : public ::testing::Test {
 protected:
  ~HttpStream() override { pool_.join(); }
  opened open(http_request request) {
    std::promise<opened> promise;
    client_->async_open(std::move(request), [&](opened s) { promise.set_value(std::move(s)); });
    return promise.get_future().get();
  }
  static std::future<result<std::string>> begin_read(http_stream& from) {
    auto promise = std::make_shared<std::promise<result<std::string>>>();
    from.async_read_some([promise](result<std::string> piece) { promise->set_value(std::move(piece)); });
    return promise->get_future();
  }
  static result<std::string> read(http_stream& from) { return begin_read(from).get(); }
  /// Everything until the end.
  static result<std::string> drain(http_stream& from) {
    std::string all;
    for (;;) {
      auto piece = read(from);
      if (!piece) return piece;
      if (piece->empty()) return all;
      all += *piece;
    }
  }
  result<std::string> body(const std::string& bytes) {
    const loopback_server server(bytes);
    auto stream = open(http_request("GET", server.url()));
    if (!stream) return stream.error();
    return drain(**stream);
  }

  boost::asio::thread_pool pool_{2};
  std::shared_ptr<http_client> client_ = make_http_client(pool_.get_executor());
};

TEST_F(HttpStream, GivesTheHeadAndThenTheBody) {
  const loopback_server server("HTTP/1.1 503 Oh\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello");
  http_request request("POST", server.url("/a"));
  request.body = "sent";
  auto stream = open(request);
  ASSERT_TRUE(stream) << stream.error().cause();
  EXPECT_EQ((*stream)->head().status, 503);
  EXPECT_EQ((*stream)->head().header("x-one"), "1");
  EXPECT_EQ((*stream)->head().body, "");
  EXPECT_EQ(drain(**stream).value(), "hello");
  EXPECT_EQ(read(**stream).value(), "");  // and again
  EXPECT_THAT(server.request(), ::testing::EndsWith("\r\n\r\nsent"));
}

TEST_F(HttpStream, ReadsBodiesOfEveryForm) {
  EXPECT_EQ(body("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").value(), "");
  EXPECT_EQ(body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n").value(),
            "hello");
  EXPECT_EQ(body("HTTP/1.1 200 OK\r\n\r\nuntil the end").value(), "until the end");
  EXPECT_EQ(body("HTTP/1.1 204 No Content\r\n\r\n").value(), "");
  EXPECT_EQ(body("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").value(), "ok");
  std::string large;
  while (large.size() < 1'000'000) large += std::to_string(large.size()) + ",";
  EXPECT_TRUE(body("HTTP/1.1 200 OK\r\n\r\n" + large).value() == large);
}

TEST_F(HttpStream, SaysWhenTheBodyIsCut) {
  for (const auto& bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"s,
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"s,
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nxyz\r\n"s}) {
    const loopback_server server(bytes);
    auto stream = open(http_request("GET", server.url())).value();
    EXPECT_EQ(read(*stream).value(), "half") << bytes;
    EXPECT_EQ(drain(*stream).error().code(), errc::unavailable) << bytes;
    EXPECT_EQ(drain(*stream).error().code(), errc::unavailable) << bytes;
  }
}

TEST_F(HttpStream, EndsAtTheLimitOfItsBody) {
  const loopback_server server("HTTP/1.1 200 OK\r\n\r\n" + std::string(200'000, 'x'));
  http_request request("GET", server.url());
  request.most_bytes = 100'000;
  auto stream = open(request).value();
  EXPECT_EQ(drain(*stream).error().code(), errc::payload_too_large);
}

TEST_F(HttpStream, TimesOutBeforeTheHeadAndBetweenPieces) {
  const loopback_server silent("", true);
  http_request request("GET", silent.url());
  request.timeout = 50ms;
  EXPECT_EQ(open(request).error().code(), errc::timed_out);
  const loopback_server halting("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true);
  http_request other("GET", halting.url());
  other.timeout = 10s;
  other.idle = 50ms;
  auto stream = open(other).value();
  EXPECT_EQ(read(*stream).value(), "half");
  EXPECT_EQ(read(*stream).error().code(), errc::timed_out);
}

TEST_F(HttpStream, TakesItsTimeWhenTheReaderDoes) {
  const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + std::string(10, 'x'), true);
  http_request request("GET", server.url());
  request.timeout = request.idle = 60ms;
  auto stream = open(request).value();
  EXPECT_EQ(read(*stream).value().size(), 10U);
  std::this_thread::sleep_for(100ms);  // longer than either limit: neither counts while nobody reads
  EXPECT_EQ(read(*stream).value(), "");
}

TEST_F(HttpStream, EndsTheConnectionAndItsReadWhenItIsDestroyed) {
  const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", true);
  auto stream = open(http_request("GET", server.url())).value();
  EXPECT_EQ(read(*stream).value(), "half");
  auto pending = begin_read(*stream);
  stream.reset();
  EXPECT_EQ(pending.get().error().code(), errc::canceled);
}  // the server's destructor waits for the connection's end

TEST_F(HttpStream, ReadsNothingAheadOfItsReader) {
  // More than any socket buffer holds: the server could not have written it all.
  const loopback_server server("HTTP/1.1 200 OK\r\n\r\n" + std::string(64 << 20, 'x'));
  http_request request("GET", server.url());
  request.most_bytes = 1ULL << 30;
  auto stream = open(request).value();
  EXPECT_LE(read(*stream).value().size(), 64U << 10);
  EXPECT_FALSE(server.answered());
}

TEST_F(HttpStream, CanBeCanceledWhileItIsOpened) {
  const loopback_server server("", true);
  boost::asio::io_context own;
  boost::asio::cancellation_signal signal;
  errc code = errc::internal;
  client_->async_open(
      http_request("GET", server.url()),
      boost::asio::bind_cancellation_slot(
          signal.slot(), boost::asio::bind_executor(own, [&](const opened& r) { code = r.error().code(); })));
  signal.emit(boost::asio::cancellation_type::terminal);
  own.run();
  EXPECT_EQ(code, errc::canceled);
}

TEST_F(HttpStream, RefusesWhatAPlainRequestWouldRefuse) {
  EXPECT_EQ(open(http_request("GET", "nonsense")).error().code(), errc::invalid_input);
  const loopback_server server("HTTP/1.1 200 OK\r\n\r\n");
  http_request inside("GET", server.url());
  inside.public_only = true;
  EXPECT_EQ(open(inside).error().code(), errc::forbidden);
  http_request header("GET", server.url());
  header.headers.emplace_back("X", "a\nb");
  EXPECT_EQ(open(header).error().code(), errc::invalid_input);
}

TEST_F(HttpStream, CanBeScripted) {
  const auto act = [](const http_request& /*r*/) {
    http_response answer;
    answer.status = 200;
    answer.body = "whole";
    return result<http_response>(answer);
  };
  client_ = std::make_shared<texbuild::testing::scripted_http>(pool_.get_executor(), act);
  EXPECT_EQ(drain(*open(http_request("GET", "http://x/")).value()).value(), "whole");
  const auto parts = std::make_shared<std::vector<std::string>>(std::vector<std::string>{"", "b", "a"});
  client_ =
      std::make_shared<texbuild::testing::scripted_http>(pool_.get_executor(), act, [parts](const http_request& /*r*/) {
        return [parts] {
          auto next = parts->back();
          parts->pop_back();
          return result<std::string>(next);
        };
      });
  EXPECT_EQ(drain(*open(http_request("GET", "http://x/")).value()).value(), "ab");
}

}  // namespace
