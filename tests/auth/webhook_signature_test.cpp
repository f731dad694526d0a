#include "src/crypto/base64.hpp"
#include "src/crypto/hmac.hpp"

#include <texbuild/webhook.hpp>

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;

constexpr std::chrono::system_clock::time_point now{1767225600s};
const std::string key("0123456789abcdef\0\xff\x80tail", 23);
const std::string body = R"({"a":1})";

webhook_secret secret() { return webhook_secret::from_bytes(key).value(); }

/// Whether a message that was signed with `text` as the secret is good for `key`.
bool means_the_key(const std::string& text) {
  const auto parsed = webhook_secret::parse(text);
  return parsed && secret().verify(parsed->sign("msg_1", now, body), body, now);
}

TEST(WebhookSecret, MakesTheSignatureOfTheSpecification) {
  // Made with the openssl tool: id "msg_1", time 1767225600, body {"a":1}.
  const auto s = webhook_secret::parse("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").value();
  const auto headers = s.sign("msg_1", now, body);
  EXPECT_EQ(headers.id, "msg_1");
  EXPECT_EQ(headers.timestamp, "1767225600");
  EXPECT_EQ(headers.signature, "v1,0Ud8OcCNFjx1ntpzsrZcFsX85Gq5zrTv2y1pQkuKzNI=");
}

TEST(WebhookSecret, AcceptsWhatItSigned) {
  for (const auto& text : {body, std::string(), std::string("\0\r\n\xff", 4), std::string(1'000'000, 'x')})
    EXPECT_TRUE(secret().verify(secret().sign("msg_1", now + 700ms, text), text, now));
}

TEST(WebhookSecret, IsReadWithAndWithoutPrefixAndPadding) {
  const auto base64 = crypto::base64_encode(key);
  ASSERT_TRUE(base64.ends_with('='));
  const auto bare = base64.substr(0, base64.find('='));
  for (const auto& text : {base64, bare, "whsec_" + base64, "whsec_" + bare}) EXPECT_TRUE(means_the_key(text)) << text;
  EXPECT_TRUE(means_the_key(secret().text()));
}

TEST(WebhookSecret, IgnoresTheBitsAtTheEndThatMeanNothing) {
  // Of the last character of "QQ" four bits count for nothing, of "QUE" two: some senders do not clear them.
  const auto signature = [](const char* text) {
    const auto parsed = webhook_secret::parse(text);
    return parsed ? parsed->sign("msg_1", now, body).signature : "refused";
  };
  for (const auto* same : {"QR", "QR==", "Qf", "whsec_Qf", "whsec_QS=="}) EXPECT_EQ(signature(same), signature("QQ"));
  for (const auto* same : {"QUF", "QUG=", "whsec_QUH", "whsec_QUH="}) EXPECT_EQ(signature(same), signature("QUE"));
  EXPECT_NE(signature("QUI"), signature("QUE"));
  EXPECT_NE(signature("Qg"), signature("QQ"));
  EXPECT_EQ(webhook_secret::parse("Qf").value().text(), "whsec_QQ==");
}

TEST(WebhookSecret, OfEveryLengthIsReadAgain) {
  for (std::size_t n = 1; n < 100; ++n) {
    const auto s = webhook_secret::from_bytes(std::string(n, '\xa7')).value();
    const auto again = webhook_secret::parse(s.text());
    ASSERT_TRUE(again) << n;
    EXPECT_EQ(again->text(), s.text());
    EXPECT_TRUE(again->verify(s.sign("msg_1", now, body), body, now)) << n;
  }
}

