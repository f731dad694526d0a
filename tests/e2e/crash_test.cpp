// kill -9 at any moment loses no accepted build, leaves no half-written artifact and no process.
#include "tests/e2e/real_server.hpp"

#include <atomic>
#include <mutex>
#include <random>
#include <thread>

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using namespace texbuild_test;
using std::chrono::milliseconds;

struct Crash : RealServer {
  void start_again() {
    server.start();
    EXPECT_THAT(server.stored({"uploads"}), IsEmpty());
  }
  /// Done, and its PDF is whole and the right one.
  void expect_completed(const std::string& id, const std::string& words) {
    const auto build = server.ended(id);
    EXPECT_EQ(build.text("status"), "completed") << build.body;
    const auto got = server.pdf(id);
    EXPECT_EQ(got.status, 200) << id;
    EXPECT_TRUE(got.whole()) << id;
    EXPECT_THAT(got.body, StartsWith("%PDF-")) << id;
    EXPECT_NE(got.body.rfind("%%EOF"), std::string::npos) << id;
    EXPECT_THAT(text_of(got.body), HasSubstr(words)) << id;
  }
  /// Nothing under way is left in any corner, and the store holds the files of known builds only.
  void expect_at_rest() {
    EXPECT_TRUE(comes_true([&] {
      return server.stored({"uploads", "scratch"}).empty();
    })) << ::testing::PrintToString(server.stored({"uploads", "scratch"}));
    std::set<std::string> known;
    for (const auto& build : server.list()) known.insert(std::string(build.at("id").as_string()));
    // Orphans are looked for at the start, on the side.
    std::set<std::string> strange;
    const bool clean = comes_true([&] {
      strange.clear();
      for (const auto& path : server.stored({"blobs"})) {
        if (!std::filesystem::is_regular_file(server.data() / path)) continue;
        bool of_a_build = false;
        for (const auto& part : std::filesystem::path(path)) of_a_build = of_a_build || known.contains(part.string());
        if (!of_a_build) strange.insert(path);
      }
      return strange.empty();
    });
    EXPECT_TRUE(clean) << ::testing::PrintToString(strange);
    EXPECT_THAT(server.workers(), IsEmpty());
  }
  /// Every process of the dead server goes with it.
  void expect_no_process() {
    EXPECT_TRUE(comes_true([&] { return server.workers().empty(); })) << ::testing::PrintToString(server.workers());
  }
};

TEST_F(Crash, DuringAnUploadLeavesNothing) {
  server.start();
  const auto zip = zip_of(document("Half."));
  connection c(server.port());
  c.write(server.upload_head(10'000'000) + form_of(zip, {}).substr(0, 500));
  ASSERT_TRUE(comes_true([&] { return !server.stored({"uploads"}).empty(); }));
  server.kill();
  start_again();
  EXPECT_THAT(server.list(), IsEmpty());
  expect_at_rest();
  expect_completed(server.accepted(zip), "Half.");
  expect_at_rest();
}

TEST_F(Crash, RightAfterTheAnswerLosesNoBuild) {
  server.start();
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(server.accepted(zip_of(document("Number " + std::to_string(i)))));
  server.kill();
  expect_no_process();
  start_again();
  for (int i = 0; i < 4; ++i) expect_completed(ids[static_cast<std::size_t>(i)], "Number " + std::to_string(i));
  expect_at_rest();
}

TEST_F(Crash, InMidCompileRunsTheBuildAgain) {
  server.start();
  const auto id = server.accepted(zip_of(slow_document("Twice begun.")));
  ASSERT_TRUE(comes_true([&] { return !server.workers().empty(); }));
  EXPECT_EQ(server.get("/api/build/" + id + "/status").text("status"), "compiling");
  server.kill();
  expect_no_process();
  start_again();
  expect_completed(id, "Twice begun.");
  expect_at_rest();
}

