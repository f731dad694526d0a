// The documented flow: every documented route, field, type and status, with real TeX.
#include "tests/e2e/real_server.hpp"

#include <algorithm>
#include <regex>
#include <utility>

namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;
using namespace texbuild_test;

using Flow = RealServer;

std::string string_in(const boost::json::object& o, const char* name) {
  const auto* v = o.if_contains(name);
  if (v == nullptr || !v->is_string()) {
    ADD_FAILURE() << name << " is no string in " << o;
    return "";
  }
  return std::string(v->as_string());
}

std::int64_t integer_in(const boost::json::object& o, const char* name) {
  const auto* v = o.if_contains(name);
  if (v == nullptr || !(v->is_int64() || v->is_uint64())) {
    ADD_FAILURE() << name << " is no integer in " << o;
    return -1;
  }
  return v->to_number<std::int64_t>();
}

std::int64_t time_in(const boost::json::object& o, const char* name) {
  const auto time = time_of(string_in(o, name));
  EXPECT_TRUE(time) << name << " is no time in " << o;
  return time.value_or(0);
}

/// What the answers to "create", "list" and "get" have in common.
void expect_build(const boost::json::object& o, const std::string& engine, const std::string& main_file) {
  EXPECT_THAT(string_in(o, "id"), MatchesRegex("bld_[0-9A-Za-z]+"));
  EXPECT_EQ(string_in(o, "engine"), engine);
  EXPECT_EQ(string_in(o, "main_file"), main_file);
  EXPECT_EQ(time_in(o, "expires_at") - time_in(o, "created_at"), 24 * 3600);
}

void expect_problem(const http_answer& a, int status, const std::string& code) {
  EXPECT_EQ(a.status, status) << a.body;
  const auto o = a.json();
  EXPECT_EQ(string_in(o, "code"), code);
  EXPECT_THAT(string_in(o, "message"), Not(IsEmpty()));
  string_in(o, "details");
  EXPECT_THAT(a.headers.at("x-request-id"), Not(IsEmpty()));
}

