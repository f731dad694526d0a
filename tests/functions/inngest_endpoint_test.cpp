// What the vectors do not say of the endpoint: refusals, failures of others, settings.
#include "src/data/json_slice.hpp"
#include "src/functions/inngest_call.hpp"
#include "src/functions/inngest_keys.hpp"

#include <texbuild/inngest.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>

#include <algorithm>
#include <future>
#include <map>

namespace {

using namespace texbuild;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* key = "signkey-test-00112233445566778899aabbccddeeff";

struct InngestEndpoint : ::testing::Test {
  InngestEndpoint() {
    function_options o;
    o.id = "f";
    o.triggers = {{"app/go"}};
    host.add(o, [this](function_run& step) -> json_text { return body(step); }).value();
  }
  ~InngestEndpoint() override { threads.join(); }

  inngest_endpoint open() {
    environment parts;
    parts.time = time;
    parts.random = std::make_shared<texbuild::testing::fixed_entropy>();
    parts.http = std::make_shared<texbuild::testing::scripted_http>(
        threads.get_executor(), [this](const http_request& r) -> result<http_response> {
          sent.push_back(r);
          return reply(r);
        });
    return inngest_endpoint::open(host, options, parts).value();
  }
  http_response ask(const std::string& method, const std::string& url, const std::string& body = {},
                    http_headers headers = {}) {
    inngest_request r{method, url, std::move(headers), body};
    return open().answer(r);
  }
  http_response call(const std::string& body_text = R"({"event":{"name":"app/go","data":{}}})") {
    return ask("POST", "http://127.0.0.1:1/api/inngest?fnId=app-f&stepId=step", body_text);
  }
  static http_response said(int status, const std::string& body) {
    http_response out;
    out.status = status;
    out.body = body;
    return out;
  }