TEST(WebhookSecret, IsRefusedWhenItIsEmptyOrNoBase64) {
  for (const auto* bad : {"",
                          "whsec_",
                          "=",
                          "====",
                          "whsec_=",
                          "A",
                          "AAAAA",
                          "A===",
                          "AA=A",
                          "=AAA",
                          "AA==AA==",
                          "QQ===",
                          "QQQQ=",
                          "QQQQ==",
                          "QQQQ====",
                          "a b=",
                          "QUE\n",
                          "Q-_Q",
                          "whsec_whsec_QUE=",
                          "WHSEC_QUE=",
                          "Ä"}) {
    const auto refused = webhook_secret::parse(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code(), errc::invalid_input) << bad;
  }
  EXPECT_EQ(webhook_secret::from_bytes("").error().code(), errc::invalid_input);
}

TEST(WebhookVerify, WantsAllThreeHeaders) {
  const auto good = secret().sign("msg_1", now, body);
  for (auto member : {&webhook_headers::id, &webhook_headers::timestamp, &webhook_headers::signature}) {
    auto without = good;
    without.*member = "";
    EXPECT_EQ(secret().verify(without, body, now).error().code(), errc::invalid_input);
  }
  EXPECT_EQ(secret().verify({}, body, now).error().code(), errc::invalid_input);
}

TEST(WebhookVerify, AllowsFiveMinutesEitherWay) {
  for (const auto off : {-300s, -1s, 0s, 1s, 300s})
    EXPECT_TRUE(secret().verify(secret().sign("msg_1", now + off, body), body, now)) << off.count();
  for (const auto off : {-86'400s, -301s, 301s, 86'400s})
    EXPECT_FALSE(secret().verify(secret().sign("msg_1", now + off, body), body, now)) << off.count();
}

TEST(WebhookVerify, TakesATimeInDigitsOnly) {
  // Signed as written, so that the time alone is what is wrong.
  const auto good = [](const std::string& timestamp) {
    const auto mac = crypto::hmac_sha256(key, "msg_1." + timestamp + "." + body);
    return static_cast<bool>(secret().verify({"msg_1", timestamp, "v1," + crypto::base64_encode(mac)}, body, now));
  };
  EXPECT_TRUE(good("1767225600"));
  for (const auto* bad :
       {"+1767225600", "-1767225600", " 1767225600", "1767225600 ", "1767225600.0", "1767225600abc", "0x6955b900",
        "1.7672256e9", "1767225600000", "18446744075476777216", "yesterday", "0", "99999999999999999999999", "-0"})
    EXPECT_FALSE(good(bad)) << bad;
}

TEST(WebhookVerify, RefusesAnythingChanged) {
  const auto good = secret().sign("msg_1", now, body);
  ASSERT_TRUE(secret().verify(good, body, now));
  auto headers = good;
  headers.id = "msg_2";
  EXPECT_FALSE(secret().verify(headers, body, now));
  headers = good;
  headers.timestamp = "1767225601";
  EXPECT_FALSE(secret().verify(headers, body, now));
  for (const auto& other : {body + "\n", std::string(R"({"a": 1})"), std::string(R"({"a":2})"), std::string()})
    EXPECT_FALSE(secret().verify(good, other, now));
  EXPECT_FALSE(webhook_secret::from_bytes("another").value().verify(good, body, now));
  for (std::size_t i = 0; i < good.signature.size(); ++i) {
    headers = good;
    headers.signature[i] = static_cast<char>(headers.signature[i] ^ 1);
    EXPECT_FALSE(secret().verify(headers, body, now)) << i;
  }
  for (std::size_t n = 0; n < good.signature.size(); ++n)
    EXPECT_FALSE(secret().verify({"msg_1", good.timestamp, good.signature.substr(0, n)}, body, now)) << n;
}

