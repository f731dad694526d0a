#include "src/crypto/base64.hpp"
#include "src/crypto/hmac.hpp"

#include <texbuild/webhook.hpp>

#include <algorithm>
#include <charconv>

namespace texbuild {
inline namespace v0 {
namespace {

using std::chrono::seconds;

error does_not_fit() { return error(errc::unauthorized, "the signature does not fit"); }

result<void> verify_hex(std::string_view key, std::string_view message, std::string_view signature) {
  if (key.empty() || !crypto::equal_in_constant_time(crypto::hex(crypto::hmac_sha256(key, message)), signature))
    return does_not_fit();
  return {};
}

std::string joined(std::string_view a, char between, std::string_view b) {
  std::string out(a);
  out += between;
  out += b;
  return out;
}

/// An id that would make `id.timestamp.body` mean two things is refused.
bool is_message_id(std::string_view id) {
  return id.size() <= 256 && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
         });
}

/// Clears the bits of the last character that belong to no byte: not every sender does, and our decoder wants it.
std::string without_spare_bits(std::string base64) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto last = base64.find_last_not_of('=');
  if (last == std::string::npos) return base64;
  const auto value = digits.find(base64[last]);
  if (value == std::string_view::npos) return base64;
  const int spare = last % 4 == 1 ? 4 : last % 4 == 2 ? 2 : 0;
  base64[last] = digits[value >> spare << spare];
  return base64;
}

}  // namespace

result<void> verify_razorpay_webhook(std::span<const std::string> secrets, std::string_view body,
                                     std::string_view signature) {
  bool fits = false;
  for (const auto& secret : secrets) fits = static_cast<bool>(verify_hex(secret, body, signature)) || fits;
  if (!fits) return does_not_fit();
  return {};
}

result<void> verify_razorpay_subscription_payment(std::string_view key_secret, std::string_view payment_id,
                                                  std::string_view subscription_id, std::string_view signature) {
  if (payment_id.empty() || subscription_id.empty()) return does_not_fit();
  return verify_hex(key_secret, joined(payment_id, '|', subscription_id), signature);
}

result<void> verify_razorpay_order_payment(std::string_view key_secret, std::string_view order_id,
                                           std::string_view payment_id, std::string_view signature) {
  if (payment_id.empty() || order_id.empty()) return does_not_fit();
  return verify_hex(key_secret, joined(order_id, '|', payment_id), signature);
}

result<webhook_secret> webhook_secret::parse(std::string_view text) {
  if (text.starts_with("whsec_")) text.remove_prefix(6);
  auto padded = without_spare_bits(std::string(text));
  while (padded.size() % 4 != 0) padded += '=';
  auto key = crypto::base64_decode(padded);
  if (!key || key->empty())
    return error(errc::invalid_input, "a webhook secret is 'whsec_' and the key in base64, and not empty");
  return webhook_secret(std::move(*key));
}

result<webhook_secret> webhook_secret::from_bytes(std::string_view key) {
  if (key.empty()) return error(errc::invalid_input, "the key is empty");
  return webhook_secret(std::string(key));
}

std::string webhook_secret::text() const { return "whsec_" + crypto::base64_encode(key_); }

std::string webhook_secret::signature_of(std::string_view id, std::string_view timestamp, std::string_view body) const {
  return "v1," + crypto::base64_encode(crypto::hmac_sha256(key_, joined(joined(id, '.', timestamp), '.', body)));
}

result<void> webhook_secret::verify(const webhook_headers& headers, std::string_view body,
                                    std::chrono::system_clock::time_point now) const {
  const auto& [id, timestamp, signature] = headers;
  if (id.empty() || timestamp.empty() || signature.empty())
    return error(errc::invalid_input, "a header of the signature is missing: id, timestamp and signature are needed");
  std::int64_t sent = 0;
  const auto* end = timestamp.data() + timestamp.size();
  const bool digits = std::all_of(timestamp.begin(), timestamp.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || timestamp.size() > 12 || std::from_chars(timestamp.data(), end, sent).ptr != end)
    return does_not_fit();
  const auto ours = std::chrono::floor<seconds>(now.time_since_epoch()).count();
  if (ours - sent > tolerance.count() || sent - ours > tolerance.count() || !is_message_id(id)) return does_not_fit();
  const auto expected = signature_of(id, timestamp, body);
  bool fits = false;
  for (std::string_view rest = signature; !rest.empty();) {
    const auto blank = std::min(rest.find(' '), rest.size());
    fits = crypto::equal_in_constant_time(expected, rest.substr(0, blank)) || fits;
    rest.remove_prefix(std::min(blank + 1, rest.size()));
  }
  if (!fits) return does_not_fit();
  return {};
}

result<void> verify_polar_webhook(std::string_view secret, const webhook_headers& headers, std::string_view body,
                                  std::chrono::system_clock::time_point now) {
  const auto by_text = webhook_secret::from_bytes(secret);
  if (!by_text) return by_text.error();
  const auto by_bytes = webhook_secret::parse(secret);
  if (!by_bytes) return by_text->verify(headers, body, now);
  // Both, always: the time does not tell which key is in use.
  const bool fits = by_text->verify(headers, body, now).has_value();
  auto otherwise = by_bytes->verify(headers, body, now);
  if (fits) return {};
  return otherwise;
}

webhook_headers webhook_secret::sign(std::string_view id, std::chrono::system_clock::time_point now,
                                     std::string_view body) const {
  auto timestamp = std::to_string(std::chrono::floor<seconds>(now.time_since_epoch()).count());
  auto signature = signature_of(id, timestamp, body);
  return {std::string(id), std::move(timestamp), std::move(signature)};
}

}  // namespace v0
}  // namespace texbuild