  boost::asio::thread_pool threads{1};
  std::shared_ptr<texbuild::testing::manual_clock> time = std::make_shared<texbuild::testing::manual_clock>(
      std::chrono::system_clock::time_point(std::chrono::seconds(1'790'000'000)));
  function_host host{"app"};
  inngest_options options = [] {
    inngest_options o;
    o.dev = true;
    o.first_backoff = std::chrono::milliseconds(0);
    return o;
  }();
  function_body body = [](function_run&) -> json_text { return 1; };
  std::vector<http_request> sent;
  std::function<result<http_response>(const http_request&)> reply = [](const http_request&) {
    return said(200, R"({"ok":true,"modified":false})");
  };
};

TEST_F(InngestEndpoint, RunsNothingWhenNothingIsConfigured) {
  options.dev = false;
  int ran = 0;
  body = [&](function_run&) -> json_text { return ++ran; };
  for (const char* method : {"GET", "POST", "PUT", "DELETE"})
    EXPECT_EQ(ask(method, "/api/inngest?fnId=app-f&stepId=step", "{}", {{"X-Inngest-Server-Kind", "dev"}}).status, 500);
  EXPECT_EQ(ran, 0);
  EXPECT_TRUE(sent.empty());
}

TEST_F(InngestEndpoint, ObeysNoHeaderThatSaysItIsADevServer) {
  options.dev = false;
  options.signing_key = key;
  const auto got = ask("POST", "/api/inngest?fnId=app-f&stepId=step", R"({"event":{"name":"app/go","data":{}}})",
                       {{"X-Inngest-Server-Kind", "dev"}});
  EXPECT_EQ(got.status, 401);
  EXPECT_EQ(got.header("X-Inngest-SDK"), "");
}

TEST_F(InngestEndpoint, SignsEveryAnswerToWhoeverHasSigned) {
  options.dev = false;
  options.signing_key = key;
  const auto k = functions::inngest_key::parse(key).value();
  const std::string text = R"({"event":{"data":{},"name":"app/go"}})";
  for (const char* url : {"/api/inngest?fnId=app-f&stepId=step", "/api/inngest?fnId=none&stepId=step",
                          "/api/inngest?fnId=app-f&stepId="
                          "0000000000000000000000000000000000000000"}) {
    const auto got = ask("POST", url, text, {{"x-inngest-signature", k.sign(text, time->now())}});
    EXPECT_NE(got.status, 401);
    EXPECT_EQ(got.header("X-Inngest-Signature"), k.sign(got.body, time->now()));
  }
}

TEST_F(InngestEndpoint, RefusesABodyThatIsSignedButNoJson) {
  options.dev = false;
  options.signing_key = key;
  const auto k = functions::inngest_key::parse(key).value();
  EXPECT_EQ(ask("POST", "/api/inngest?fnId=app-f", "{", {{"x-inngest-signature", k.sign("{", time->now())}}).status,
            401);
  options.dev = true;
  EXPECT_EQ(call("{").status, 400);
}

TEST_F(InngestEndpoint, RewritesNoLongBodiesForStrangers) {
  functions::inngest_keys keys;
  keys.primary = functions::inngest_key::parse(key).value();
  const auto signed_as = [&](const std::string& signed_text, const std::string& body_text) {
    return functions::signer(keys, keys.primary->sign(signed_text, time->now()), body_text, time->now()) != nullptr;
  };
  const std::string small = R"({"a":")" + std::string(1000, 'x') + R"("})";
  const std::string large = R"({"a":")" + std::string(300'000, 'x') + R"("})";
  EXPECT_TRUE(signed_as(small, small));
  EXPECT_TRUE(signed_as(small, small + " "));
  EXPECT_FALSE(signed_as(small + " ", small + " "));
  EXPECT_TRUE(signed_as(large, large));
  EXPECT_FALSE(signed_as(large, large + " "));
  EXPECT_FALSE(signed_as(large + " ", large + " "));
}

TEST_F(InngestEndpoint, TakesCallsWithoutWhatMayBeLeftOut) {
  EXPECT_EQ(call().status, 200);
  EXPECT_EQ(call(R"({"event":{"name":"app/go"},"ctx":null,"steps":null,"future":[1]})").status, 200);
  EXPECT_EQ(call(R"({"events":[{"name":"app/go"}],"ctx":{"stack":{"stack":null}}})").status, 200);
  EXPECT_EQ(call(R"({"event":{"name":"app/go"},"version":1})").status, 200);
  for (const char* bad :
       {R"({"event":{"name":"app/go"},"version":0})", R"({"events":[]})", R"({"event":7})", "[]", "7"})
    EXPECT_EQ(call(bad).status, 500) << bad;
}

TEST_F(InngestEndpoint, GivesBackTheMarksOfATrace) {
  const auto got =
      ask("POST", "/api/inngest?fnId=app-f", R"({"event":{"name":"app/go"}})", {{"TraceParent", "00-ab-cd-01"}});
  EXPECT_EQ(got.header("traceparent"), "00-ab-cd-01");
}

TEST_F(InngestEndpoint, AnnouncesItselfAsTheRequestCameUnlessToldOtherwise) {
  const auto announced = [&](const std::string& url, http_headers headers = {}) {
    sent.clear();
    EXPECT_EQ(ask("PUT", url, "", std::move(headers)).status, 200);
    return json_text::parse(sent.at(0).body).value().find("/url")->as_text().value();
  };
  EXPECT_EQ(announced("http://h:1/api/inngest?x=1"), "http://h:1/api/inngest");
  EXPECT_EQ(announced("/api/inngest?x=1", {{"host", "h:2"}}), "http://h:2/api/inngest");
  options.serve_origin = "https://example.com/";
  EXPECT_EQ(announced("http://h:1/api/inngest"), "https://example.com/api/inngest");
  options.serve_path = "x/y";
  EXPECT_EQ(announced("http://h:1/api/inngest"), "https://example.com/x/y");
}

TEST_F(InngestEndpoint, RegistersNoHostThatAStrangerNames) {
  options.dev = false;
  options.signing_key = key;
  for (const char* url : {"/api/inngest", "https://evil.example/api/inngest"}) {
    const auto got = ask("PUT", url, "{}", {{"Host", "evil.example"}});
    EXPECT_EQ(got.status, 500);
    EXPECT_THAT(got.body, HasSubstr("INNGEST_SERVE_ORIGIN"));
  }
  EXPECT_TRUE(sent.empty());
  options.serve_origin = "https://example.com";
  EXPECT_EQ(ask("PUT", "/api/inngest", "{}", {{"Host", "evil.example"}}).status, 200);
  EXPECT_THAT(sent.at(0).body, HasSubstr("https://example.com/api/inngest"));
  EXPECT_THAT(sent.at(0).body, Not(HasSubstr("evil")));
}

TEST_F(InngestEndpoint, PutsNoForeignTextIntoTheRequestToRegister) {
  ask("PUT", "/api/inngest?deployId=a%20%26b%0d%0a", "", {{"X-Inngest-Server-Kind", "evil\r\nx: y"}});
  EXPECT_THAT(sent.at(0).url, ::testing::EndsWith("/fn/register?deployId=a%20%26b%0D%0A"));
  for (const auto& [name, value] : sent[0].headers) EXPECT_THAT(value, Not(HasSubstr("evil"))) << name;
}

TEST_F(InngestEndpoint, TellsWhenInngestIsNotThere) {
  reply = [](const http_request&) -> result<http_response> { return error(errc::unavailable, "no connection"); };
  const auto got = ask("PUT", "/api/inngest");
  EXPECT_EQ(got.status, 500);
  EXPECT_EQ(got.body, R"({"message":"no connection","modified":false})");
}

TEST_F(InngestEndpoint, SyncsOutOfBandWhenInBandIsSwitchedOff) {
  options.dev = false;
  options.signing_key = key;
  options.in_band_sync = false;
  options.serve_origin = "https://example.com";
  const auto got =
      ask("PUT", "/api/inngest", R"({"url":"http://h/api/inngest"})", {{"X-Inngest-Sync-Kind", "in_band"}});
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.header("X-Inngest-Sync-Kind"), "out_of_band");
  EXPECT_EQ(sent.size(), 1U);
}

TEST_F(InngestEndpoint, SendsEventsOfAStepAndTriesAgainWhileInngestIsDown) {
  body = [](function_run& step) -> json_text {
    step.send("tell", {{"app/done", json_text::object({{"n", 1}})}});
    return {};
  };
  int count = 0;
  reply = [&](const http_request&) {
    return ++count < 3 ? said(500, "") : said(200, R"({"ids":["01A"],"status":200})");
  };
  const auto got = call(R"({"event":{"name":"app/go"},"ctx":{"run_id":"R"}})");
  EXPECT_EQ(got.status, 206);
  EXPECT_THAT(got.body, HasSubstr(R"("op":"StepRun")"));
  EXPECT_THAT(got.body, HasSubstr(R"("data":{"ids":["01A"]})"));
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[0].body, sent[2].body);
  EXPECT_THAT(sent[0].body, HasSubstr("\"id\":\"R-" + functions::step_hash("tell").substr(0, 16) + "-0\""));
}

TEST_F(InngestEndpoint, TakesNoAnswerWithoutIdsForInngests) {
  auto to = open();
  int count = 0;
  reply = [&](const http_request&) {
    const char* const answers[] = {R"({"id": tru)", "<html>a proxy</html>", R"({"ids":["01A"],"status":200})"};
    return said(200, answers[std::min(count++, 2)]);
  };
  EXPECT_EQ(to.send({function_event("app/ok")}).value(), std::vector<std::string>{"01A"});
  EXPECT_EQ(sent.size(), 3U);
}

TEST_F(InngestEndpoint, ChecksEventsBeforeItSendsAny) {
  auto to = open();
  function_event early("app/x");
  early.at = std::chrono::system_clock::time_point();
  for (const auto& bad : {function_event(), function_event("inngest/x"), function_event("app/x", 7), early,
                          function_event(std::string(513, 'x'))})
    EXPECT_EQ(to.send({function_event("app/ok"), bad}).error().code(), errc::invalid_input);
  EXPECT_TRUE(sent.empty());
  reply = [](const http_request&) { return said(400, R"({"ids":[""],"status":400,"error":"event name is empty"})"); };
  EXPECT_EQ(to.send({function_event("app/ok")}).error().code(), errc::invalid_input);
  EXPECT_EQ(sent.size(), 1U);
}

TEST_F(InngestEndpoint, FetchesTheStateWithTheOtherKeyWhenTheFirstIsRefused) {
  options.dev = false;
  options.signing_key = key;
  options.signing_key_fallback = "signkey-test-ff";
  const auto k = functions::inngest_key::parse(key).value();
  const auto other = functions::inngest_key::parse("signkey-test-ff").value();
  reply = [&](const http_request& r) {
    const bool good = r.headers.back().second == "Bearer " + other.bearer();
    if (!good) return said(401, "");
    return said(200, r.url.ends_with("/batch") ? R"([{"name":"app/go","data":{"n":5}}])" : "{}");
  };
  body = [](function_run& step) -> json_text { return step.data("/n"); };
  const std::string text = R"({"ctx":{"run_id":"a/b","use_api":true}})";
  const auto got = ask("POST", "/x?fnId=app-f", text, {{"x-inngest-signature", k.sign(text, time->now())}});
  EXPECT_EQ(got.body, "5");
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[0].url, "https://api.inngest.com/v0/runs/a%2Fb/batch");
  reply = [](const http_request&) { return said(200, "no json"); };
  EXPECT_EQ(ask("POST", "/x?fnId=app-f", text, {{"x-inngest-signature", k.sign(text, time->now())}}).status, 500);
}

TEST_F(InngestEndpoint, AnswersCallsAtTheSameTime) {
  std::promise<void> second_is_here;
  auto wait = second_is_here.get_future().share();
  body = [&](function_run& step) -> json_text {
    step.parallel([&] { step.run("a", [&] { wait.wait(); }); },
                  [&] { step.run("b", [&] { second_is_here.set_value(); }); });
    return {};
  };
  const auto endpoint = open();
  const auto target = [&](const char* id) {
    inngest_request r{"POST", "/x?fnId=app-f&stepId=" + functions::step_hash(id), {}, R"({"event":{"name":"app/go"}})"};
    return endpoint.answer(r).status;
  };
  auto first = std::async(std::launch::async, [&] { return target("a"); });
  EXPECT_EQ(target("b"), 206);
  EXPECT_EQ(first.get(), 206);
}

TEST_F(InngestEndpoint, RefusesValuesThatInngestWouldNotTake) {
  body = [](function_run& step) -> json_text { return step.run("a", [] { return std::string(5u << 20, 'x'); }); };
  const auto got = call();
  EXPECT_THAT(got.body, HasSubstr("StepFailed"));
  EXPECT_EQ(got.header("X-Inngest-No-Retry"), "true");
}

TEST(InngestOptions, AreReadFromTheVariablesOfTheOfficialPackages) {
  std::map<std::string, std::string, std::less<>> variables;
  const auto read = [&] {
    return inngest_options::from_environment([&](std::string_view name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    });
  };
  EXPECT_FALSE(read()->dev);
  for (const char* on : {"1", "true"}) {
    variables["INNGEST_DEV"] = on;
    EXPECT_TRUE(read()->dev);
    EXPECT_EQ(read()->api_origin, "");
  }
  for (const char* off : {"0", "false", ""}) {
    variables["INNGEST_DEV"] = off;
    EXPECT_FALSE(read()->dev);
  }
  variables["INNGEST_DEV"] = "localhost:9999/";
  EXPECT_TRUE(read()->dev);
  EXPECT_EQ(read()->api_origin, "http://localhost:9999");
  EXPECT_EQ(read()->event_origin, "http://localhost:9999");
  variables["INNGEST_BASE_URL"] = "https://inngest.example";
  variables["INNGEST_EVENT_API_BASE_URL"] = "https://events.example";
  variables["INNGEST_ALLOW_IN_BAND_SYNC"] = "0";
  EXPECT_EQ(read()->api_origin, "https://inngest.example");
  EXPECT_EQ(read()->event_origin, "https://events.example");
  EXPECT_FALSE(read()->in_band_sync);
  variables["INNGEST_DEV"] = "no url at all";
  EXPECT_EQ(read().error().subject(), "INNGEST_DEV");
}

TEST(InngestOptions, AreRefusedWithAKeyThatIsNone) {
  function_host host("app");
  function_options o;
  o.id = "f";
  o.triggers = {{"app/go"}};
  host.add(o, [](function_run&) -> json_text { return {}; }).value();
  boost::asio::thread_pool threads(1);
  environment parts;
  parts.http = std::make_shared<texbuild::testing::scripted_http>(
      threads.get_executor(), [](const http_request&) -> result<http_response> { return http_response(); });
  for (const char* bad : {"signkey-prod-", "signkey-prod-abc", "hello", "signkey-prod-zz"}) {
    inngest_options options;
    options.signing_key = bad;
    const auto opened = inngest_endpoint::open(host, options, parts);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().subject(), "INNGEST_SIGNING_KEY");
  }
  EXPECT_FALSE(inngest_endpoint::open(host, inngest_options(), environment()));
  EXPECT_FALSE(inngest_endpoint::open(function_host("app"), inngest_options(), parts));
  threads.join();
}

}  // namespace
