// A disk that is full: a small one, mounted for the server alone, so that it is gone with it.
#include "tests/e2e/real_server.hpp"

#include <sstream>
#include <unistd.h>

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace texbuild_test;
namespace fs = std::filesystem;

struct Disk : RealServer {
  void start_on(const std::string& size) {
    fs::create_directories(server.data());
    server.wrapper = {"unshare", "--mount"};
    if (::geteuid() != 0) server.wrapper.push_back("--map-root-user");
    for (const std::string& a :
         {std::string("sh"), std::string("-c"),
          "mount -t tmpfs -o mode=0700,size=" + size + " none \"$0\" && exec \"$@\"", server.data().string()})
      server.wrapper.push_back(a);
    server.start();
    // Nobody else sees the mount; the server's own view of it.
    disk = fs::path("/proc") / std::to_string(server.pid()) / "root" / server.data().relative_path();
  }
  std::size_t files_in(const char* folder) {
    std::size_t files = 0;
    std::error_code gone;
    for (auto i = fs::recursive_directory_iterator(disk / folder, gone); !gone && i != fs::end(i); i.increment(gone))
      ++files;
    return files;
  }
  /// Leaves this much, or a little less: the server may write meanwhile.
  void fill_up_to(std::uint64_t left) {
    ASSERT_GT(fs::space(disk).available, left);
    std::ofstream out(disk / "filler", std::ios::binary);
    const std::string zeros(1 << 20, '\0');
    for (std::uint64_t now = 0; (now = fs::space(disk).available) > left;)
      if (!out.write(zeros.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(now - left, zeros.size())))
               .flush())
        break;
    ASSERT_LE(fs::space(disk).available, left);
  }
  void expect_full(const http_answer& a) {
    EXPECT_EQ(a.status, 503) << a.body;
    EXPECT_EQ(a.text("code"), "insufficient_storage");
    EXPECT_EQ(a.text("message"), "Insufficient disk space");
  }
  fs::path disk;
};

TEST_F(Disk, ThatIsNearlyFullTakesNoUploadsAndServesOn) {
  start_on("160m");
  const auto id = server.accepted(zip_of(document("While there was room.")));
  EXPECT_EQ(server.ended(id).text("status"), "completed");
  EXPECT_EQ(server.ask("GET", "/readyz").status, 200);
  const auto uploads = files_in("uploads");
  const auto blobs = files_in("blobs");

  fill_up_to(60'000'000);  // below 64 MB
  expect_full(server.upload(paper_zip()));
  EXPECT_EQ(server.ask("GET", "/readyz").status, 503);
  EXPECT_EQ(server.ask("GET", "/healthz").status, 200);
  EXPECT_THAT(text_of(server.pdf(id).body), HasSubstr("While there was room."));
  EXPECT_EQ(files_in("uploads"), uploads);
  EXPECT_EQ(files_in("blobs"), blobs);
  EXPECT_EQ(server.list().size(), 1U);

  // Room for small ones, but not for twice this one.
  fs::remove(disk / "filler");
  fill_up_to(75'000'000);
  connection large(server.port());
  large.write(server.upload_head(50'000'000));
  expect_full(large.read());

  fs::remove(disk / "filler");
  EXPECT_EQ(server.ended(server.accepted(paper_zip())).text("status"), "completed");
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(Disk, ThatFillsUpDuringAnUploadKeepsNothingOfIt) {
  start_on("120m");
  const auto blobs = files_in("blobs");
  fill_up_to(70'000'000);
  // In chunks, so that nobody can know how much will come.
  connection c(server.port());
  c.write("POST /api/build HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + server.token() +
          "\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n");
  const auto chunk = [&](const std::string& bytes) {
    std::ostringstream size;
    size << std::hex << bytes.size();
    return c.write(size.str() + "\r\n" + bytes + "\r\n");
  };
  bool open = chunk("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\r\n");
  for (int i = 0; i < 90 && open; ++i) open = chunk(std::string(1 << 20, 'x'));
  expect_full(c.read());
  EXPECT_EQ(files_in("uploads"), 0U);
  EXPECT_EQ(files_in("blobs"), blobs);
  EXPECT_THAT(server.list(), IsEmpty());
  fs::remove(disk / "filler");
  EXPECT_EQ(server.ended(server.accepted(paper_zip())).text("status"), "completed");
}

TEST_F(Disk, ThatIsFullToTheLastByteStopsNoServer) {
  start_on("120m");
  const auto id = server.accepted(zip_of(document("Before.")));
  EXPECT_EQ(server.ended(id).text("status"), "completed");
  fill_up_to(0);
  expect_full(server.upload(paper_zip()));
  EXPECT_EQ(server.get("/api/build/" + id).status, 200);
  EXPECT_THAT(text_of(server.pdf(id).body), HasSubstr("Before."));
  fs::remove(disk / "filler");
  EXPECT_EQ(server.ended(server.accepted(paper_zip())).text("status"), "completed");
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
