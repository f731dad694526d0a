// Requests as the official package makes them (tests/vectors/razorpay.json), and what becomes of the answers.
#include "tests/payments/fixture.hpp"
#include "tests/vectors/load.hpp"

namespace {

using namespace texbuild_test;

struct RazorpayClient : ::testing::Test {
  boost::asio::thread_pool threads{1};
  http_request sent;
  http_response answer;
  razorpay_client client(const std::string& id, const std::string& secret) {
    razorpay_account account;
    account.key_id = id;
    account.key_secret = secret;
    return {account, std::make_shared<texbuild::testing::scripted_http>(
                         threads.get_executor(), [this](const http_request& r) -> result<http_response> {
                           sent = r;
                           return answer;
                         })};
  }
};

std::string header(const http_request& r, const std::string& name) {
  for (const auto& [key, value] : r.headers)
    if (key == name) return value;
  return "";
}

TEST_F(RazorpayClient, AsksAsTheOfficialPackageDoes) {
  int tried = 0;
  const auto all = load_vectors("razorpay.json");
  for (const auto& v : all.at("vectors").as_array()) {
    if (v.at("kind").as_string() != "rest") continue;
    const std::string name(v.at("name").as_string());
    const auto& want = v.at("expect_request").as_object();
    const auto& reply = v.at("reply").as_object();
    answer = http_response();
    answer.status = reply.at("status").to_number<int>();
    const auto* said = reply.if_contains("body");  // HTML has none in the file
    answer.body = said != nullptr ? json::serialize(*said) : std::string("<html>");
    const auto c = client(std::string(v.at("key_id").as_string()), std::string(v.at("key_secret").as_string()));
    const std::string path(want.at("path").as_string());
    const std::string method(want.at("method").as_string());
    const auto* body = want.if_contains("body");
    result<razorpay_subscription> got = error(errc::internal);
    if (method == "POST" && path == "/v1/subscriptions") {
      const auto& o = body->as_object();
      razorpay_order order;
      order.plan = std::string(o.at("plan_id").as_string());
      order.total_count = o.at("total_count").to_number<std::int64_t>();
      if (const auto* offer = o.if_contains("offer_id")) order.offer = std::string(offer->as_string());
      if (const auto* expires = o.if_contains("expire_by"))
        order.expires_at = std::chrono::system_clock::time_point(std::chrono::seconds(expires->to_number<int>()));
      if (const auto* notes = o.if_contains("notes"); notes != nullptr && notes->is_object())
        for (const auto& n : notes->as_object()) order.notes[std::string(n.key())] = std::string(n.value().as_string());
      got = c.create(order);
    } else if (method == "GET" && path.starts_with("/v1/subscriptions/") &&
               path.find_first_of("/?", 18) == std::string::npos) {
      got = c.fetch(path.substr(18));
    } else if (method == "POST" && path.ends_with("/cancel")) {
      got = c.cancel(path.substr(18, path.size() - 25), body != nullptr && body->is_object());
    } else {
      continue;  // calls that selling plans does not need
    }
    ++tried;
    EXPECT_EQ(sent.method, method) << name;
    EXPECT_EQ(sent.url, "https://api.razorpay.com" + path) << name;
    const auto* headers = want.if_contains("headers");
    if (headers != nullptr && headers->as_object().contains("authorization")) {
      EXPECT_EQ(header(sent, "Authorization"), headers->at("authorization").as_string()) << name;
    }
    if (method == "POST" && path == "/v1/subscriptions") {
      auto ours = json::parse(sent.body).as_object();
      for (const auto& member : body->as_object()) {
        if (member.key() == "customer_notify" || member.key() == "quantity") continue;  // ours are always the same
        EXPECT_TRUE(ours[member.key()] == member.value()) << name << " " << member.key();
      }
    }
    EXPECT_EQ(got.has_value(), answer.status == 200) << name;
    if (!got) {
      EXPECT_EQ(got.error().code(), errc::provider_error) << name;
    }
  }
  EXPECT_EQ(tried, 12);
}

TEST_F(RazorpayClient, TakesAnOriginWithASlashOrAVersion) {
  for (const char* url :
       {"http://127.0.0.1:9", "http://127.0.0.1:9/", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1/"}) {
    razorpay_account account;
    account.api_url = url;
    const razorpay_client c(account,
                            std::make_shared<texbuild::testing::scripted_http>(
                                threads.get_executor(), [this](const http_request& r) -> result<http_response> {
                                  sent = r;
                                  return http_response();
                                }));
    (void)c.fetch("sub_1/../x");
    EXPECT_EQ(sent.url, "http://127.0.0.1:9/v1/subscriptions/sub_1%2F..%2Fx");
  }
}

TEST_F(RazorpayClient, ListsWhatWasMadeSince) {
  answer.status = 200;
  answer.body = R"({"items":[{"id":"sub_1","notes":{"reference":"r"}},{"no":"id"},7]})";
  const auto found = client("a", "b").list("plan_1", noon).value();
  EXPECT_EQ(sent.url, "https://api.razorpay.com/v1/subscriptions?plan_id=plan_1&from=" +
                          std::to_string(unix_time(noon)) + "&count=100");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].notes.at("reference"), "r");
}

}  // namespace
