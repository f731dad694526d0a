// Signed links and what they open.
#include "tests/server/client.hpp"

namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

struct Downloads : texbuild_test::Server {
  std::string id;
  std::string url;
  void SetUp() override {
    start();
    id = built();
    const auto link = as("user_dev", "GET", "/api/build/" + id + "/pdf/url");
    EXPECT_EQ(link.status, 200) << link.body;
    url = link.text("url");
  }
};

TEST_F(Downloads, GivesALinkAsDocumented) {
  const auto link = as("user_dev", "GET", "/api/build/" + id + "/pdf/url");
  EXPECT_EQ(link.json().size(), 4U);
  EXPECT_THAT(link.text("url"), StartsWith("/build/" + id + "/pdf?token="));
  EXPECT_EQ(link.json().at("expires_in").to_number<int>(), 300);
  EXPECT_EQ(link.text("build_id"), id);
  EXPECT_EQ(link.text("resource"), "pdf");
}

TEST_F(Downloads, OpensTheLinkInAllThreeWaysWithoutAnAccount) {
  for (const auto& target : {"/api" + url, url}) {
    const auto pdf = send("GET", target);
    EXPECT_EQ(pdf.status, 200);
    EXPECT_EQ(pdf.body, "%PDF-fake");
    EXPECT_EQ(pdf.headers.at("content-type"), "application/pdf");
    EXPECT_THAT(pdf.headers.at("content-disposition"), HasSubstr("filename=\"main.pdf\""));
    EXPECT_EQ(pdf.headers.at("accept-ranges"), "bytes");
  }
  const auto token_part = url.substr(url.find('?'));
  EXPECT_EQ(send("GET", "/api/build/" + id + "/artifact/pdf" + token_part).body, "%PDF-fake");
  EXPECT_EQ(send("GET", "/api" + url, "Authorization: Bearer nonsense\r\n").status, 200);
}

TEST_F(Downloads, RefusesEveryFlawAlike) {
  const auto token_part = url.substr(url.find('=') + 1);
  auto bent = token_part;
  bent[bent.size() / 2] = bent[bent.size() / 2] == 'A' ? 'B' : 'A';
  const auto other = built();
  std::vector<std::string> bodies;
  for (const auto& target :
       {"/build/" + id + "/pdf", "/build/" + id + "/pdf?token=", "/build/" + id + "/pdf?token=" + bent,
        "/build/" + other + "/pdf?token=" + token_part, "/build/" + id + "/artifact/log?token=" + token_part,
        "/build/bld_none/pdf?token=" + token_part}) {
    const auto refused = send("GET", "/api" + target);
    EXPECT_EQ(refused.status, 403) << target;
    bodies.push_back(refused.body);
  }
  time->advance(std::chrono::seconds(301));
  bodies.push_back(send("GET", "/api" + url).body);
  for (const auto& body : bodies) EXPECT_EQ(body, bodies.front());
}

TEST_F(Downloads, KeepsALinkForFiveMinutes) {
  time->advance(std::chrono::seconds(299));
  EXPECT_EQ(send("GET", "/api" + url).status, 200);
}

TEST_F(Downloads, ServesPartsOfAFile) {
  const auto part = send("GET", "/api" + url, "Range: bytes=1-3\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "PDF");
  EXPECT_EQ(part.headers.at("content-range"), "bytes 1-3/9");
  EXPECT_EQ(send("GET", "/api" + url, "Range: bytes=-4\r\n").body, "fake");
  EXPECT_EQ(send("GET", "/api" + url, "Range: bytes=5-\r\n").body, "fake");
  const auto none = send("GET", "/api" + url, "Range: bytes=9-\r\n");
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(none.headers.at("content-range"), "bytes */9");
}

TEST_F(Downloads, SaysWhenNothingHasChanged) {
  const auto tag = send("GET", "/api" + url).headers.at("etag");
  EXPECT_THAT(tag, MatchesRegex("\"[^\"]+\""));
  const auto same = send("GET", "/api" + url, "If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.headers.at("etag"), tag);
  EXPECT_EQ(send("GET", "/api" + url, "Range: bytes=0-0\r\nIf-Range: " + tag + "\r\n").status, 206);
  EXPECT_EQ(send("GET", "/api" + url, "Range: bytes=0-0\r\nIf-Range: \"old\"\r\n").status, 200);
}

TEST_F(Downloads, AnswersHeadLikeGetWithoutTheBytes) {
  const auto head = send("HEAD", "/api" + url);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "9");
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(send("HEAD", "/api" + url, "Range: bytes=0-0\r\n").headers.at("content-length"), "1");
}

TEST_F(Downloads, LinksToTheLogAndSyncTexToo) {
  for (const std::string resource : {"log", "synctex"}) {
    const auto link = as("user_dev", "GET", "/api/build/" + id + "/pdf/url?resource=" + resource);
    ASSERT_EQ(link.status, 200);
    EXPECT_THAT(link.text("url"), StartsWith("/build/" + id + "/artifact/" + resource + "?token="));
    EXPECT_EQ(send("GET", "/api" + link.text("url")).status, 200);
  }
  EXPECT_EQ(as("user_dev", "GET", "/api/build/" + id + "/pdf/url?resource=source").status, 400);
  EXPECT_THAT(as("user_dev", "GET", "/api/build/" + id + "/log").body, HasSubstr("This is pdfTeX"));
}

TEST_F(Downloads, RefusesTheFilesOfAnExpiredBuild) {
  time->advance(std::chrono::hours(24) - std::chrono::seconds(10));
  const auto link = as("user_dev", "GET", "/api/build/" + id + "/pdf/url").text("url");
  EXPECT_EQ(send("GET", "/api" + link).status, 200);
}

TEST(PartialDownloads, AreGivenWhenAskedFor) {
  struct Partial : texbuild_test::Server {
    void TestBody() override {}
  } s;
  s.tex = [](const auto& c, const auto& o, const auto&) {
    auto r = failed_run(c, o);
    write_file(c.root / c.folder / "main.pdf", "%PDF-half");
    return r;
  };
  s.start();
  const auto id = s.built();
  EXPECT_EQ(s.as("user_dev", "GET", "/api/build/" + id + "/pdf/url").text("code"), "compilation_failed");
  const auto link = s.as("user_dev", "GET", "/api/build/" + id + "/pdf/url?partial=true");
  ASSERT_EQ(link.status, 200) << link.body;
  EXPECT_EQ(s.send("GET", "/api" + link.text("url")).body, "%PDF-half");
}

}  // namespace
