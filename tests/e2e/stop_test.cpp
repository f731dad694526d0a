// SIGTERM: the door closes, waiting clients are answered, running builds finish or go back, within 30 seconds.
#include "tests/e2e/real_server.hpp"

#include <atomic>
#include <csignal>
#include <thread>

namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace texbuild_test;

struct Stop : RealServer {
  bool refuses_connections() {
    try {
      const connection c(server.port());
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  }
  http_answer waited;
  std::thread waiting_for(const std::string& id) {
    return std::thread([this, id] {
      connection c(server.port());
      c.write("GET /api/build/" + id + "?wait=30 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + server.token() +
              "\r\n\r\n");
      sent = true;
      waited = c.read();
    });
  }
  std::atomic<bool> sent{false};
};

TEST_F(Stop, LetsARunningBuildFinish) {
  server.start();
  const auto id = server.accepted(zip_of(slow_document("Finished in time.", 600'000)));
  server.begun(id);
  auto waiting = waiting_for(id);
  ASSERT_TRUE(comes_true([&] { return sent.load(); }));
  server.send(SIGTERM);
  EXPECT_TRUE(comes_true([&] { return refuses_connections(); }));
  EXPECT_EQ(server.wait(), 0) << server.err();
  waiting.join();
  EXPECT_EQ(waited.status, 200);
  EXPECT_TRUE(waited.whole());
  EXPECT_EQ(waited.text("status"), "completed") << waited.body;
  EXPECT_THAT(server.workers(), IsEmpty());
  server.start();
  EXPECT_EQ(server.get("/api/build/" + id).text("status"), "completed");
  EXPECT_THAT(text_of(server.pdf(id).body), HasSubstr("Finished in time."));
}

TEST_F(Stop, HandsBackABuildThatDoesNotEnd) {
  server.start();
  const auto id = server.accepted(zip_of(endless_document()));
  server.begun(id);
  auto waiting = waiting_for(id);
  ASSERT_TRUE(comes_true([&] { return sent.load(); }));
  // Others that would hold up a server that waits for all: an idle connection, a header and a body that never end.
  connection idle(server.port()), header(server.port()), body(server.port());
  idle.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(idle.read().status, 200);
  header.write("GET /healthz HTTP/1.1\r\nHo");
  body.write(server.upload_head(1'000'000) + form_of(paper_zip(), {}).substr(0, 300));
  ASSERT_TRUE(comes_true([&] { return !server.stored({"uploads"}).empty(); }));

  const auto began = std::chrono::steady_clock::now();
  server.send(SIGTERM);
  EXPECT_TRUE(comes_true([&] { return refuses_connections(); }));
  EXPECT_EQ(server.wait(), 0) << server.err();
  EXPECT_LE(std::chrono::steady_clock::now() - began, std::chrono::seconds(30));  // documented
  waiting.join();
  EXPECT_THAT(waited.status, AnyOf(200, 503));
  EXPECT_TRUE(waited.whole());
  if (waited.status == 200) {
    EXPECT_THAT(waited.text("status"), AnyOf("pending", "compiling")) << waited.body;
  }
  EXPECT_THAT(server.workers(), IsEmpty());
  EXPECT_THAT(server.stored({"scratch", "uploads"}), IsEmpty());

  // It waits for its next turn, which ends at the limit that it hits.
  server.arguments = {"--dev", "--build-timeout", "3"};
  server.start();
  const auto build = server.ended(id);
  EXPECT_EQ(build.text("status"), "failed");
  EXPECT_THAT(build.text("message"), HasSubstr("time"));
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(Stop, IsAtOnceWhenNothingRuns) {
  server.start();
  EXPECT_EQ(server.get("/healthz").status, 200);
  EXPECT_EQ(server.stop(), 0);
  server.start();
  server.send(SIGINT);
  EXPECT_EQ(server.wait(), 0);
}

TEST_F(Stop, KeepsWhatStillWaitsInTheQueue) {
  server.arguments = {"--dev", "--workers", "1"};
  server.start();
  std::vector<std::string> ids;
  ids.push_back(server.accepted(zip_of(slow_document("First."))));
  for (int i = 0; i < 3; ++i) ids.push_back(server.accepted(zip_of(document("Queued."))));
  server.begun(ids.front());
  EXPECT_EQ(server.stop(), 0);
  server.start();
  for (const auto& id : ids) EXPECT_EQ(server.ended(id).text("status"), "completed");
}

}  // namespace
