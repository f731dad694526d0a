// /api/build from outside: a real listener, real forms, a TeX that is a function.
#include "tests/project/zip_builder.hpp"
#include "tests/server/client.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;
using texbuild_test::form_of;
using texbuild_test::http_answer;
using texbuild_test::paper_zip;
using texbuild_test::zip_builder;

using Builds = texbuild_test::Server;

/// Holds the fake TeX until the test lets go. Shared: when the test is over, the engine may still be in it.
struct gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  texbuild::result<texbuild::process_result> wait(const texbuild::command& c, const texbuild::output_sink& o,
                                                  const std::stop_token& stop) {
    std::unique_lock guard(mutex);
    const std::stop_callback wake(stop, [this] { changed.notify_all(); });
    while (!open && !stop.stop_requested()) changed.wait_for(guard, std::chrono::milliseconds(50));
    if (!stop.stop_requested()) return good_run(c, o);
    texbuild::process_result stopped;
    stopped.canceled = true;
    return stopped;
  }
  void let_go() {
    const std::scoped_lock guard(mutex);
    open = true;
    changed.notify_all();
  }
};

TEST_F(Builds, AcceptsAProjectAndAnswersAsDocumented) {
  start();
  const auto created =
      upload(paper_zip(), {{"engine", "xelatex"}, {"main_file", "main.tex"}, {"shell_escape", "false"}});
  ASSERT_EQ(created.status, 201) << created.body;
  const auto o = created.json();
  EXPECT_EQ(o.size(), 6U);
  EXPECT_THAT(created.text("id"), MatchesRegex("bld_[0-9a-z]+"));
  EXPECT_EQ(created.text("status"), "pending");
  EXPECT_EQ(created.text("engine"), "xelatex");
  EXPECT_EQ(created.text("main_file"), "main.tex");
  EXPECT_EQ(created.text("created_at"), "2026-09-21T14:13:20Z");
  EXPECT_EQ(created.text("expires_at"), "2026-09-22T14:13:20Z");
  EXPECT_EQ(created.headers.at("location"), "/api/build/" + created.text("id"));
  EXPECT_EQ(created.headers.at("content-type"), "application/json");
  EXPECT_EQ(files_below("uploads"), 0U);
}

TEST_F(Builds, ShowsAFinishedBuildWithAllDocumentedFields) {
  start();
  const auto id = built();
  const auto shown = as("user_dev", "GET", "/api/build/" + id);
  ASSERT_EQ(shown.status, 200);
  EXPECT_EQ(shown.text("id"), id);
  EXPECT_EQ(shown.text("user_id"), "user_dev");
  EXPECT_EQ(shown.text("status"), "completed");
  EXPECT_THAT(shown.text("pdf_path"), AllOf(StartsWith("builds/" + id + "/"), HasSubstr("main.pdf")));
  EXPECT_THAT(shown.text("synctex_path"), HasSubstr("main.synctex.gz"));
  EXPECT_THAT(shown.text("build_log"), HasSubstr("This is pdfTeX"));
  EXPECT_THAT(shown.text("updated_at"), HasSubstr("2026-09-21T"));
  const auto o = shown.json();
  EXPECT_GT(o.at("storage_bytes").to_number<int>(), 100);
  EXPECT_GE(o.at("passes").to_number<int>(), 1);
  EXPECT_FALSE(o.at("cached").as_bool());
  EXPECT_TRUE(o.at("diagnostics").is_array());
  EXPECT_TRUE(o.at("outputs").is_array());
  EXPECT_THAT(shown.body, ::testing::Not(HasSubstr(folder.path().string())));
}

TEST_F(Builds, TellsTheStatusOfABuildThatRuns) {
  const auto g = std::make_shared<gate>();
  tex = [g](const auto& c, const auto& o, const auto& s) { return g->wait(c, o, s); };
  start();
  const auto id = upload(paper_zip()).text("id");
  http_answer status;
  do {
    status = as("user_dev", "GET", "/api/build/" + id + "/status");
    ASSERT_EQ(status.status, 200) << status.body;
  } while (status.text("status") == "pending");
  EXPECT_EQ(status.text("status"), "compiling");
  EXPECT_EQ(status.text("id"), id);
  EXPECT_THAT(status.text("message"), ::testing::Not(IsEmpty()));
  EXPECT_TRUE(status.json().at("completed_at").is_null());
  EXPECT_LT(status.json().at("progress").to_number<int>(), 100);
  EXPECT_EQ(as("user_dev", "GET", "/api/build/" + id + "/pdf/url").text("code"), "invalid_input");
  g->let_go();
  EXPECT_EQ(as("user_dev", "GET", "/api/build/" + id + "?wait=30").text("status"), "completed");
  status = as("user_dev", "GET", "/api/build/" + id + "/status");
  EXPECT_EQ(status.json().at("progress").to_number<int>(), 100);
  EXPECT_EQ(status.text("completed_at"), "2026-09-21T14:13:20Z");
}

