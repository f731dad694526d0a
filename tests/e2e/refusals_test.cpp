// Every row "refused at upload" of the contract, through HTTP: the status, the words, and nothing left on disk.
#include "tests/e2e/real_server.hpp"

#include <sstream>

namespace {

using ::testing::AllOf;
using ::testing::ContainerEq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace texbuild_test;

struct Refusals : RealServer {
  void SetUp() override {
    server.start();
    before = server.stored();
  }
  /// Nothing of what was refused is on disk, and no build is listed.
  void TearDown() override {
    EXPECT_THAT(server.stored(), ContainerEq(before));
    EXPECT_THAT(server.list(), IsEmpty());
    // The server goes on.
    EXPECT_EQ(server.ended(server.accepted(paper_zip())).text("status"), "completed");
    EXPECT_EQ(server.stop(), 0);
  }
  void expect_refused(const std::string& zip, const std::string& what, const std::string& named,
                      const std::map<std::string, std::string>& fields = {}) {
    const auto refused = server.upload(zip, fields);
    EXPECT_EQ(refused.status, 400) << what << ": " << refused.body;
    if (refused.status != 400) return;
    EXPECT_EQ(refused.text("code"), "invalid_input") << what;
    EXPECT_THAT(refused.text("message"), Not(IsEmpty())) << what;
    EXPECT_THAT(refused.text("details"), HasSubstr(named)) << what;
    EXPECT_THAT(refused.body, Not(HasSubstr(server.folder().string()))) << what;
    EXPECT_THAT(server.stored(), ContainerEq(before)) << what;
  }
  static zip_builder paper() {
    zip_builder zip;
    zip.add("main.tex", document("x"));
    return zip;
  }
  std::set<std::string> before;
};

TEST_F(Refusals, WhatIsNoWholeZip) {
  expect_refused("", "nothing", "");
  expect_refused("hello", "text", "ZIP");
  expect_refused(document("x"), "a document", "ZIP");
  expect_refused(std::string(100'000, '\0'), "zeros", "ZIP");
  zip_builder big = paper();
  big.add("notes.txt", std::string(50'000, 'n') + "end").method = 0;
  const auto whole = big.build();
  for (const auto bytes : {whole.size() - 1, whole.size() - 60, whole.size() / 2, std::size_t{40}})
    expect_refused(whole.substr(0, bytes), "cut off at " + std::to_string(bytes), "");
  expect_refused(whole.substr(20), "without its beginning", "");
}

TEST_F(Refusals, DamagedEntries) {
  auto sum = paper();
  auto& wrong_sum = sum.add("figure.pdf", "some bytes");
  wrong_sum.local_crc = wrong_sum.central_crc = 1;
  expect_refused(sum.build(), "wrong checksum", "figure.pdf");
  auto stream = paper();
  auto& garbage = stream.add("figure.pdf", "some bytes");
  garbage.packed = std::string(40, '\xff');
  garbage.local_packed = garbage.central_packed = 40;
  expect_refused(stream.build(), "a broken stream", "figure.pdf");
  auto lie = paper();
  auto& size = lie.add("figure.pdf", std::string(1000, 'x'));
  size.local_bytes = size.central_bytes = 10;
  expect_refused(lie.build(), "a lying size", "figure.pdf");
}

TEST_F(Refusals, EncryptedEntries) {
  auto zip = paper();
  zip.add("secret.tex").flags |= 1;
  expect_refused(zip.build(), "encrypted", "secret.tex");
}

TEST_F(Refusals, NamesThatLeadOutOfTheProject) {
  for (const std::string name : {"../evil.tex", "a/../../evil.tex", "a/../evil.tex", "..", "/etc/evil.tex",
                                 "//evil.tex", "C:/evil.tex", "C:evil.tex"}) {
    auto zip = paper();
    zip.add(name);
    expect_refused(zip.build(), name, name == ".." ? ".." : "evil.tex");
  }
  for (const std::string name : {"..\\evil.tex", "a\\evil.tex", "C:\\evil.tex", "\\evil.tex"}) {
    auto zip = paper();
    zip.add(name);
    expect_refused(zip.build(), name, "evil.tex");
  }
}

TEST_F(Refusals, NamesWithControlCharacters) {
  for (const auto& name : {std::string("evil.tex\0.png", 13), std::string("evil\n.tex"), std::string("evil\x1b[2J"),
                           std::string("evil\x7f"), std::string("evil\r.tex")}) {
    auto zip = paper();
    zip.add(name);
    expect_refused(zip.build(), "a control character", "evil");
  }
}

TEST_F(Refusals, LinksOutOfTheProjectAndSpecialEntries) {
  for (const std::string target : {"/etc/passwd", "../outside.tex", "sub/../../outside.tex", "loop.tex"}) {
    auto zip = paper();
    zip.link("loop.tex", target);
    expect_refused(zip.build(), "a link to " + target, "loop.tex");
  }
  for (const std::uint32_t mode : {0010644U, 0020644U, 0060644U, 0140644U}) {  // FIFO, devices, socket
    auto zip = paper();
    zip.add("special.tex").mode = mode;
    expect_refused(zip.build(), "mode " + std::to_string(mode), "special.tex");
  }
}

TEST_F(Refusals, TwoNamesOfOneFile) {
  for (const std::string name : {"part/a.tex", "part/./a.tex", "part//a.tex", "./part/a.tex"}) {
    auto zip = paper();
    zip.add("part/a.tex", "one");
    zip.add(name, "two");
    expect_refused(zip.build(), name, "part/a.tex");
  }
  auto zip = paper();
  zip.add("part", "a file");
  zip.add("part/a.tex", "in a folder");
  expect_refused(zip.build(), "a file that is a folder", "part");
}

TEST_F(Refusals, MoreThanTenThousandEntries) {
  auto zip = paper();
  for (int i = 0; i < 10'000; ++i) zip.add("f" + std::to_string(i), "").method = 0;
  expect_refused(zip.build(), "10 001 entries", "10");
}

TEST_F(Refusals, Bombs) {
  auto flat = paper();
  flat.add("zeros.dat", std::string(200 << 20, '\0'));
  expect_refused(flat.build(), "200 MB of zeros", "zeros.dat");
  expect_refused(overlapping_bomb(100, 1 << 20), "entries that overlap", "");
  auto claims = paper();
  for (int i = 0; i < 3; ++i) {
    auto& part = claims.add("huge" + std::to_string(i) + ".dat", std::string(1000, 'x'));
    part.local_bytes = part.central_bytes = 512ULL << 20;
  }
  expect_refused(claims.build(), "1.5 GiB by its own words", "");
  // Honest, but too much: 17 entries of 64 MiB that are not compressed beyond belief.
  zip_builder large = paper();
  std::string noise(64 << 20, '\0');
  for (std::size_t i = 0; i < noise.size(); i += 512) noise[i] = static_cast<char>(i >> 9 ^ i >> 17);
  const auto packed = deflated(noise);
  const auto sum = crc_of(noise);
  for (int i = 0; i < 17; ++i) {
    auto& part = large.add("large" + std::to_string(i) + ".dat", "");
    part.packed = packed;
    part.local_packed = part.central_packed = packed.size();
    part.local_bytes = part.central_bytes = noise.size();
    part.local_crc = part.central_crc = sum;
  }
  expect_refused(large.build(), "1.06 GiB unpacked", "");
}

TEST_F(Refusals, MainFilesThatAreMissingOrNoFileMayBe) {
  auto zip = paper();
  zip.add("-x.tex", document("x"));
  zip.add("|ls.tex", document("x"));
  const auto bytes = zip.build();
  for (const std::string& name : {std::string("missing.tex"), std::string("-x.tex"), std::string("|ls.tex"),
                                  std::string("|ls"), std::string("main.tex\0.png", 13), std::string("../main.tex"),
                                  std::string("a/../main.tex"), std::string("/etc/passwd"), std::string("main.tex/")})
    expect_refused(bytes, "main_file " + name, "main_file", {{"main_file", name}});
  zip_builder none;
  none.add("readme.txt", "no document");
  expect_refused(none.build(), "no document", "");
  zip_builder several;
  several.add("one.tex", document("x"));
  several.add("two.tex", document("x"));
  const auto refused = server.upload(several.build());
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.text("details"), AllOf(HasSubstr("one.tex"), HasSubstr("two.tex")));
}

TEST_F(Refusals, FieldsThatAreWrongAndShellEscape) {
  expect_refused(paper_zip(), "an engine that is none", "engine", {{"engine", "latex"}});
  expect_refused(paper_zip(), "a boolean that is none", "shell_escape", {{"shell_escape", "maybe"}});
  const auto escape = server.upload(paper_zip(), {{"shell_escape", "true"}});
  EXPECT_EQ(escape.status, 403);
  EXPECT_EQ(escape.text("code"), "forbidden");
  const auto bearer = "Authorization: Bearer " + server.token() + "\r\n";
  const auto json = server.ask("POST", "/api/build", bearer + "Content-Type: application/json\r\n", "{}");
  EXPECT_EQ(json.status, 415);
  EXPECT_EQ(json.text("code"), "unsupported_media_type");
  const auto form = bearer + "Content-Type: multipart/form-data; boundary=b\r\n";
  const auto none = server.ask("POST", "/api/build", form,
                               "--b\r\nContent-Disposition: form-data; name=\"engine\"\r\n\r\npdflatex\r\n--b--\r\n");
  EXPECT_EQ(none.status, 400);
  EXPECT_THAT(none.text("details"), HasSubstr("file"));
  const auto whole = form_of(paper_zip(), {});
  EXPECT_EQ(server.ask("POST", "/api/build", form, whole.substr(0, whole.size() - 20)).status, 400);
  EXPECT_EQ(server.ask("POST", "/api/build", form, "no form").status, 400);
}

TEST_F(Refusals, UploadsOverAHundredMegabytes) {
  // By its own words, before it comes.
  connection told(server.port());
  told.write(server.upload_head(200 << 20));
  const auto refused = told.read();
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.text("code"), "payload_too_large");
  // When it has grown that large: chunks say nothing of the whole.
  connection growing(server.port());
  growing.write("POST /api/build HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + server.token() +
                "\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string begin = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.zip\"\r\n\r\n";
  const auto chunk = [&](const std::string& bytes) {
    std::ostringstream size;
    size << std::hex << bytes.size();
    return growing.write(size.str() + "\r\n" + bytes + "\r\n");
  };
  bool open = chunk(begin);
  const std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 110 && open; ++i) open = chunk(megabyte);
  const auto stopped = growing.read();
  EXPECT_EQ(stopped.status, 413) << stopped.body;
  EXPECT_EQ(stopped.text("code"), "payload_too_large");
}

}  // namespace
