// Polar as a function, and a storefront over a database in memory. What Polar checks, this checks.
#pragma once

#include "src/store/credit_store.hpp"
#include "tests/store/fixture.hpp"

#include <texbuild/database.hpp>
#include <texbuild/storefront.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace texbuild_test {

namespace json = boost::json;
using namespace std::chrono_literals;

class Storefront : public ::testing::Test {
 protected:
  ~Storefront() override { threads_.join(); }

  texbuild::storefront open() {
    texbuild::environment parts;
    parts.db = db;
    parts.time = time;
    parts.random = random;
    parts.http = std::make_shared<texbuild::testing::scripted_http>(
        threads_.get_executor(), [this](const texbuild::http_request& r) { return polar(r); });
    return texbuild::storefront::open(with, texbuild::secret_box::make({std::string(32, 'k')}, random).value(),
                                      std::move(parts))
        .value();
  }

  static texbuild::storefront_options options() {
    texbuild::storefront_options o;
    o.polar.emplace();
    o.polar->access_token = "polar_oat_test";
    o.webhook_secret = "whsec_" + std::string(43, 'a');
    for (auto& t : o.tiers) t.polar_product = "product_" + t.name;
    return o;
  }
  static texbuild::assistant_wish wish(std::string tier = "") {
    texbuild::assistant_wish w;
    w.model = "minimax-m2.5";
    w.channel = "telegram";
    w.token = "123456789:AAExample_token-1";
    w.tier = std::move(tier);
    return w;
  }

  static texbuild::result<texbuild::http_response> say(int status, const json::value& body) {
    texbuild::http_response out;
    out.status = status;
    out.body = json::serialize(body);
    return out;
  }

  texbuild::result<texbuild::http_response> polar(const texbuild::http_request& r) {
    const std::scoped_lock guard(mutex);
    asked.push_back(r);
    if (down) return texbuild::error(texbuild::errc::unavailable, "no connection");
    if (status_of_all != 0) {
      auto said = say(status_of_all, json::object{{"detail", "because"}});
      if (!retry_after.empty()) said->headers.emplace_back("Retry-After", retry_after);
      return said;
    }
    EXPECT_TRUE(r.url.starts_with("https://api.polar.sh/v1/")) << r.url;
    EXPECT_EQ(header(r, "Authorization"), "Bearer polar_oat_test");
    const auto path = r.url.substr(std::string("https://api.polar.sh/v1").size());
    if (r.method == "POST" && path == "/checkouts/") return create_checkout(json::parse(r.body).as_object());
    if (r.method == "GET" && path.starts_with("/checkouts/")) return fetch_checkout(path.substr(11));
    if (r.method == "GET" && path.starts_with("/customers/external/")) {
      const auto found = customers.find(path.substr(20));
      if (found == customers.end())
        return say(404, json::object{{"error", "ResourceNotFound"}, {"detail", "Not found"}});
      return say(200, json::object{{"id", found->second}, {"external_id", found->first}});
    }
    if (r.method == "GET" && path.starts_with("/customer-meters/?customer_id=")) return meters(path);
    if (r.method == "POST" && path == "/events/ingest") return ingest(json::parse(r.body).as_object());
    ADD_FAILURE() << "Polar has no " << r.method << " " << path;
    return say(404, json::object{{"detail", "Not Found"}});
  }

  static std::string header(const texbuild::http_request& r, std::string_view name) {
    for (const auto& [n, value] : r.headers)
      if (n == name) return value;
    return {};
  }
  std::size_t calls(std::string_view method, std::string_view part) {
    const std::scoped_lock guard(mutex);
    return static_cast<std::size_t>(std::count_if(asked.begin(), asked.end(), [&](const auto& r) {
      return r.method == method && r.url.find(part) != std::string::npos;
    }));
  }

