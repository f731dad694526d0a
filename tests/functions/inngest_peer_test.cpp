// The official package and ours get the same signed calls, whole runs of them, and say the same.
#include "src/data/canonical_json.hpp"
#include "src/functions/inngest_keys.hpp"
#include "tests/functions/vector_functions.hpp"
#include "tests/vectors/load.hpp"

#include <texbuild/inngest.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <unistd.h>

namespace {

using namespace texbuild;
using namespace texbuild_test;

constexpr const char* key_text = "signkey-test-8ee2262a15ac7ef2dbf1c9e8d26f1a3b4c5d6e7f8091a2b3c4d5e6f708192a3b";

struct InngestPeer : ::testing::Test {
  InngestPeer() {
    std::filesystem::create_directories(folder);
    inngest_options o;
    o.signing_key = key_text;
    environment parts;
    parts.http = std::make_shared<texbuild::testing::scripted_http>(
        threads.get_executor(), [](const http_request&) -> result<http_response> { return error(errc::unavailable); });
    ours.emplace(inngest_endpoint::open(host_from(all), o, parts).value());
  }
  ~InngestPeer() override {
    threads.join();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }

  void ask(const std::string& method, const std::string& url, const std::string& body, const std::string& signature) {
    inngest_request r{method, url, {{"content-type", "application/json"}, {"host", "127.0.0.1:4300"}}, body};
    if (!signature.empty()) r.headers.emplace_back("x-inngest-signature", signature);
    calls.push_back(r);
    answers.push_back(ours->answer(r));
  }

  /// Plays the server for one run of a function: what we report becomes what is recorded, until the function ends.
  void run_through(const std::string& function) {
    json::object steps;
    json::array order;
    for (int turn = 0; turn < 8; ++turn) {
      const json::object event = {
          {"name", "studio/render.requested"}, {"data", {{"id", 7}}}, {"id", "e"}, {"ts", 1756684800000}};
      const json::object body = {{"ctx",
                                  {{"attempt", 0},
                                   {"max_attempts", 4},
                                   {"disable_immediate_execution", turn % 2 == 1},
                                   {"run_id", "01HZX4M7C2K9Q8R3T5V6W7Y1A0"},
                                   {"stack", {{"stack", order}, {"current", order.size()}}},
                                   {"use_api", false}}},
                                 {"event", event},
                                 {"events", json::array{event}},
                                 {"steps", steps},
                                 {"use_api", false},
                                 {"version", 2}};
      const auto text_of = json::serialize(body);
      const auto base = "http://127.0.0.1:4300/api/inngest?fnId=studio-" + function + "&stepId=";
      ask("POST", base + "step", text_of, key.sign(data_canonical(text_of), now));
      if (answers.back().status != 206) return;
      const auto reported = json::parse(answers.back().body);
      for (const auto& op : reported.as_array()) {
        const auto& what = op.as_object();
        const auto hash = text(what.at("id"));
        order.push_back(what.at("id"));
        if (what.at("op") == "StepRun") {
          steps[hash] = {{"data", what.at("data")}};
        } else if (what.at("op") == "StepError" || what.at("op") == "StepFailed") {
          steps[hash] = {{"error", what.at("error")}};
        } else if (what.at("op") == "InvokeFunction") {
          steps[hash] = {{"data", {{"ok", true}}}};
        } else if (what.at("op") == "StepPlanned") {
          ask("POST", base + hash, text_of, key.sign(data_canonical(text_of), now));
          const auto ran = json::parse(answers.back().body);
          const auto& done = ran.at(0).as_object();
          steps[hash] = done.contains("data") ? json::object{{"data", done.at("data")}}
                                              : json::object{{"error", done.at("error")}};
        } else {
          steps[hash] = nullptr;
        }
      }
    }
  }
  static std::string data_canonical(const std::string& body) { return data::canonical_json(body).value(); }

  json::array theirs() {
    json::array list;
    for (const auto& c : calls) {
      json::object headers;
      for (const auto& [name, value] : c.headers) headers[name] = value;
      list.push_back({{"method", c.method}, {"url", c.url}, {"headers", headers}, {"body", c.body}});
    }
    const json::object given = {{"dev", false},
                                {"environment", {{"INNGEST_SIGNING_KEY", key_text}, {"INNGEST_EVENT_KEY", "k"}}},
                                {"calls", list}};
    std::ofstream(folder / "calls.json") << json::serialize(given);
    const auto line = std::string("/bin/bash " TEXBUILD_SOURCE_DIR "/tests/sdk/packages.sh " TEXBUILD_SDK
                                  " && TEXBUILD_SDK=" TEXBUILD_SDK) +
                      " node " TEXBUILD_SOURCE_DIR "/tests/sdk/inngest_peer.js " TEXBUILD_SOURCE_DIR
                      "/tests/vectors/inngest.json " +
                      (folder / "calls.json").string() + " > " + (folder / "answers.json").string();
    EXPECT_EQ(std::system(line.c_str()), 0);  // NOLINT(cert-env33-c): a test that runs two programs
    std::ifstream in(folder / "answers.json");
    return json::parse(std::string(std::istreambuf_iterator<char>(in), {})).as_array();
  }

