// The provisioner at Akash, with its Console API as a function.
#include <texbuild/assistants.hpp>
#include <texbuild/http.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>

#include <algorithm>

namespace {

using namespace texbuild;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace json = boost::json;

class Akash : public ::testing::Test {
 protected:
  Akash() {
    job.deployment = "d";
    job.model = "m";
    job.channel_token = "1:a";
    environment parts;
    parts.http = std::make_shared<texbuild::testing::scripted_http>(
        threads_.get_executor(), [this](const http_request& r) { return answer(r); });
    parts.time = time;
    akash_options o;
    o.api_key = "key";
    o.image = "image";
    o.pause = std::chrono::milliseconds(0);
    where = make_akash_provisioner(o, parts);
  }
  ~Akash() override { threads_.join(); }

  static result<http_response> say(int status, const json::value& body) {
    http_response out;
    out.status = status;
    out.body = json::serialize(body);
    return out;
  }
  static json::object bid(const std::string& provider, const std::string& amount, const std::string& state = "open") {
    return {{"bid",
             json::object{
                 {"id", json::object{{"owner", "o"}, {"dseq", "42"}, {"gseq", 1}, {"oseq", 1}, {"provider", provider}}},
                 {"state", state},
                 {"price", json::object{{"denom", "uakt"}, {"amount", amount}}}}},
            {"isCertificateRequired", false}};
  }
  result<http_response> answer(const http_request& r) {
    const auto path = r.url.substr(std::string("https://console-api.akash.network").size());
    did.push_back(r.method + " " + path);
    if (!hostile_at.empty() && did.back().starts_with(hostile_at)) return hostile();
    if (html || busy-- > 0) {
      http_response out;
      out.status = html ? 200 : 503;
      out.body = "<html>";
      return out;
    }
    if (r.method == "GET" && path.starts_with("/v1/deployments?skip=")) {
      const auto skip = static_cast<std::size_t>(std::stoul(path.substr(path.find('=') + 1)));
      json::array part;
      for (auto i = skip; i < account.size() && i < skip + 100; ++i) part.push_back(account[i]);
      return say(200, json::object{{"data", json::object{{"deployments", part}}}});
    }
    if (r.method == "POST" && path == "/v1/deployments" && lost) return error(errc::timed_out, "no answer");
    if (r.method == "POST" && path == "/v1/deployments")
      return say(201, json::object{{"data", json::object{{"dseq", "42"}, {"manifest", "M"}}}});
    if (r.method == "GET" && path == "/v1/bids?dseq=42") {
      time->advance(look_takes);
      if (looks_without_bids-- > 0) return say(200, json::object{{"data", json::array{}}});
      return say(200, json::object{{"data", bids}});
    }
    if (r.method == "POST" && path == "/v1/leases") {
      const auto body = json::parse(r.body).as_object();
      const auto provider = std::string(body.at("leases").as_array().front().at("provider").as_string());
      did.back() += " " + provider;
      if (trouble) return say(500, json::object{});
      if (provider == refuses) return say(400, json::object{{"error", "no"}});
      return say(
          200, json::object{
                   {"data",
                    json::object{
                        {"leases",
                         json::array{json::object{
                             {"status",
                              json::object{{"services", json::object{{"assistant",
                                                                      json::object{{"uris", json::array{json::value(
                                                                                                address)}}}}}}}}}}}}}});
    }
    if (r.method == "DELETE") return say(200, json::object{{"data", json::object{{"success", true}}}});
    return say(404, json::object{});
  }
  result<assistant_place> start() {
    return where->start(job, [this](const assistant_place& p) -> result<void> {
      noted.push_back(p.name);
      if (p.name == "42" && while_noting) while_noting();
      return {};
    });
  }

  assistant_job job;
  std::shared_ptr<assistant_provisioner> where;
  std::vector<std::string> did;
  std::vector<std::string> noted;
  static json::object held(const std::string& dseq, json::array leases = {}, const std::string& state = "active") {
    return {{"deployment", json::object{{"id", json::object{{"owner", "o"}, {"dseq", dseq}}}, {"state", state}}},
            {"leases", std::move(leases)}};
  }

