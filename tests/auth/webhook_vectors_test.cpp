// Every signature of the vectors made with the senders' own packages; see tests/vectors.
#include "src/crypto/base64.hpp"
#include "tests/vectors/load.hpp"

#include <texbuild/webhook.hpp>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace {

using namespace texbuild;
namespace json = boost::json;

std::string string_in(const json::value& v) { return json::value_to<std::string>(v); }
std::string text_or_empty(const json::object& in, const char* name) {
  const auto* v = in.if_contains(name);
  return v == nullptr ? std::string() : string_in(*v);
}

/// "" if it is not there. The names of headers have no case.
std::string header(const json::value& headers, const std::string& name) {
  for (const auto& pair : headers.as_array()) {
    auto given = string_in(pair.at(0));
    std::transform(given.begin(), given.end(), given.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (given == name) return string_in(pair.at(1));
  }
  return "";
}

/// As a host finds them: Clerk sends one family of names, the plain standard and Polar the other, Svix either.
webhook_headers headers_of(const json::value& c) {
  const auto scheme = string_in(c.at("scheme"));
  const auto& all = c.at("headers");
  const auto find = [&](const std::string& what) {
    auto found = scheme == "standard-webhooks" || scheme == "polar" ? std::string() : header(all, "svix-" + what);
    return found.empty() && scheme != "clerk" ? header(all, "webhook-" + what) : found;
  };
  return {find("id"), find("timestamp"), find("signature")};
}

result<void> verify(const json::value& c) {
  if (c.at("scheme") == "polar") {
    const auto sent = crypto::base64_decode(string_in(c.at("body_b64"))).value();
    const std::chrono::system_clock::time_point at(std::chrono::milliseconds(c.at("now_ms").as_int64()));
    return verify_polar_webhook(string_in(c.at("secret")), headers_of(c), sent, at);
  }
  const auto secret = webhook_secret::parse(string_in(c.at("secret")));
  if (!secret) return secret.error();
  const auto body = crypto::base64_decode(string_in(c.at("body_b64"))).value();
  const std::chrono::system_clock::time_point now(std::chrono::milliseconds(c.at("now_ms").as_int64()));
  return secret->verify(headers_of(c), body, now);
}

TEST(WebhookVectors, EveryMessageMeetsTheVerdictThatIsSetForIt) {
  const auto vectors = texbuild_test::load_vectors("webhooks.json");
  std::map<std::string, int> count;
  for (const auto& c : vectors.at("cases").as_array()) {
    SCOPED_TRACE(string_in(c.at("id")));
    const auto scheme = string_in(c.at("scheme"));
    ASSERT_TRUE(scheme == "polar" || scheme == "svix" || scheme == "clerk" || scheme == "standard-webhooks");
    const auto server = string_in(c.at("server"));
    ++count[server];
    if (server == "either") continue;
    const auto verified = verify(c);
    if (server == "reject") {
      EXPECT_FALSE(verified);
    } else {
      ASSERT_TRUE(server == "accept" || server == "authentic-bad-body" || server == "authentic-ignored") << server;
      EXPECT_TRUE(verified) << verified.error().detail();
    }
  }
  const std::map<std::string, int> expected = {
      {"accept", 22}, {"authentic-bad-body", 2}, {"authentic-ignored", 1}, {"either", 5}, {"reject", 27}};
  EXPECT_EQ(count, expected);
}

TEST(RazorpayVectors, EveryWebhookMeetsTheVerdictThatIsSetForIt) {
  const auto vectors = texbuild_test::load_vectors("razorpay.json");
  int good = 0;
  int bad = 0;
  for (const auto& c : vectors.at("vectors").as_array()) {
    if (c.at("kind") != "webhook_signature") continue;
    SCOPED_TRACE(string_in(c.at("id")));
    const bool valid = c.at("expect").at("valid").as_bool();
    ++(valid ? good : bad);
    const std::vector<std::string> secrets = {string_in(c.at("secret"))};
    const auto signature = string_in(c.at("headers").at("X-Razorpay-Signature"));
    EXPECT_EQ(static_cast<bool>(verify_razorpay_webhook(secrets, string_in(c.at("body")), signature)), valid);
  }
  EXPECT_EQ(good, 23);
  EXPECT_EQ(bad, 11);
}

TEST(RazorpayVectors, AWebhookOfWhichAPartIsMissingIsRefused) {
  const auto vectors = texbuild_test::load_vectors("razorpay.json");
  const auto& whole = vectors.at("vectors").at(0);
  ASSERT_EQ(whole.at("kind"), "webhook_signature");
  const auto body = string_in(whole.at("body"));
  const auto signature = string_in(whole.at("headers").at("X-Razorpay-Signature"));
  const std::vector<std::string> secrets = {string_in(whole.at("secret"))};
  ASSERT_TRUE(verify_razorpay_webhook(secrets, body, signature));
  int count = 0;
  for (const auto& c : vectors.at("vectors").as_array()) {
    if (c.at("kind") != "webhook_signature_missing_argument") continue;
    const auto missing = string_in(c.at("name"));
    SCOPED_TRACE(missing);
    ++count;
    ASSERT_EQ(c.at("expect").at("server"), "treat as invalid");
    if (missing == "undefined-body") {
      EXPECT_FALSE(verify_razorpay_webhook(secrets, "", signature));
    } else if (missing == "undefined-signature") {
      EXPECT_FALSE(verify_razorpay_webhook(secrets, body, ""));
    } else {
      ASSERT_EQ(missing, "undefined-secret");
      EXPECT_FALSE(verify_razorpay_webhook({}, body, signature));
      EXPECT_FALSE(verify_razorpay_webhook(std::vector<std::string>{""}, body, signature));
    }
  }
  EXPECT_EQ(count, 3);
}

TEST(RazorpayVectors, EveryPaymentMeetsTheVerdictThatIsSetForIt) {
  const auto vectors = texbuild_test::load_vectors("razorpay.json");
  int good = 0;
  int bad = 0;
  int links = 0;
  for (const auto& c : vectors.at("vectors").as_array()) {
    if (c.at("kind") != "payment_signature") continue;
    SCOPED_TRACE(string_in(c.at("id")));
    const auto& of = c.at("params").as_object();
    if (of.contains("payment_link_id")) {  // a product that this library does not use
      ++links;
      continue;
    }
    const bool valid = c.at("expect").at("valid").as_bool();
    ++(valid ? good : bad);
    const auto secret = string_in(c.at("secret"));
    const auto signature = string_in(c.at("signature"));
    const auto payment = text_or_empty(of, "payment_id");
    const auto order = verify_razorpay_order_payment(secret, text_or_empty(of, "order_id"), payment, signature);
    const auto subscription =
        verify_razorpay_subscription_payment(secret, payment, text_or_empty(of, "subscription_id"), signature);
    // Where both are named, the signature is that of the order.
    EXPECT_EQ(static_cast<bool>(order), valid && of.contains("order_id"));
    EXPECT_EQ(static_cast<bool>(subscription), valid && !of.contains("order_id"));
  }
  EXPECT_EQ(good, 3);
  EXPECT_EQ(bad, 5);
  EXPECT_EQ(links, 3);
}

}  // namespace
