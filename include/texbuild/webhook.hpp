/// @file
/// Signatures of webhooks, in and out: Razorpay's, the Standard Webhooks scheme (Svix, Clerk), and what Polar makes of
/// it.
///
/// All checks run over the raw bytes of a body, in a time that does not depend on how much of a signature is right. A
/// refusal never says which check failed. Pure; thread safe.
#pragma once

#include <texbuild/error.hpp>

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {

/// Whether `signature` (header `X-Razorpay-Signature`: 64 lower-case hex digits) is the HMAC-SHA256 of the body under
/// one of the secrets; several, since events from before a change of the secret still carry the old one.
/// `errc::unauthorized`. Source: Razorpay, "Validate and Test Webhooks".
TEXBUILD_API result<void> verify_razorpay_webhook(std::span<const std::string> secrets, std::string_view body,
                                                  std::string_view signature);

/// Whether the checkout's answer to the browser is Razorpay's: HMAC-SHA256 of `payment_id|subscription_id` under the
/// API key's secret. Take the subscription's id from your own records, not from the browser. It proves that the payment
/// is real, not that it was captured. `errc::unauthorized`.
TEXBUILD_API result<void> verify_razorpay_subscription_payment(std::string_view key_secret, std::string_view payment_id,
                                                               std::string_view subscription_id,
                                                               std::string_view signature);
/// The same for an order: HMAC-SHA256 of `order_id|payment_id`.
TEXBUILD_API result<void> verify_razorpay_order_payment(std::string_view key_secret, std::string_view order_id,
                                                        std::string_view payment_id, std::string_view signature);

/// The headers of one message.
struct webhook_headers {
  std::string id;         ///< `webhook-id` or `svix-id`
  std::string timestamp;  ///< `webhook-timestamp` or `svix-timestamp`: Unix seconds
  std::string signature;  ///< `webhook-signature` or `svix-signature`: "v1,<base64>", several separated by blanks

  webhook_headers() = default;
  webhook_headers(std::string i, std::string t, std::string s)
      : id(std::move(i)), timestamp(std::move(t)), signature(std::move(s)) {}
};

/// A secret of the Standard Webhooks scheme: a symmetric key that signs `id.timestamp.body` with HMAC-SHA256.
/// Source: the Standard Webhooks specification, "Signature scheme". Immutable; thread safe.
class TEXBUILD_API webhook_secret {
 public:
  /// How far a message's time may be from ours, either way.
  static constexpr std::chrono::seconds tolerance{300};

  /// `whsec_` and base64, or the base64 alone, padded or not. `errc::invalid_input`.
  static result<webhook_secret> parse(std::string_view text);
  /// From the bytes of the key, at least one.
  static result<webhook_secret> from_bytes(std::string_view key);

  /// `errc::invalid_input` when a header is missing, `errc::unauthorized` for everything else: a time out of tolerance,
  /// an id that no sender uses, no signature that fits.
  [[nodiscard]] result<void> verify(const webhook_headers& headers, std::string_view body,
                                    std::chrono::system_clock::time_point now) const;
  /// The headers to send with a body.
  [[nodiscard]] webhook_headers sign(std::string_view id, std::chrono::system_clock::time_point now,
                                     std::string_view body) const;
  /// As `parse` takes it.
  [[nodiscard]] std::string text() const;

 private:
  explicit webhook_secret(std::string key) : key_(std::move(key)) {}
  [[nodiscard]] std::string signature_of(std::string_view id, std::string_view timestamp, std::string_view body) const;
  std::string key_;
};

/// Polar's webhooks: the Standard Webhooks scheme with one of two keys, both made from the same secret (`whsec_…`,
/// `polar_whs_…`, or any text). Older endpoints sign with the secret's text as it stands, newer ones with the bytes
/// that it holds in base64; nothing in a message says which. Errors as `webhook_secret::verify`, and
/// `errc::invalid_input` for an empty secret. Source: Polar's server and SDK, which take a signature by either key.
TEXBUILD_API result<void> verify_polar_webhook(std::string_view secret, const webhook_headers& headers,
                                               std::string_view body, std::chrono::system_clock::time_point now);

}  // namespace v0
}  // namespace texbuild