  json::array account;  // its deployments
  std::function<void()> while_noting;
  std::string hostile_at;  // the calls that begin like this
  std::function<result<http_response>()> hostile;
  bool html = false;  // a proxy answers
  bool lost = false;  // the answer to the creation
  json::array bids{bid("dear", "20.5"), bid("cheap", "3.25"), bid("gone", "1", "closed")};
  std::string refuses;
  std::string address = "x.akash.example";
  bool trouble = false;  // leases fail, whoever bids
  int busy = 0;
  std::shared_ptr<texbuild::testing::manual_clock> time =
      std::make_shared<texbuild::testing::manual_clock>(std::chrono::sys_days(std::chrono::year(2026) / 11 / 24));
  std::chrono::seconds look_takes{0};
  int looks_without_bids = 0;

 private:
  boost::asio::thread_pool threads_{1};
};

TEST_F(Akash, LeasesFromTheCheapestOpenBid) {
  looks_without_bids = 2;
  const auto place = start().value();
  EXPECT_EQ(place.name, "42");
  EXPECT_EQ(place.url, "https://x.akash.example");
  EXPECT_THAT(noted, ElementsAre("creating", "42"));
  EXPECT_EQ(did.back(), "POST /v1/leases cheap");
}

TEST_F(Akash, GoesOnToTheNextProviderAndAvoidsTheOneThatRefused) {
  refuses = "cheap";
  ASSERT_TRUE(start());
  EXPECT_EQ(did.back(), "POST /v1/leases dear");
  did.clear();
  ASSERT_TRUE(start());
  EXPECT_THAT(did, ::testing::Not(Contains("POST /v1/leases cheap")));
}

TEST_F(Akash, ClosesWhatNobodyTakesAndNamesIt) {
  bids.clear();
  const auto e = start().error();
  EXPECT_THAT(e.detail(), HasSubstr("42"));
  EXPECT_EQ(did.back(), "DELETE /v1/deployments/42");
}

TEST_F(Akash, WaitsNoLongerForBidsWhenEachLookTakesLong) {
  looks_without_bids = 1000;
  look_takes = std::chrono::seconds(10);
  EXPECT_FALSE(start());
  EXPECT_EQ(std::count(did.begin(), did.end(), "GET /v1/bids?dseq=42"), 3);  // in 25 s
  EXPECT_EQ(did.back(), "DELETE /v1/deployments/42");
}

TEST_F(Akash, AsksAgainWhileItIsBusy) {
  busy = 3;
  EXPECT_TRUE(start());
  busy = 100;
  EXPECT_EQ(start().error().code(), errc::provider_error);
}

TEST_F(Akash, ClosesADeploymentAndNothingElse) {
  EXPECT_TRUE(where->stop("d", "42"));
  EXPECT_EQ(did.back(), "DELETE /v1/deployments/42");
  did.clear();
  EXPECT_TRUE(where->stop("d", "../users/1"));
  EXPECT_TRUE(did.empty());
}

TEST_F(Akash, NotesWhatItIsAboutToDoBeforeItCostsAnything) {
  const auto refused = where->start(job, [this](const assistant_place& p) -> result<void> {
    noted.push_back(p.name);
    return error(errc::unavailable, "the disk is full");
  });
  EXPECT_FALSE(refused);
  EXPECT_THAT(noted, ElementsAre("creating"));
  EXPECT_TRUE(did.empty());
}

TEST_F(Akash, FindsAndClosesWhatADeadProcessLeftBehind) {
  for (int i = 0; i < 150; ++i) account.push_back(held(std::to_string(1000 + i), {json::object{{"state", "active"}}}));
  account.push_back(held("7"));
  account.push_back(held("8", {}, "closed"));
  account.push_back(held("../users/1"));
  account.push_back(json::object{{"deployment", "x"}});
  ASSERT_TRUE(where->stop("d", "creating"));
  EXPECT_THAT(did, ElementsAre("GET /v1/deployments?skip=0&limit=100", "GET /v1/deployments?skip=100&limit=100",
                               "DELETE /v1/deployments/7"));
}

TEST_F(Akash, ClosesWhatWasMadeThoughTheAnswerGotLost) {
  lost = true;
  EXPECT_EQ(start().error().code(), errc::timed_out);
  EXPECT_THAT(did, ElementsAre("POST /v1/deployments"));  // not sent twice
  EXPECT_THAT(noted, ElementsAre("creating"));
  account.push_back(held("42"));
  ASSERT_TRUE(where->stop("d", noted.back()));
  EXPECT_EQ(did.back(), "DELETE /v1/deployments/42");
}

TEST_F(Akash, LeavesAloneWhatIsBeingLeased) {
  account.push_back(held("42"));
  while_noting = [this] { EXPECT_TRUE(where->stop("other", "creating")); };
  ASSERT_TRUE(start());
  EXPECT_THAT(did, ::testing::Not(Contains(HasSubstr("DELETE"))));
  ASSERT_TRUE(where->stop("other", "creating"));
  EXPECT_EQ(did.back(), "DELETE /v1/deployments/42");
}

TEST_F(Akash, ForgetsNothingWhileItsListCannotBeRead) {
  account.push_back(held("42"));
  busy = 100;
  EXPECT_FALSE(where->stop("d", "creating"));
  busy = 0;
  html = true;
  EXPECT_EQ(where->stop("d", "creating").error().code(), errc::provider_error);
}

TEST_F(Akash, LeavesNoDepositBehindWhateverTheConsoleAnswers) {
  const auto body = [](std::string text, int status = 200) {
    return [=]() -> result<http_response> {
      http_response out;
      out.status = status;
      out.body = text;
      return out;
    };
  };
  const std::vector<std::function<result<http_response>()>> troubles = {
      body(""),
      body("<html>"),
      body("[]"),
      body("null"),
      body(std::string(100'000, '[')),
      body(R"({"data":null})"),
      body(R"({"data":7})"),
      body(R"({"data":{"dseq":7,"manifest":[]}})"),
      body(R"({"data":{"dseq":"../x","manifest":"M"}})"),
      body("<html>", 302),
      body(R"({"message":"no"})", 401),
      body("{}", 402),
      body("<html>", 500),
      [] { return error(errc::payload_too_large, "too large"); },
      [] { return error(errc::timed_out, "too slow"); },
  };
  for (const char* at : {"POST /v1/deployments", "GET /v1/bids", "POST /v1/leases"}) {
    hostile_at = at;
    for (const auto& trouble : troubles) {
      hostile = trouble;
      did.clear();
      noted.clear();
      const auto place = start();
      const bool made = at != std::string("POST /v1/deployments");
      EXPECT_EQ(noted.back(), made ? "42" : "creating");
      if (place) {  // a lease whose answer says not where
        EXPECT_EQ(place->url, "");
        continue;
      }
      EXPECT_LT(place.error().detail().size(), 300U);
      EXPECT_EQ(did.back() == "DELETE /v1/deployments/42", made) << at;
    }
  }
  hostile_at = "GET /v1/deployments";
  for (const auto& trouble : troubles) {
    hostile = trouble;
    EXPECT_FALSE(where->stop("d", "creating"));
  }
  hostile_at = "DELETE";
  for (const auto& trouble : troubles) {
    hostile = trouble;
    EXPECT_FALSE(where->stop("d", "42"));
  }
}

TEST_F(Akash, BlamesNoProviderForItsOwnTroubles) {
  trouble = true;
  EXPECT_FALSE(start());
  trouble = false;
  ASSERT_TRUE(start());
  EXPECT_EQ(did.back(), "POST /v1/leases cheap");
}

TEST_F(Akash, ShowsNoAddressThatIsNoHost) {
  address = "javascript://x";
  EXPECT_EQ(start().value().url, "");
}

TEST_F(Akash, GivesUpWhenTheServerStops) {
  where->stop_waiting();
  EXPECT_EQ(start().error().code(), errc::canceled);
  EXPECT_TRUE(did.empty());
}

}  // namespace
