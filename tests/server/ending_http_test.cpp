#include "server/ending_http.hpp"

#include "tests/http/loopback_server.hpp"

#include <texbuild/testing.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace texbuild;

/// A service that takes connections and says nothing.
class silent_service {
 public:
  silent_service() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(fd_, 10), 0);
    socklen_t size = sizeof at;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/";
  }
  silent_service(const silent_service&) = delete;
  silent_service& operator=(const silent_service&) = delete;
  ~silent_service() { ::close(fd_); }
  std::string url;

 private:
  int fd_;
};

TEST(EndingHttp, EndsWhatIsUnderWayAndWhatComesAfter) {
  boost::asio::io_context io;
  const auto busy = boost::asio::make_work_guard(io);
  std::jthread sockets([&] { io.run(); });
  const silent_service service;
  server::ending_http http(make_http_client(io.get_executor()));
  http_request request("GET", service.url);
  request.timeout = std::chrono::minutes(10);
  std::jthread soon([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // under way, most likely; either way it has to end
    http.end();
  });
  EXPECT_EQ(http.send(request).error().code(), errc::canceled);
  EXPECT_EQ(http.send(request).error().code(), errc::canceled);
  io.stop();
}

TEST(EndingHttp, PassesEverythingOnUntilThen) {
  boost::asio::io_context io;
  const auto busy = boost::asio::make_work_guard(io);
  std::jthread sockets([&] { io.run(); });
  texbuild_test::loopback_server service("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  server::ending_http http(make_http_client(io.get_executor()));
  EXPECT_EQ(http.send(http_request("GET", service.url("/"))).value().body, "ok");
  io.stop();
}

}  // namespace