TEST_F(Builds, ListsTheNewestFirstInPages) {
  start();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(built());
    time->advance(std::chrono::seconds(1));
  }
  const auto page = as("user_dev", "GET", "/api/build?page=1&page_size=2").json();
  EXPECT_EQ(page.at("total").to_number<int>(), 3);
  EXPECT_EQ(page.at("page").to_number<int>(), 1);
  EXPECT_EQ(page.at("page_size").to_number<int>(), 2);
  EXPECT_EQ(page.at("total_pages").to_number<int>(), 2);
  ASSERT_EQ(page.at("builds").as_array().size(), 2U);
  EXPECT_EQ(page.at("builds").at(0).at("id").as_string(), ids[2]);
  EXPECT_EQ(page.at("builds").at(0).as_object().size(), 6U);
  const auto past = as("user_dev", "GET", "/api/build?page=9").json();
  EXPECT_TRUE(past.at("builds").as_array().empty());
  EXPECT_EQ(past.at("page_size").to_number<int>(), 20);
  EXPECT_EQ(as("user_other", "GET", "/api/build").json().at("total").to_number<int>(), 0);
}

TEST_F(Builds, RefusesPagesThatAreNone) {
  start();
  for (const char* query : {"page_size=0", "page_size=101", "page=0", "page=x", "page=-1", "page_size=1e2"}) {
    const auto refused = as("user_dev", "GET", std::string("/api/build?") + query);
    EXPECT_EQ(refused.status, 400) << query;
    EXPECT_EQ(refused.text("code"), "invalid_input");
    EXPECT_THAT(refused.text("details"), HasSubstr("page"));
  }
}

TEST_F(Builds, ShowsABuildToNobodyButItsOwner) {
  start();
  const auto id = built();
  for (const char* rest : {"", "/status", "/pdf/url", "/log"}) {
    EXPECT_EQ(as("user_other", "GET", "/api/build/" + id + rest).status, 403) << rest;
    EXPECT_EQ(as("user_dev", "GET", std::string("/api/build/bld_none") + rest).status, 404) << rest;
  }
  EXPECT_EQ(as("user_other", "DELETE", "/api/build/" + id).status, 403);
  EXPECT_EQ(as("user_other", "POST", "/api/build/" + id + "/cancel").status, 403);
  EXPECT_EQ(as("user_dev", "GET", "/api/build/" + id).status, 200);
}

TEST_F(Builds, DeletesABuildAtOnce) {
  start();
  const auto id = built();
  const auto url = as("user_dev", "GET", "/api/build/" + id + "/pdf/url").text("url");
  const auto gone = as("user_dev", "DELETE", "/api/build/" + id);
  EXPECT_EQ(gone.status, 200);
  EXPECT_EQ(gone.text("status"), "deleted");
  EXPECT_EQ(gone.text("message"), "Build will be permanently deleted shortly");
  for (const char* rest : {"", "/status", "/pdf/url", "/log"})
    EXPECT_EQ(as("user_dev", "GET", "/api/build/" + id + rest).status, 404) << rest;
  EXPECT_EQ(send("GET", "/api" + url).status, 404);
  EXPECT_EQ(as("user_dev", "DELETE", "/api/build/" + id).status, 404);
  EXPECT_EQ(as("user_dev", "GET", "/api/build").json().at("total").to_number<int>(), 0);
}

TEST_F(Builds, CancelsABuildThatRuns) {
  const auto g = std::make_shared<gate>();
  tex = [g](const auto& c, const auto& o, const auto& s) { return g->wait(c, o, s); };
  start();
  const auto id = upload(paper_zip()).text("id");
  while (as("user_dev", "GET", "/api/build/" + id + "/status").text("status") == "pending") {
  }
  EXPECT_EQ(as("user_dev", "POST", "/api/build/" + id + "/cancel").status, 200);
  EXPECT_EQ(as("user_dev", "GET", "/api/build/" + id + "?wait=30").text("status"), "canceled");
}