TEST(WebhookVerify, FindsTheOneThatFitsAmongSeveralSignatures) {
  const auto good = secret().sign("msg_1", now, body);
  const auto verified = [&](const std::string& list) {
    return static_cast<bool>(secret().verify({good.id, good.timestamp, list}, body, now));
  };
  const auto mac = good.signature.substr(3);
  const std::string other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  EXPECT_TRUE(verified(other + " " + good.signature));
  EXPECT_TRUE(verified(good.signature + " " + other));
  EXPECT_TRUE(verified("v1a,AAAA " + good.signature + " v2,x nothing , "));
  EXPECT_TRUE(verified(" " + other + "  " + good.signature + " "));
  for (const auto& bad : {"V1," + mac, "v1a," + mac, "v2," + mac, mac, "v1 " + mac, "v1," + mac.substr(0, 43),
                          "v1," + other + good.signature, other + "," + good.signature, other + ", " + mac,
                          std::string(" "), std::string("v1,"), std::string(",")})
    EXPECT_FALSE(verified(bad)) << bad;
}

TEST(WebhookVerify, RefusesAnIdThatNoSenderUses) {
  // "msg_1.1767225600" and a body would be the same bytes as "msg_1" and a longer body.
  const auto signed_as = [](const std::string& id) {
    return static_cast<bool>(secret().verify(secret().sign(id, now, body), body, now));
  };
  EXPECT_TRUE(signed_as("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"));
  EXPECT_TRUE(signed_as("8e03978e-40d5-43e8-bc93-6894a57f9324"));
  EXPECT_TRUE(signed_as(std::string(256, 'a')));
  for (const auto& bad : {std::string("msg_1.1767225600"), std::string("."), std::string("msg 1"), std::string("msg\n"),
                          std::string("m\0g", 3), std::string("é"), std::string(257, 'a')})
    EXPECT_FALSE(signed_as(bad)) << bad;
}

TEST(WebhookVerify, NeverSaysWhichCheckFailed) {
  const auto good = secret().sign("msg_1", now, body);
  std::set<std::string> answers;
  const auto ask = [&](const webhook_headers& headers, const std::string& text) {
    const auto refused = secret().verify(headers, text, now);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::unauthorized);
    answers.insert(refused.error().detail() + "|" + refused.error().cause() + "|" + refused.error().reason() + "|" +
                   refused.error().subject());
  };
  ask(good, "other");
  ask({"msg.1", good.timestamp, good.signature}, body);
  ask({"msg_1", "yesterday", good.signature}, body);
  ask({"msg_1", "17672256000", good.signature}, body);
  ask({"msg_1", good.timestamp, "nothing"}, body);
  ask(secret().sign("msg_1", now - 301s, body), body);
  EXPECT_EQ(answers.size(), 1U);
}

const std::string mine = "whsec_studio";

std::string hex_of(const std::string& with, const std::string& message) {
  return crypto::hex(crypto::hmac_sha256(with, message));
}

bool razorpay(const std::vector<std::string>& secrets, const std::string& text, const std::string& signature) {
  const auto verified = verify_razorpay_webhook(secrets, text, signature);
  if (!verified) {
    EXPECT_EQ(verified.error().code(), errc::unauthorized);
  }
  return static_cast<bool>(verified);
}

TEST(RazorpayWebhook, IsSignedWithOneOfTheSecrets) {
  const auto signature = hex_of(mine, body);
  EXPECT_TRUE(razorpay({mine}, body, signature));
  EXPECT_TRUE(razorpay({"new", mine}, body, signature));
  EXPECT_TRUE(razorpay({mine, "old"}, body, signature));
  EXPECT_FALSE(razorpay({"new", "old"}, body, signature));
  EXPECT_FALSE(razorpay({}, body, signature));
  EXPECT_FALSE(razorpay({mine}, body + "\n", signature));
}

TEST(RazorpayWebhook, AnEmptySecretSignsNothing) {
  EXPECT_FALSE(razorpay({""}, body, hex_of("", body)));
  EXPECT_FALSE(razorpay({"", mine}, body, hex_of("", body)));
  EXPECT_TRUE(razorpay({"", mine}, body, hex_of(mine, body)));
}

