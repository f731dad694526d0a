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
    if (busy-- > 0) {
      http_response out;
      out.status = 503;
      out.body = "<html>";
      return out;
    }
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
      return {};
    });
  }

  assistant_job job;
  std::shared_ptr<assistant_provisioner> where;
  std::vector<std::string> did;
  std::vector<std::string> noted;
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
  EXPECT_THAT(noted, ElementsAre("42"));
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