TEST_F(Builds, TellsWhyADocumentFailed) {
  tex = [](const auto& c, const auto& o, const auto&) { return failed_run(c, o); };
  start();
  const auto id = built();
  const auto shown = as("user_dev", "GET", "/api/build/" + id);
  EXPECT_EQ(shown.text("status"), "failed");
  EXPECT_THAT(shown.text("message"), HasSubstr("main.tex:3: Undefined control sequence"));
  const auto diagnostic = shown.json().at("diagnostics").at(0).as_object();
  EXPECT_EQ(diagnostic.at("severity").as_string(), "error");
  EXPECT_EQ(diagnostic.at("file").as_string(), "main.tex");
  EXPECT_EQ(diagnostic.at("line").to_number<int>(), 3);
  const auto url = as("user_dev", "GET", "/api/build/" + id + "/pdf/url");
  EXPECT_EQ(url.status, 400);
  EXPECT_EQ(url.text("code"), "compilation_failed");
  EXPECT_THAT(url.text("details"), HasSubstr("Undefined control sequence"));
}

TEST_F(Builds, AnswersAnUploadWithItsResultWhenAskedToWait) {
  start();
  const auto form = form_of(paper_zip(), {});
  const auto post = [&](const std::string& query) {
    return send("POST", "/api/build" + query,
                "Authorization: Bearer " + token("user_dev") + "\r\nContent-Type: multipart/form-data; boundary=b\r\n",
                form);
  };
  for (const char* wait : {"0", "31", "x", ""}) {
    const auto refused = post(std::string("?wait=") + wait);
    EXPECT_EQ(refused.status, 400) << wait;
    EXPECT_THAT(refused.text("details"), HasSubstr("wait"));
  }
  EXPECT_EQ(files_below("blobs"), 0U);
  const auto made = post("?wait=30");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.text("status"), "completed");
  EXPECT_THAT(made.text("build_log"), HasSubstr("This is pdfTeX"));
  EXPECT_EQ(made.headers.at("location"), "/api/build/" + made.text("id"));
}

TEST_F(Builds, WaitsNoLongerThanAsked) {
  const auto g = std::make_shared<gate>();
  tex = [g](const auto& c, const auto& o, const auto& s) { return g->wait(c, o, s); };
  start();
  const auto id = upload(paper_zip()).text("id");
  const auto waited = as("user_dev", "GET", "/api/build/" + id + "?wait=1");
  EXPECT_EQ(waited.status, 200);
  EXPECT_EQ(waited.text("status"), "compiling");
  for (const char* wait : {"0", "31", "x", ""})
    EXPECT_EQ(as("user_dev", "GET", "/api/build/" + id + "?wait=" + wait).status, 400) << wait;
  g->let_go();
}

TEST_F(Builds, GivesTheSameBuildForTheSameIdempotencyKey) {
  start();
  const auto first = upload(paper_zip(), {}, "user_dev", "Idempotency-Key: k1\r\n");
  const auto again = upload(paper_zip(), {}, "user_dev", "Idempotency-Key: k1\r\n");
  const auto other = upload(paper_zip(), {}, "user_other", "Idempotency-Key: k1\r\n");
  EXPECT_EQ(first.text("id"), again.text("id"));
  EXPECT_NE(first.text("id"), other.text("id"));
  EXPECT_EQ(upload(paper_zip(), {}, "user_dev", "Idempotency-Key: a b\r\n").status, 400);
}

TEST_F(Builds, RefusesBadFieldsByName) {
  start();
  const std::pair<const char*, const char*> bad[] = {
      {"engine", "latex"},     {"shell_escape", "maybe"}, {"main_file", "missing.tex"}, {"main_file", "../main.tex"},
      {"main_file", "-x.tex"}, {"main_file", "|ls"},      {"main_file", "/etc/passwd"}};
  for (const auto& [name, value] : bad) {
    const auto refused = upload(paper_zip(), {{name, value}});
    EXPECT_EQ(refused.status, 400) << name << "=" << value;
    EXPECT_EQ(refused.text("code"), "invalid_input");
    EXPECT_THAT(refused.text("details"), HasSubstr(name)) << value;
  }
  EXPECT_EQ(files_below("uploads"), 0U);
  EXPECT_EQ(as("user_dev", "GET", "/api/build").json().at("total").to_number<int>(), 0);
}

TEST_F(Builds, RefusesShellEscapeThatIsSwitchedOff) {
  start();
  const auto refused = upload(paper_zip(), {{"shell_escape", "true"}});
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.text("code"), "forbidden");
}