TEST(RazorpayWebhook, HasASignatureOfLowerCaseHexDigitsOnly) {
  const auto signature = hex_of(mine, body);
  auto upper = signature;
  for (auto& c : upper)
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  for (const auto& bad : {std::string(), upper, signature.substr(1), signature + "0", " " + signature, signature + " ",
                          signature + std::string(1, '\0'), "sha256=" + signature,
                          crypto::base64_encode(crypto::hmac_sha256(mine, body)), crypto::hmac_sha256(mine, body)})
    EXPECT_FALSE(razorpay({mine}, body, bad)) << bad;
}

TEST(RazorpayPayment, OfASubscriptionSignsThePaymentFirstAndOfAnOrderLast) {
  const auto subscription = hex_of("key", "pay_1|sub_1");
  EXPECT_TRUE(verify_razorpay_subscription_payment("key", "pay_1", "sub_1", subscription));
  EXPECT_FALSE(verify_razorpay_subscription_payment("key", "sub_1", "pay_1", subscription));
  EXPECT_FALSE(verify_razorpay_subscription_payment("key", "pay_1", "sub_2", subscription));
  const auto order = hex_of("key", "order_1|pay_1");
  EXPECT_TRUE(verify_razorpay_order_payment("key", "order_1", "pay_1", order));
  EXPECT_FALSE(verify_razorpay_order_payment("key", "pay_1", "order_1", order));
  EXPECT_EQ(verify_razorpay_order_payment("other", "order_1", "pay_1", order).error().code(), errc::unauthorized);
}

TEST(RazorpayPayment, OfNothingOrWithoutAKeyIsRefused) {
  EXPECT_FALSE(verify_razorpay_subscription_payment("", "pay_1", "sub_1", hex_of("", "pay_1|sub_1")));
  EXPECT_FALSE(verify_razorpay_subscription_payment("key", "", "sub_1", hex_of("key", "|sub_1")));
  EXPECT_FALSE(verify_razorpay_subscription_payment("key", "pay_1", "", hex_of("key", "pay_1|")));
  EXPECT_FALSE(verify_razorpay_order_payment("", "order_1", "pay_1", hex_of("", "order_1|pay_1")));
  EXPECT_FALSE(verify_razorpay_order_payment("key", "", "pay_1", hex_of("key", "|pay_1")));
  EXPECT_FALSE(verify_razorpay_order_payment("key", "order_1", "", hex_of("key", "order_1|")));
}

TEST(PolarWebhook, IsTakenByEitherKeyOfItsSecret) {
  const std::chrono::system_clock::time_point now{std::chrono::seconds(1'790'000'000)};
  const std::string secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
  const auto by_text = webhook_secret::from_bytes(secret).value().sign("id", now, "{}");
  const auto by_bytes = webhook_secret::parse(secret).value().sign("id", now, "{}");
  EXPECT_TRUE(verify_polar_webhook(secret, by_text, "{}", now));
  EXPECT_TRUE(verify_polar_webhook(secret, by_bytes, "{}", now));
  EXPECT_EQ(verify_polar_webhook(secret, by_bytes, "{} ", now).error().code(), errc::unauthorized);
  EXPECT_EQ(verify_polar_webhook(secret + "x", by_text, "{}", now).error().code(), errc::unauthorized);
  EXPECT_EQ(verify_polar_webhook(secret, {"id", by_text.timestamp, ""}, "{}", now).error().code(), errc::invalid_input);
}

TEST(PolarWebhook, MayHaveASecretThatIsNoBase64ButNotNone) {
  const std::chrono::system_clock::time_point now{std::chrono::seconds(1'790'000'000)};
  const std::string secret = "polar_whs_typed by hand!";
  EXPECT_TRUE(
      verify_polar_webhook(secret, webhook_secret::from_bytes(secret).value().sign("id", now, "{}"), "{}", now));
  EXPECT_EQ(verify_polar_webhook("", {"id", "1790000000", "v1,x"}, "{}", now).error().code(), errc::invalid_input);
}

}  // namespace
