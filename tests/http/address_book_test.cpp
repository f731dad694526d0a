// Names of services are remembered; with the resolver of this binary in the hands of the test.
#include "src/http/address_book.hpp"

#include "tests/http/loopback_server.hpp"

#include <texbuild/http.hpp>

#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <dlfcn.h>
#include <future>
#include <mutex>
#include <netdb.h>

namespace {

using namespace texbuild;
using http::address_book;
using texbuild_test::loopback_server;
using tcp = boost::asio::ip::tcp;

/// Names that end in ".test" are this machine, those with "silent" once `answers` is set.
struct name_server {
  std::mutex mutex;
  std::condition_variable changed;
  bool answers = false;
  std::atomic<int> asked = 0;
  std::atomic<int> begun = 0;
};
name_server& names() {
  static name_server all;
  return all;
}

}  // namespace

// Instead of the C library's, which would ask the network.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view name = node == nullptr ? "" : node;
  auto& s = names();
  ++s.asked;
  if (!name.ends_with(".test")) return real(node, service, hints, result);
  ++s.begun;
  if (name.find("silent") != std::string_view::npos) {
    std::unique_lock lock(s.mutex);
    s.changed.wait(lock, [&] { return s.answers; });
  }
  return real("127.0.0.1", service, hints, result);
}

namespace {

address_book::endpoints port(std::uint16_t p) { return {tcp::endpoint(boost::asio::ip::address_v4::loopback(), p)}; }

TEST(AddressBook, KeepsTheLastGoodAnswerAndTellsWhetherItIsFresh) {
  address_book book;
  const auto t0 = address_book::time();
  EXPECT_FALSE(book.find("a:1", t0));
  book.learn("a:1", port(1), t0);
  EXPECT_TRUE(book.find("a:1", t0)->fresh);
  const auto later = t0 + address_book::fresh_for;
  ASSERT_TRUE(book.find("a:1", later));
  EXPECT_FALSE(book.find("a:1", later)->fresh);
  book.make_do("a:1", later);
  EXPECT_TRUE(book.find("a:1", later)->fresh);
  EXPECT_EQ(book.find("a:1", later)->addresses, port(1));
  book.learn("a:1", {}, later);  // no answer is no good one
  EXPECT_EQ(book.find("a:1", later)->addresses, port(1));
  EXPECT_FALSE(book.find("a:1", t0 + address_book::good_for + std::chrono::seconds(1)));
}

TEST(AddressBook, ForgetsTheOldestNameWhenThereAreTooMany) {
  address_book book;
  auto t = address_book::time();
  for (std::size_t i = 0; i <= address_book::most_names; ++i)
    book.learn(std::to_string(i), port(1), t += std::chrono::milliseconds(1));
  EXPECT_FALSE(book.find("0", t));
  EXPECT_TRUE(book.find("1", t));
  EXPECT_TRUE(book.find(std::to_string(address_book::most_names), t));
}

TEST(AddressBook, SilenceOfOneNameServerStopsNeitherAddressesNorNamesThatAreKnown) {
  const loopback_server server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  boost::asio::thread_pool pool(2);
  const auto client = make_http_client(pool.get_executor());
  const auto known = "http://known.test:" + server.port() + "/";
  ASSERT_TRUE(client->send(http_request("GET", known)));
  auto& s = names();
  const int before = s.begun;
  std::promise<result<http_response>> stuck;
  client->async_send(http_request("GET", "http://silent.test:" + server.port() + "/"),
                     [&](result<http_response> r) { stuck.set_value(std::move(r)); });
  while (s.begun == before) std::this_thread::yield();  // the one thread of the resolver is taken now
  const int asked = s.asked;
  EXPECT_TRUE(client->send(http_request("GET", server.url())));
  EXPECT_TRUE(client->send(http_request("GET", known)));
  EXPECT_EQ(s.asked, asked);
  {
    const std::scoped_lock lock(s.mutex);
    s.answers = true;
  }
  s.changed.notify_all();
  EXPECT_TRUE(stuck.get_future().get());
  pool.join();
}

}  // namespace