TEST_F(Crash, BetweenBuildsKeepsWhatWasDone) {
  server.start();
  const auto id = server.accepted(zip_of(document("Done before.")));
  expect_completed(id, "Done before.");
  const auto before = server.pdf(id);
  const auto url = server.get("/api/build/" + id + "/pdf/url").text("url");
  const auto shown = server.get("/api/build/" + id).json();
  const auto token = server.token();
  server.kill();
  start_again();
  const auto after = server.ask("GET", "/api" + url);  // by the old link
  EXPECT_EQ(after.body, before.body);
  EXPECT_EQ(after.headers.at("etag"), before.headers.at("etag"));
  EXPECT_EQ(server.as("GET", "/api/build/" + id, token).json(), shown);
  expect_at_rest();
}

TEST_F(Crash, WhileTheFontCacheIsMadeLeavesNoProcess) {
  server.environment["TEXBUILD_WARM_FONTS"] = "true";
  server.start();
  ASSERT_TRUE(comes_true([&] { return !server.workers().empty(); }));
  server.kill();
  expect_no_process();
  server.start();
  ASSERT_TRUE(comes_true([&] { return !server.workers().empty(); }));
  EXPECT_EQ(server.stop(), 0);
  EXPECT_THAT(server.workers(), IsEmpty());
  EXPECT_THAT(server.stored({"cache"}), IsEmpty());
}

// Clients that upload with pauses of their own, and a server that is killed under them, again and again.
TEST_F(Crash, AtRandomMomentsLosesNoAcceptedBuild) {
  constexpr int rounds = 8;
  std::mt19937 random(20'240'115);
  const auto some = [&](int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); };
  std::mutex mutex;
  std::map<std::string, std::string> answered;  // id → words
  std::atomic<int> number{0};
  for (int round = 0; round < rounds; ++round) {
    start_again();
    std::atomic<int> answers{0}, busy{3};
    std::vector<std::thread> clients;
    for (int client = 0; client < 3; ++client) {
      const auto piece_pause = std::chrono::microseconds(some(0, 3000));
      clients.emplace_back([&, piece_pause] {
        try {
          for (int turn = 0; turn < 2; ++turn) {
            const auto words = "Marker" + std::to_string(++number) + "x";
            zip_builder zip;
            zip.add("main.tex", "\\documentclass{minimal}\\begin{document}" + words + "\\end{document}");
            zip.add("data.bin", std::string(400'000, 'd')).method = 0;
            const auto form = form_of(zip.build(), {});
            connection c(server.port());
            bool open = c.write(server.upload_head(form.size()));
            for (std::size_t at = 0; open && at < form.size(); at += 32'768) {
              open = c.write(std::string_view(form).substr(at, 32'768));
              std::this_thread::sleep_for(piece_pause);
            }
            const auto answer = c.read();
            if (answer.status != 201 || !answer.whole()) break;
            const std::scoped_lock guard(mutex);
            answered[answer.text("id")] = words;
            ++answers;
          }
        } catch (const std::runtime_error&) {  // the door is gone
        }
        --busy;
      });
    }
    // The moment: so many answers, and a little later.
    const int enough = some(0, 4);
    const auto later = milliseconds(some(0, 200));
    EXPECT_TRUE(comes_true([&] { return answers >= enough || busy == 0; }));
    std::this_thread::sleep_for(later);
    server.kill();
    for (auto& c : clients) c.join();
    expect_no_process();
  }
  start_again();
  for (const auto& [id, words] : answered) expect_completed(id, words);
  // Those whose answer did not arrive are absent, or builds like all others.
  std::size_t listed = 0;
  for (const auto& build : server.list()) {
    ++listed;
    expect_completed(std::string(build.at("id").as_string()), "Marker");
  }
  EXPECT_GE(listed, answered.size());
  EXPECT_GT(answered.size(), 8U);  // or it was killed too early to test anything
  expect_at_rest();
  RecordProperty("answered", static_cast<int>(answered.size()));
  RecordProperty("listed", static_cast<int>(listed));
}

}  // namespace