TEST_F(Flow, AnswersEveryRouteAsDocumented) {
  server.start();
  const auto created = server.upload(zip_of(document("Hello from the flow.")),
                                     {{"engine", "pdflatex"}, {"main_file", "main.tex"}, {"shell_escape", "false"}});
  ASSERT_EQ(created.status, 201) << created.body;
  expect_build(created.json(), "pdflatex", "main.tex");
  EXPECT_EQ(string_in(created.json(), "status"), "pending");
  const auto id = string_in(created.json(), "id");
  const auto build = "/api/build/" + id;
  EXPECT_EQ(created.headers.at("location"), build);
  EXPECT_THAT(created.headers.at("content-type"), StartsWith("application/json"));

  // Status, until it is completed: forwards only.
  const std::vector<std::string> order{"pending", "compiling", "completed"};
  std::size_t at = 0;
  std::int64_t progress = 0;
  for (;;) {
    const auto answer = server.get(build + "/status");
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto o = answer.json();
    EXPECT_EQ(string_in(o, "id"), id);
    EXPECT_EQ(string_in(o, "engine"), "pdflatex");
    EXPECT_THAT(string_in(o, "message"), Not(IsEmpty()));
    time_in(o, "created_at");
    EXPECT_THAT(integer_in(o, "progress"), AllOf(Ge(progress), Le(100)));
    progress = integer_in(o, "progress");
    const auto now = std::find(order.begin(), order.end(), string_in(o, "status"));
    ASSERT_NE(now, order.end()) << answer.body;
    EXPECT_GE(static_cast<std::size_t>(now - order.begin()), at);
    at = static_cast<std::size_t>(now - order.begin());
    if (*now == "completed") {
      EXPECT_EQ(progress, 100);
      EXPECT_GE(time_in(o, "completed_at"), time_in(o, "created_at"));
      break;
    }
    EXPECT_LT(progress, 100);
    EXPECT_TRUE(o.at("completed_at").is_null());
    if (*now == "pending") {
      EXPECT_EQ(progress, 0);
    }
  }

  const auto shown = server.get(build);
  ASSERT_EQ(shown.status, 200);
  const auto whole = shown.json();
  expect_build(whole, "pdflatex", "main.tex");
  EXPECT_EQ(string_in(whole, "id"), id);
  EXPECT_EQ(string_in(whole, "status"), "completed");
  EXPECT_EQ(string_in(whole, "user_id"), "user_dev");
  EXPECT_THAT(string_in(whole, "pdf_path"), AllOf(HasSubstr(".pdf"), Not(StartsWith("/"))));
  EXPECT_THAT(string_in(whole, "synctex_path"), AllOf(HasSubstr(".synctex.gz"), Not(StartsWith("/"))));
  EXPECT_THAT(string_in(whole, "build_log"), AllOf(HasSubstr("This is pdfTeX"), HasSubstr("Output written on")));
  EXPECT_GE(time_in(whole, "updated_at"), time_in(whole, "created_at"));
  EXPECT_GT(integer_in(whole, "storage_bytes"), 1000);
  EXPECT_GE(integer_in(whole, "passes"), 1);
  EXPECT_GT(integer_in(whole, "duration_ms"), 0);
  EXPECT_TRUE(whole.at("diagnostics").is_array());
  EXPECT_TRUE(whole.at("outputs").is_array());
  EXPECT_TRUE(whole.at("cached").is_bool());
  EXPECT_THAT(shown.body, Not(HasSubstr(server.folder().string())));  // no host path

  const auto listed = server.get("/api/build").json();
  EXPECT_EQ(integer_in(listed, "total"), 1);
  EXPECT_EQ(integer_in(listed, "page"), 1);
  EXPECT_EQ(integer_in(listed, "page_size"), 20);
  EXPECT_EQ(integer_in(listed, "total_pages"), 1);
  ASSERT_EQ(listed.at("builds").as_array().size(), 1U);
  expect_build(listed.at("builds").at(0).as_object(), "pdflatex", "main.tex");
  EXPECT_EQ(string_in(listed.at("builds").at(0).as_object(), "status"), "completed");

  const auto link = server.get(build + "/pdf/url");
  ASSERT_EQ(link.status, 200) << link.body;
  const auto url = string_in(link.json(), "url");
  EXPECT_TRUE(std::regex_match(url, std::regex("/build/" + id + R"(/pdf\?token=[-_.~A-Za-z0-9%]+)"))) << url;
  EXPECT_EQ(integer_in(link.json(), "expires_in"), 300);
  EXPECT_EQ(string_in(link.json(), "build_id"), id);
  EXPECT_EQ(string_in(link.json(), "resource"), "pdf");

  const auto gone = server.as("DELETE", build);
  EXPECT_EQ(gone.status, 200);
  EXPECT_EQ(string_in(gone.json(), "status"), "deleted");
  EXPECT_EQ(string_in(gone.json(), "message"), "Build will be permanently deleted shortly");
  for (const char* rest : {"", "/status", "/pdf/url"}) expect_problem(server.get(build + rest), 404, "not_found");
  expect_problem(server.as("DELETE", build), 404, "not_found");
  expect_problem(server.ask("GET", "/api" + url), 404, "not_found");
  EXPECT_EQ(integer_in(server.get("/api/build").json(), "total"), 0);
  EXPECT_EQ(server.stop(), 0);
}