TEST_F(Builds, RefusesWhatIsNoZipAndLeavesNothing) {
  start();
  zip_builder slip;
  slip.add("../evil.tex");
  for (const auto& bytes : {std::string("hello"), std::string(), slip.build(), paper_zip().substr(0, 60)}) {
    const auto refused = upload(bytes);
    EXPECT_EQ(refused.status, 400) << refused.body;
    EXPECT_EQ(refused.text("code"), "invalid_input");
  }
  EXPECT_THAT(upload(slip.build()).text("details"), HasSubstr("../evil.tex"));
  EXPECT_EQ(files_below("uploads"), 0U);
  EXPECT_EQ(files_below("blobs"), 0U);
}

TEST_F(Builds, RefusesAFormWithoutAFile) {
  start();
  const auto headers = "Authorization: Bearer " + token() + "\r\nContent-Type: multipart/form-data; boundary=b\r\n";
  const auto none = send("POST", "/api/build", headers,
                         "--b\r\nContent-Disposition: form-data; name=\"engine\"\r\n\r\npdflatex\r\n--b--\r\n");
  EXPECT_EQ(none.status, 400);
  EXPECT_THAT(none.text("details"), HasSubstr("file"));
  const auto cut = send("POST", "/api/build", headers, form_of(paper_zip(), {}).substr(0, 200));
  EXPECT_EQ(cut.status, 400);
  const auto json =
      send("POST", "/api/build", "Authorization: Bearer " + token() + "\r\nContent-Type: application/json\r\n", "{}");
  EXPECT_EQ(json.status, 415);
  EXPECT_EQ(json.text("code"), "unsupported_media_type");
  EXPECT_EQ(files_below("uploads"), 0U);
}

TEST_F(Builds, RefusesAnUploadThatIsTooLargeBeforeItArrives) {
  with.engine.project.zip_bytes = 1 << 20;
  start();
  texbuild_test::connection c(running->port());
  c.write(
      "POST /api/build HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token() +
      "\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 50000000\r\nExpect: 100-continue\r\n\r\n");
  const auto refused = c.read();
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.text("code"), "payload_too_large");
}

TEST_F(Builds, RefusesAnUploadThatGrowsTooLarge) {
  with.engine.project.zip_bytes = 1 << 20;
  start();
  const auto refused = upload(std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(refused.status, 413);
  EXPECT_THAT(refused.text("details"), HasSubstr("1 MB"));
  EXPECT_EQ(files_below("uploads"), 0U);
}

TEST_F(Builds, TakesAChunkedFormAfterSayingContinue) {
  start();
  texbuild_test::connection c(running->port());
  c.write("POST /api/build HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token() +
          "\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\nExpect: "
          "100-continue\r\n\r\n");
  EXPECT_EQ(c.read().status, 100);
  for (const char byte : form_of(paper_zip(), {})) c.write("1\r\n" + std::string(1, byte) + "\r\n");
  c.write("0\r\n\r\n");
  EXPECT_EQ(c.read().status, 201);
}

TEST_F(Builds, KeepsTheUploadOfAClientThatVanishesNowhere) {
  start();
  {
    texbuild_test::connection c(running->port());
    c.write("POST /api/build HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token() +
            "\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n" +
            form_of(paper_zip(), {}).substr(0, 300));
    while (files_below("uploads") == 0) {
    }
  }
  while (files_below("uploads") > 0) {
  }
  EXPECT_EQ(as("user_dev", "GET", "/api/build").json().at("total").to_number<int>(), 0);
}

TEST_F(Builds, AnswersWithTheStatusThatOldClientsTake) {
  with.created_status = 200;
  start();
  EXPECT_EQ(upload(paper_zip()).status, 200);
}

TEST_F(Builds, ForgetsNoAcceptedBuildOverARestart) {
  const auto g = std::make_shared<gate>();
  tex = [g](const auto& c, const auto& o, const auto& s) { return g->wait(c, o, s); };
  with.engine.workers = 1;
  start();
  const auto first = upload(paper_zip()).text("id");
  const auto second = upload(paper_zip()).text("id");
  g->let_go();
  running.reset();
  start();
  EXPECT_EQ(as("user_dev", "GET", "/api/build/" + first + "?wait=30").text("status"), "completed");
  EXPECT_EQ(as("user_dev", "GET", "/api/build/" + second + "?wait=30").text("status"), "completed");
}

}  // namespace
