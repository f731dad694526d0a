// The real server with its outside services as stand-ins: see tests/sdk/services.js.
#pragma once

#include "tests/e2e/accounts.hpp"
#include "tests/e2e/real_server.hpp"

#include <boost/json.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace texbuild_test {

namespace json = boost::json;

struct Platform : RealServer {
  static void SetUpTestSuite() {
    const auto fetched = run({"/bin/bash", TEXBUILD_SOURCE_DIR "/tests/sdk/packages.sh", TEXBUILD_SDK});
    ASSERT_EQ(fetched.exit, 0) << fetched.err;
  }
  Platform() : Platform(variables()) {}
  explicit Platform(const variables& for_services) {
    variables all{{"TEXBUILD_SDK", TEXBUILD_SDK},
                  {"PATH", "/usr/local/bin:/usr/bin:/bin"},
                  {"POLAR_WEBHOOK_SECRET", polar_secret},
                  {"CLERK_WEBHOOK_SECRET", clerk_secret}};
    all.insert(for_services.begin(), for_services.end());
    services.emplace(std::vector<std::string>{"/usr/bin/env", "node", TEXBUILD_SOURCE_DIR "/tests/sdk/services.js"},
                     all, here.path() / "port", here.path() / "err");
    EXPECT_TRUE(comes_true([&] { return read_file(here.path() / "port").ends_with('\n'); }))
        << read_file(here.path() / "err");
    const auto digits = read_file(here.path() / "port");
    services_port = static_cast<std::uint16_t>(std::stoi(digits.empty() ? "0" : digits));
    const auto origin = "http://127.0.0.1:" + std::to_string(services_port);
    server.environment = {{"POLAR_ACCESS_TOKEN", "polar_oat_test"},
                          {"POLAR_API_URL", origin},
                          {"POLAR_WEBHOOK_SECRET", polar_secret},
                          {"POLAR_PRODUCT_ID_STARTER", "11111111-1111-4111-8111-111111111111"},
                          {"POLAR_PRODUCT_ID_PRO", "22222222-2222-4222-8222-222222222222"},
                          {"CLERK_WEBHOOK_SECRET", clerk_secret},
                          {"CLERK_SECRET_KEY", "sk_test_1"},
                          {"CLERK_API_URL", origin + "/v1"},
                          {"CLERK_JWT_KEY", pem_of(rsa_key::common().spki(), "\n")},
                          {"AKASHML_KEY", "akml_test"},
                          {"AKASHML_BASE_URL", origin + "/v1"},
                          {"TELEGRAM_API_URL", origin},
                          {"TEXBUILD_LOG", "debug"}};
    server.arguments = {};
  }

  /// Has the stand-ins do something.
  void steer(const std::string& what, const json::value& how) const {
    const auto answer = ask_services("POST", "/test/" + what, json::serialize(how));
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  [[nodiscard]] json::object state() const { return ask_services("GET", "/test/state").json(); }
  [[nodiscard]] std::string here_at(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server.port()) + path;
  }
  [[nodiscard]] http_answer as_user(const std::string& method, const std::string& target, const std::string& body = {},
                                    const std::string& user = "user_ann") const {
    return server.ask(method, target, "Authorization: Bearer " + session_of(user) + "\r\n", body);
  }
  [[nodiscard]] std::string wish(const std::string& token = "123456789:AAExample_token-1") const {
    return R"({"model":"minimax-m2.5","channel":"telegram","channelToken":")" + token + "\"}";
  }
  /// Buys an assistant; its id.
  std::string bought(const std::string& token = "123456789:AAExample_token-1") const {
    const auto out = as_user("POST", "/api/checkout", wish(token));
    EXPECT_EQ(out.status, 200) << out.body;
    steer("pay", json::object{{"target", here_at("/api/webhooks/polar")}});
    return out.text("deploymentId");
  }
  [[nodiscard]] json::object status_of(const std::string& id) const {
    return server.ask("GET", "/api/status?id=" + id).json();
  }
  [[nodiscard]] bool becomes(const std::string& id, const std::string& status) const {
    return comes_true([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));  // a visitor has 600 requests a minute
      return status_of(id).at("status") == json::value(status);
    });
  }

  /// The server's bot programs.
  [[nodiscard]] std::vector<pid_t> bots() const {
    std::vector<pid_t> out;
    for (const auto& [pid, line] : processes()) {
      const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
      const auto after = stat.rfind(") ");  // the name may hold anything
      if (after == std::string::npos || line.find("texbuild-assistant") == std::string::npos) continue;
      std::istringstream rest(stat.substr(after + 2));
      std::string state;
      pid_t parent = 0;
      if (rest >> state >> parent && parent == server.pid() && state != "Z") out.push_back(pid);
    }
    return out;
  }
  /// Every process of this machine, and its command line.
  [[nodiscard]] static std::map<pid_t, std::string> processes() {
    std::map<pid_t, std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const auto name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") == std::string::npos)
        out.emplace(std::stoi(name), read_file(entry.path() / "cmdline"));
    }
    return out;
  }

  static constexpr const char* polar_secret = "whsec_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
  static constexpr const char* clerk_secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
  static constexpr const char* inngest_key =
      "signkey-test-8ee2262a15ac7ef2dbf1c9e8d26f1a3b4c5d6e7f8091a2b3c4d5e6f708192a3b";
  temporary_folder here;
  std::optional<child> services;
  std::uint16_t services_port = 0;

 private:
  [[nodiscard]] http_answer ask_services(const std::string& method, const std::string& target,
                                         const std::string& body = {}) const {
    connection c(services_port);
    c.write(method + " " + target +
            " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
    return c.read();
  }
};

}  // namespace texbuild_test