TEST_F(Flow, ServesThePdfInEveryWayThatClientsFetchIt) {
  server.start();
  const auto id = server.accepted(zip_of(document("Fetched in all ways.")));
  EXPECT_EQ(server.ended(id).text("status"), "completed");
  const auto url = server.get("/api/build/" + id + "/pdf/url").text("url");
  const auto query = url.substr(url.find('?'));

  const auto got = server.ask("GET", "/api" + url);  // the token alone suffices
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_TRUE(got.whole());
  EXPECT_THAT(got.body, StartsWith("%PDF-"));
  EXPECT_THAT(text_of(got.body), HasSubstr("Fetched in all ways."));
  EXPECT_EQ(got.headers.at("content-type"), "application/pdf");
  EXPECT_THAT(got.headers.at("content-disposition"), HasSubstr("main.pdf"));
  EXPECT_EQ(got.headers.at("accept-ranges"), "bytes");
  for (const auto& other :
       {url, "/build/" + id + "/artifact/pdf" + query, "/api/build/" + id + "/artifact/pdf" + query})
    EXPECT_EQ(server.ask("GET", other).body, got.body) << other;
  // A Bearer beside the token is ignored, good or bad.
  EXPECT_EQ(server.ask("GET", url, "Authorization: Bearer nonsense\r\n").status, 200);

  const auto head = server.ask("HEAD", url);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(got.body.size()));
  EXPECT_EQ(head.headers.at("etag"), got.headers.at("etag"));

  const auto etag = got.headers.at("etag");
  EXPECT_THAT(etag, MatchesRegex("\".+\""));
  const auto same = server.ask("GET", url, "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_THAT(same.body, IsEmpty());
  EXPECT_EQ(server.ask("GET", url, "If-None-Match: \"other\"\r\n").status, 200);

  const auto size = got.body.size();
  const auto total = "/" + std::to_string(size);
  const auto part = server.ask("GET", url, "Range: bytes=0-4\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "%PDF-");
  EXPECT_EQ(part.headers.at("content-range"), "bytes 0-4" + total);
  EXPECT_EQ(server.ask("GET", url, "Range: bytes=-10\r\n").body, got.body.substr(size - 10));
  EXPECT_EQ(server.ask("GET", url, "Range: bytes=100-\r\n").body, got.body.substr(100));
  EXPECT_EQ(server.ask("GET", url, "Range: bytes=0-0\r\nIf-Range: \"other\"\r\n").status, 200);
  const auto beyond = server.ask("GET", url, "Range: bytes=" + std::to_string(size) + "-\r\n");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_EQ(beyond.headers.at("content-range"), "bytes *" + total);

  for (const auto& [resource, begin] : {std::pair("synctex", "\x1f\x8b"), std::pair("log", "This is pdfTeX")}) {
    const auto link = server.get("/api/build/" + id + "/pdf/url?resource=" + std::string(resource));
    ASSERT_EQ(link.status, 200) << link.body;
    EXPECT_EQ(link.text("resource"), resource);
    const auto file = server.ask("GET", "/api" + link.text("url"));
    EXPECT_EQ(file.status, 200) << resource;
    EXPECT_THAT(file.body, StartsWith(begin));
  }
}

TEST_F(Flow, TellsWhyADocumentFailedAndKeepsWhatItLeft) {
  server.start();
  const auto id =
      server.accepted(zip_of("\\documentclass{article}\n\\begin{document}\nBefore.\n\\nosuchcommand\n"
                             "After.\n\\end{document}\n"));
  const auto build = server.ended(id).json();
  EXPECT_EQ(string_in(build, "status"), "failed");
  EXPECT_THAT(string_in(build, "message"), ContainsRegex("^main\\.tex:4: .*Undefined control sequence"));
  EXPECT_THAT(string_in(build, "build_log"), HasSubstr("\\nosuchcommand"));
  ASSERT_FALSE(build.at("diagnostics").as_array().empty());
  const auto& first = build.at("diagnostics").at(0).as_object();
  EXPECT_EQ(string_in(first, "severity"), "error");
  EXPECT_EQ(string_in(first, "file"), "main.tex");
  EXPECT_EQ(integer_in(first, "line"), 4);
  const auto status = server.get("/api/build/" + id + "/status").json();
  EXPECT_EQ(string_in(status, "message"), string_in(build, "message"));
  EXPECT_GE(time_in(status, "completed_at"), time_in(status, "created_at"));

  expect_problem(server.get("/api/build/" + id + "/pdf/url"), 400, "compilation_failed");
  const auto partial = server.get("/api/build/" + id + "/pdf/url?partial=true");
  ASSERT_EQ(partial.status, 200) << partial.body;
  const auto pdf = server.ask("GET", "/api" + partial.text("url"));
  EXPECT_EQ(pdf.status, 200);
  EXPECT_THAT(text_of(pdf.body), HasSubstr("Before."));
  const auto log = server.get("/api/build/" + id + "/log");
  EXPECT_EQ(log.status, 200);
  EXPECT_THAT(log.body, HasSubstr("Undefined control sequence"));

  // Nothing at all came of this one.
  const auto empty = server.accepted(zip_of("\\documentclass{article}\n\\begin{document}\n\\end{document}\n"));
  EXPECT_EQ(server.ended(empty).text("status"), "failed");
  EXPECT_THAT(server.get("/api/build/" + empty + "/pdf/url?partial=true").status, AnyOf(400, 404));
}

TEST_F(Flow, TellsThatABuildHasNotEnded) {
  server.start();
  const auto id = server.accepted(zip_of(endless_document()));
  expect_problem(server.get("/api/build/" + id + "/pdf/url"), 400, "invalid_input");
  server.begun(id);
  const auto now = server.get("/api/build/" + id + "?wait=1");
  EXPECT_EQ(now.text("status"), "compiling");
  EXPECT_TRUE(now.json().at("pdf_path").is_null());
  EXPECT_TRUE(now.json().at("synctex_path").is_null());
  expect_problem(server.get("/api/build/" + id + "/pdf/url"), 400, "invalid_input");
  EXPECT_EQ(server.as("POST", "/api/build/" + id + "/cancel").status, 200);
  EXPECT_EQ(server.ended(id).text("status"), "canceled");
  // A running one that is deleted is stopped.
  const auto other = server.accepted(zip_of(endless_document()));
  server.begun(other);
  EXPECT_EQ(server.as("DELETE", "/api/build/" + other).status, 200);
  EXPECT_EQ(server.get("/api/build/" + other).status, 404);
  EXPECT_TRUE(comes_true([&] { return server.workers().empty(); })) << ::testing::PrintToString(server.workers());
}

TEST_F(Flow, WorksWithTheCommandsOfTheDocumentation) {
  server.start();
  const auto zip = server.folder() / "project.zip";
  write_file(zip, zip_of(document("Sent by curl.")));
  const auto base = "http://127.0.0.1:" + std::to_string(server.port()) + "/api";
  const auto bearer = "Authorization: Bearer " + server.token();
  const auto created = run({"curl", "-sS", "-X", "POST", base + "/build", "-H", bearer, "-F", "file=@" + zip.string(),
                            "-F", "engine=pdflatex", "-F", "main_file=main.tex"});
  ASSERT_EQ(created.exit, 0) << created.err;
  const auto id = string_in(boost::json::parse(created.out).as_object(), "id");
  server.ended(id);
  const auto status = run({"curl", "-sS", base + "/build/" + id + "/status", "-H", bearer});
  EXPECT_EQ(string_in(boost::json::parse(status.out).as_object(), "status"), "completed") << status.out;
  const auto link = run({"curl", "-sS", base + "/build/" + id + "/pdf/url", "-H", bearer});
  const auto url = string_in(boost::json::parse(link.out).as_object(), "url");
  const auto pdf = server.folder() / "output.pdf";
  EXPECT_EQ(run({"curl", "-sS", base + url, "-o", pdf.string()}).exit, 0);
  EXPECT_THAT(text_of(read_file(pdf)), HasSubstr("Sent by curl."));
}

TEST_F(Flow, ListsInPagesAndRefusesBadOnes) {
  server.start();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(server.accepted(zip_of(document("x"))));
  const auto page = server.get("/api/build?page=1&page_size=2").json();
  EXPECT_EQ(integer_in(page, "total"), 3);
  EXPECT_EQ(integer_in(page, "total_pages"), 2);
  EXPECT_EQ(integer_in(page, "page_size"), 2);
  ASSERT_EQ(page.at("builds").as_array().size(), 2U);
  EXPECT_EQ(string_in(page.at("builds").at(0).as_object(), "id"), ids[2]);
  const auto past = server.get("/api/build?page=7").json();
  EXPECT_TRUE(past.at("builds").as_array().empty());
  EXPECT_EQ(integer_in(past, "total"), 3);
  EXPECT_EQ(server.get("/api/build?page_size=100").status, 200);
  for (const char* bad : {"page_size=101", "page_size=0", "page=0", "page=x", "page_size=-1"})
    expect_problem(server.get(std::string("/api/build?") + bad), 400, "invalid_input");
  expect_problem(server.get("/api/build/bld_nosuchbuild"), 404, "not_found");
  expect_problem(server.ask("GET", "/api/build"), 401, "unauthorized");
  expect_problem(server.as("PUT", "/api/build"), 405, "method_not_allowed");
  expect_problem(server.as("GET", "/api/nothing"), 404, "not_found");
}

}  // namespace
