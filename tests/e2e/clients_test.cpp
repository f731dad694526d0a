// Clients that are slow, idle, many, or gone: nobody else waits for them, and they leave nothing.
#include "tests/e2e/real_server.hpp"

#include <atomic>
#include <deque>
#include <thread>

namespace {

using ::testing::ContainerEq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace texbuild_test;
using std::chrono::milliseconds;

struct Clients : RealServer {
  void expect_service() {
    const auto id = server.accepted(zip_of(document("Served meanwhile.")));
    EXPECT_EQ(server.ended(id).text("status"), "completed");
    EXPECT_THAT(text_of(server.pdf(id).body), HasSubstr("Served meanwhile."));
    EXPECT_EQ(server.ask("GET", "/healthz").status, 200);
  }
  std::string big_link() {
    const auto id = server.accepted(big_project());
    EXPECT_EQ(server.ended(id).text("status"), "completed");
    return "/api" + server.get("/api/build/" + id + "/pdf/url").text("url");
  }
  /// Those of a server that has nothing to do.
  std::size_t settled_descriptors() const {
    std::size_t count = 0;
    EXPECT_TRUE(comes_true([&] {
      count = server.descriptors();
      std::this_thread::sleep_for(milliseconds(500));
      return server.descriptors() == count;
    }));
    return count;
  }
  static std::string request(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"; }
};

// Takes the half minute that slow clients are given.
TEST_F(Clients, ThatAreSlowStopNobodyAndAreSentAwayAfterHalfAMinute) {
  server.start();
  const auto link = big_link();
  const auto before = settled_descriptors();
  connection header(server.port()), body(server.port()), reader(server.port());
  header.write("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  body.write(server.upload_head(1'000'000) + form_of(paper_zip(), {}).substr(0, 300));
  reader.write(request(link));  // and never reads
  std::atomic<bool> sent_away{false};
  std::thread trickle([&] {
    while (body.write("x")) std::this_thread::sleep_for(milliseconds(100));
    sent_away = true;
  });
  std::thread dripping([&] {
    while (header.write("x")) std::this_thread::sleep_for(milliseconds(100));
  });
  std::deque<connection> idle;
  for (int i = 0; i < 200; ++i) idle.emplace_back(server.port());
  expect_service();
  EXPECT_FALSE(sent_away);
  trickle.join();
  dripping.join();
  EXPECT_TRUE(comes_true([&] { return server.stored({"uploads"}).empty(); }));
  for (auto& c : idle) EXPECT_TRUE(c.closed());
  // The reader that slept for so long finds an end before the whole.
  EXPECT_TRUE(comes_true([&] { return server.descriptors() <= before; })) << before << " " << server.descriptors();
  const auto cut = reader.read();
  EXPECT_EQ(cut.status, 200);
  EXPECT_FALSE(cut.whole());
  expect_service();
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(Clients, ThatVanishLeakNoDescriptors) {
  server.start();
  const auto link = big_link();
  expect_service();
  const auto stored = server.stored({"uploads"});
  const auto before = settled_descriptors();
  for (int round = 0; round < 20; ++round) {
    connection download(server.port()), upload(server.port()), waiting(server.port());
    download.write(request(link));
    EXPECT_EQ(download.read(true).status, 200);  // the head, then away
    upload.write(server.upload_head(1'000'000) + form_of(paper_zip(), {}).substr(0, 300));
    waiting.write("GET /api/build HTTP/1.1\r\n");
  }
  EXPECT_TRUE(comes_true([&] { return server.descriptors() <= before; })) << before << " " << server.descriptors();
  EXPECT_TRUE(comes_true([&] { return server.stored({"uploads"}) == stored; }));

  // One that reads slowly gets all of it.
  const auto whole = server.ask("GET", link);
  EXPECT_TRUE(whole.whole());
  EXPECT_GT(whole.body.size(), 16U << 20);
  connection slow(server.port());
  slow.write(request(link));
  std::this_thread::sleep_for(milliseconds(500));
  expect_service();
  const auto got = slow.read();
  EXPECT_TRUE(got.whole());
  EXPECT_TRUE(got.body == whole.body);
}

TEST_F(Clients, ThatWaitDoNotHoldUpEachOther) {
  server.start();
  const auto id = server.accepted(zip_of(endless_document()));
  std::vector<std::thread> waiting;
  std::atomic<int> answered{0}, asked{0};
  for (int i = 0; i < 40; ++i)
    waiting.emplace_back([&] {
      connection c(server.port());
      c.write("GET /api/build/" + id + "?wait=30 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + server.token() +
              "\r\n\r\n");
      ++asked;
      answered += c.read().text("status") == "canceled";
    });
  EXPECT_TRUE(comes_true([&] { return asked == 40; }));
  EXPECT_EQ(server.get("/api/build").status, 200);
  expect_service();
  EXPECT_EQ(server.as("POST", "/api/build/" + id + "/cancel").status, 200);
  for (auto& w : waiting) w.join();
  EXPECT_EQ(answered, 40);
}

TEST_F(Clients, ThatUploadTogetherAllGetTheirOwn) {
  server.start();
  std::vector<std::thread> clients;
  std::vector<std::string> ids(6);
  for (std::size_t i = 0; i < ids.size(); ++i)
    clients.emplace_back(
        [&, i] { ids[i] = server.accepted(zip_of(document("Words of client " + std::to_string(i)))); });
  for (auto& c : clients) c.join();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(server.ended(ids[i]).text("status"), "completed");
    EXPECT_THAT(text_of(server.pdf(ids[i]).body), HasSubstr("Words of client " + std::to_string(i)));
  }
  EXPECT_TRUE(comes_true([&] { return server.stored({"uploads", "scratch"}).empty(); }));
}

}  // namespace