  /// Of an answer, what the server makes something of.
  static json::value meaning(int status, const std::string& body) {
    if (status == 401) return body.empty() ? json::value() : json::parse(body);
    auto v = json::parse(body);
    if (v.is_object() && status >= 400)
      return json::object{{"name", v.as_object().contains("name") ? v.at("name") : json::value()},
                          {"message", v.as_object().contains("message") ? v.at("message") : json::value()}};
    if (status != 206) return v;
    json::array out;
    auto ops = v.as_array();
    std::sort(ops.begin(), ops.end(),
              [](const json::value& a, const json::value& b) { return text(a.at("id")) < text(b.at("id")); });
    for (const auto& op : ops) {
      json::object one;
      for (const char* same : {"id", "op", "displayName"})
        if (op.as_object().contains(same)) one[same] = op.at(same);
      if (op.as_object().contains("error"))
        one["error"] = {{"name", op.at("error").at("name")}, {"message", op.at("error").at("message")}};
      if (op.at("op") == "StepRun") one["data"] = op.at("data");
      if (op.at("op") == "Sleep") one["name"] = op.at("name");
      if (op.at("op") == "WaitForEvent") {
        one["event"] = op.at("name");
        one["timeout"] = op.at("opts").at("timeout");
        one["if"] = op.at("opts").at("if");
      }
      if (op.at("op") == "InvokeFunction")
        one["opts"] = {{"function_id", op.at("opts").at("function_id")},
                       {"data", op.at("opts").at("payload").at("data")}};
      out.push_back(one);
    }
    return out;
  }

  const json::value all = load_vectors("inngest.json");
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("texbuild-peer-" + std::to_string(::getpid()));
  const functions::inngest_key key = functions::inngest_key::parse(key_text).value();
  const std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  boost::asio::thread_pool threads{1};
  std::optional<inngest_endpoint> ours;
  std::vector<inngest_request> calls;
  std::vector<http_response> answers;
};

TEST_F(InngestPeer, SaysTheSameAsTheOfficialPackageAllThroughTheRunsOfAllFunctions) {
  for (const auto& [id, program] : all.at("functions").as_object()) run_through(std::string(id));
  ask("GET", "http://127.0.0.1:4300/api/inngest", "", "");
  ask("POST", "http://127.0.0.1:4300/api/inngest?fnId=studio-no-steps&stepId=step", "{}", "");
  ask("POST", "http://127.0.0.1:4300/api/inngest?fnId=studio-no-steps&stepId=step", "{}", key.sign("{ }", now));
  const auto peer = theirs();
  ASSERT_EQ(peer.size(), calls.size());
  EXPECT_GT(calls.size(), 40U);
  for (std::size_t i = 0; i < peer.size(); ++i) {
    const auto& their = peer[i];
    SCOPED_TRACE(calls[i].url + "\n" + calls[i].body + "\nours: " + answers[i].body +
                 "\ntheirs: " + text(their.at("body")));
    ASSERT_EQ(answers[i].status, their.at("status").to_number<int>());
    EXPECT_EQ(meaning(answers[i].status, answers[i].body), meaning(answers[i].status, text(their.at("body"))));
    const auto& headers = their.at("headers").as_object();
    EXPECT_EQ(answers[i].header("x-inngest-no-retry"), text_or_empty(headers, "x-inngest-no-retry"));
    EXPECT_EQ(answers[i].header("retry-after").empty(), text_or_empty(headers, "retry-after").empty());
    // Each signs its answer, and the other's check takes it.
    const auto signature = text_or_empty(headers, "x-inngest-signature");
    EXPECT_EQ(signature.empty(), answers[i].header("x-inngest-signature").empty());
    if (signature.empty()) continue;
    const auto t = signature.substr(2, signature.find('&') - 2);
    EXPECT_TRUE(key.fits(text(their.at("body")), t, signature.substr(signature.find("s=") + 2)));
  }
}

}  // namespace