  /// A webhook as Polar sends it, by the older of its two keys.
  texbuild::webhook_headers sign(const std::string& id, const std::string& body) const {
    const auto secret = with.webhook_secret;
    const auto at = std::to_string(std::chrono::floor<std::chrono::seconds>(time->now().time_since_epoch()).count());
    const auto content = id + "." + at + "." + body;
    unsigned char mac[32];
    unsigned length = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(content.data()), content.size(), mac, &length);
    std::string encoded(45, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()), mac, 32);
    encoded.resize(44);
    return {id, at, "v1," + encoded};
  }
  void tell(texbuild::storefront& shop, const std::string& name, json::object data) {
    const auto body = json::serialize(
        json::object{{"type", name}, {"timestamp", "2026-11-24T00:00:00.000000Z"}, {"data", std::move(data)}});
    ASSERT_TRUE(shop.receive_polar(body, sign("event_" + std::to_string(++events), body)));
    ASSERT_TRUE(shop.apply());
  }
  json::object subscription(const std::string& status, const std::string& user = "ann",
                            const std::string& product = "product_starter", const std::string& id = "sub_1",
                            const std::string& modified = "2026-11-24T00:00:01.000000Z") const {
    return {{"id", id},
            {"status", status},
            {"product_id", product},
            {"customer_id", "cus_" + user},
            {"customer", json::object{{"id", "cus_" + user}, {"external_id", user}}},
            {"created_at", "2026-11-24T00:00:00.000000Z"},
            {"modified_at", modified}};
  }

  std::shared_ptr<texbuild::database> db = texbuild::open_sqlite(":memory:").value();
  std::shared_ptr<texbuild::testing::manual_clock> time =
      std::make_shared<texbuild::testing::manual_clock>(texbuild_test::start);
  std::shared_ptr<texbuild::testing::fixed_entropy> random = std::make_shared<texbuild::testing::fixed_entropy>(3);
  texbuild::storefront_options with = options();

  std::mutex mutex;
  std::vector<texbuild::http_request> asked;
  bool down = false;
  int status_of_all = 0;
  std::string retry_after;                              // with that status
  std::map<std::string, std::string> customers;         // external id to Polar's
  std::map<std::string, std::string> checkout_status;   // by id
  std::map<std::string, std::string> checkout_product;  // by id
  std::map<std::string, double> consumed;               // by Polar's customer
  std::map<std::string, json::object> ingested;         // by external id
  std::set<std::string> bad_events;                     // external ids that Polar refuses
  bool counts_at_once = false;                          // what is ingested shows in the meters
  int events = 0;

 private:
  texbuild::result<texbuild::http_response> create_checkout(const json::object& o) {
    EXPECT_EQ(o.at("products").as_array().size(), 1U);
    if (const auto* customer = o.if_contains("customer_id")) {
      const bool known = std::any_of(customers.begin(), customers.end(),
                                     [&](const auto& c) { return customer->as_string() == c.second; });
      if (!known) return say(422, json::object{{"detail", json::array{json::object{{"msg", "no such customer"}}}}});
    }
    const auto id = "checkout_" + std::to_string(checkout_status.size() + 1);
    checkout_status[id] = "open";
    checkout_product[id] = std::string(o.at("products").as_array().front().as_string());
    return say(201, checkout(id));
  }
  texbuild::result<texbuild::http_response> fetch_checkout(const std::string& id) {
    if (!checkout_status.contains(id)) return say(404, json::object{{"detail", "Not found"}});
    return say(200, checkout(id));
  }
  json::object checkout(const std::string& id) {
    return {{"id", id},
            {"status", checkout_status[id]},
            {"url", "https://polar.sh/checkout/" + id},
            {"product_id", checkout_product[id]},
            {"expires_at", "2026-11-25T00:00:00.000000Z"}};
  }
  texbuild::result<texbuild::http_response> meters(const std::string& path) {
    const auto from = path.find('=') + 1;
    const auto customer = path.substr(from, path.find('&') - from);
    const bool known =
        std::any_of(customers.begin(), customers.end(), [&](const auto& c) { return customer == c.second; });
    if (!known) return say(422, json::object{{"detail", "no such customer"}});
    json::array items;
    if (consumed.contains(customer))
      items.push_back(json::object{{"meter_id", "m"}, {"consumed_units", consumed[customer]}, {"balance", 0}});
    return say(200, json::object{{"items", std::move(items)},
                                 {"pagination", json::object{{"total_count", 1}, {"max_page", 1}}}});
  }
  /// Polar's id of whom an event is about; an external id that it does not know yet is no mistake.
  std::string customer_of(const json::object& e) {
    if (const auto* id = e.if_contains("customer_id")) return std::string(id->as_string());
    return customers[std::string(e.at("external_customer_id").as_string())];
  }
  bool has_one_customer(const json::object& e) {
    const auto* id = e.if_contains("customer_id");
    if (id == nullptr) return e.contains("external_customer_id");
    return !e.contains("external_customer_id") &&
           std::any_of(customers.begin(), customers.end(), [&](const auto& c) { return id->as_string() == c.second; });
  }
  texbuild::result<texbuild::http_response> ingest(const json::object& o) {
    const auto& list = o.at("events").as_array();
    for (const auto& e : list)
      if (bad_events.contains(std::string(e.at("external_id").as_string())) || !has_one_customer(e.as_object()))
        return say(422, json::object{{"detail", json::array{}}});
    int inserted = 0;
    for (const auto& e : list) {
      const auto id = std::string(e.at("external_id").as_string());
      if (!ingested.emplace(id, e.as_object()).second) continue;
      ++inserted;
      if (counts_at_once) consumed[customer_of(e.as_object())] += e.at("metadata").at("tokens").to_number<double>();
    }
    return say(200,
               json::object{{"inserted", inserted}, {"duplicates", list.size() - static_cast<unsigned>(inserted)}});
  }

  boost::asio::thread_pool threads_{4};
};

}  // namespace texbuild_test
