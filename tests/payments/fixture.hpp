// Billing over a database in memory and a Razorpay that is a function.
#pragma once

#include "src/crypto/hmac.hpp"

#include <texbuild/database.hpp>
#include <texbuild/payments.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace texbuild_test {

using namespace texbuild;
using namespace std::chrono_literals;
namespace json = boost::json;

inline const std::chrono::system_clock::time_point noon =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 24) + 12h;
inline std::int64_t unix_time(std::chrono::system_clock::time_point t) {
  return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
}

struct Billing : ::testing::Test {
  boost::asio::thread_pool threads{2};
  std::shared_ptr<texbuild::testing::manual_clock> time;
  std::shared_ptr<database> db = open_sqlite(":memory:").value();
  std::mutex mutex;
  std::vector<http_request> asked;
  std::map<std::string, json::object> made;                           // what "Razorpay" has
  std::function<result<http_response>(const http_request&)> instead;  // answers for it, when set
  bool loses_answers = false;  // it does what it is asked, and the answer never arrives
  billing_options with;

  Billing() : time(std::make_shared<texbuild::testing::manual_clock>(noon)) {
    with.razorpay.emplace();
    with.razorpay->key_id = "rzp_test_1";
    with.razorpay->key_secret = "secret";
    with.webhook_secrets = {"whs"};
    (void)with.plans.set_razorpay_plan("pro", "plan_PRO");
    (void)with.plans.set_razorpay_plan("enterprise", "plan_ENT");
  }
  ~Billing() override { threads.join(); }

  billing open() {
    environment parts;
    parts.db = db;
    parts.time = time;
    parts.random = std::make_shared<texbuild::testing::fixed_entropy>(seed++);
    parts.http = std::make_shared<texbuild::testing::scripted_http>(threads.get_executor(),
                                                                    [this](const auto& r) { return answer(r); });
    return billing::open(with, parts).value();
  }

  static http_response reply(int status, const json::value& body) {
    http_response out;
    out.status = status;
    out.body = json::serialize(body);
    return out;
  }
  static http_response refusal(int status, const std::string& why) {
    return reply(status, {{"error", {{"code", "BAD_REQUEST_ERROR"}, {"description", why}}}});
  }

  result<http_response> answer(const http_request& r) {
    const std::scoped_lock guard(mutex);
    asked.push_back(r);
    if (instead) return instead(r);
    const auto path = r.url.substr(r.url.find("/v1/") + 3);
    auto done = serve(r.method, path, r.body);
    if (loses_answers && r.method == "POST") return error(errc::timed_out, "no answer");
    return done;
  }
  http_response serve(const std::string& method, const std::string& path, const std::string& body) {
    if (method == "POST" && path == "/subscriptions") {
      auto o = json::parse(body).as_object();
      const auto id = "sub_" + std::to_string(made.size() + 1);
      o["id"] = id;
      o["entity"] = "subscription";
      o["status"] = "created";
      o["short_url"] = "https://rzp.io/i/" + id;
      o["created_at"] = unix_time(time->now());
      o["paid_count"] = 0;
      made[id] = o;
      return reply(200, o);
    }
    if (method == "GET" && path.starts_with("/subscriptions?")) {
      json::array items;
      for (const auto& [id, o] : made) items.push_back(o);
      return reply(200, {{"entity", "collection"}, {"count", items.size()}, {"items", items}});
    }
    const auto id = path.substr(15, path.find('/', 15) - 15);
    const auto found = made.find(id);
    if (found == made.end()) return refusal(400, "The id provided does not exist");
    return reply(200, found->second);
  }

  std::size_t calls(const std::string& method) {
    const std::scoped_lock guard(mutex);
    return static_cast<std::size_t>(
        std::count_if(asked.begin(), asked.end(), [&](const auto& r) { return r.method == method; }));
  }

  /// An event as Razorpay would send it.
  std::string event(const std::string& name, const std::string& id, std::chrono::system_clock::time_point at,
                    json::object more = {}) {
    json::object entity{
        {"id", id},           {"entity", "subscription"},         {"plan_id", "plan_PRO"},
        {"status", "active"}, {"notes", {{"user_id", "ann"}}},    {"paid_count", 1},
        {"total_count", 12},  {"current_start", unix_time(noon)}, {"current_end", unix_time(noon + 30 * 24h)}};
    for (const auto& member : more) entity[member.key()] = member.value();
    return json::serialize(json::object{{"entity", "event"},
                                        {"event", name},
                                        {"created_at", unix_time(at)},
                                        {"payload", {{"subscription", {{"entity", entity}}}}}});
  }
  result<bool> send(billing& b, const std::string& body, const std::string& id) {
    return b.receive_razorpay(body, crypto::hex(crypto::hmac_sha256("whs", body)), id);
  }
  /// Sent and applied.
  void tell(billing& b, const std::string& body) {
    EXPECT_TRUE(send(b, body, "evt_" + std::to_string(++events)));
    EXPECT_TRUE(b.apply());
  }
  coupon a_coupon(std::int64_t uses = 1) {
    coupon c;
    c.code = "SAVE20";
    c.percent = 20;
    c.plan = "pro";
    c.offer = "offer_1";
    c.uses = uses;
    return c;
  }
  int events = 0;
  std::uint64_t seed = 1;
};

}  // namespace texbuild_test
