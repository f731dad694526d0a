// Inngest's signing keys: who may call, and what we put under an answer. Pure.
#pragma once

#include <texbuild/error.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace functions {

/// "signkey-<environment>-<hex>" or hex. Signatures use the text after the prefix, our own requests a hash of the bytes
/// that it stands for.
class inngest_key {
 public:
  static result<inngest_key> parse(std::string text);
  /// The value of a signature header, `t` first.
  [[nodiscard]] std::string sign(std::string_view body, std::chrono::system_clock::time_point now) const;
  /// Whether `mac` is the signature's hexadecimal text for this text and time.
  [[nodiscard]] bool fits(std::string_view body, std::string_view seconds, std::string_view mac) const;
  /// What goes after "Bearer ".
  [[nodiscard]] const std::string& bearer() const noexcept { return bearer_; }
  /// The first digits of the hash, which Inngest's pages show.
  [[nodiscard]] std::string fingerprint() const;

 private:
  inngest_key() = default;
  [[nodiscard]] std::string mac(std::string_view body, std::string_view seconds) const;
  std::string text_;
  std::string hash_;
  std::string bearer_;
};

struct inngest_keys {
  std::optional<inngest_key> primary;
  std::optional<inngest_key> fallback;
};

/// The key that signed the request; null if none did. `header` is "t=<seconds>&s=<hex>", in any order; 300 seconds
/// either way are allowed. The signature covers the canonical form of a JSON body; a
/// body of more than 256 KiB has to come in it.
const inngest_key* signer(const inngest_keys& keys, std::string_view header, std::string_view body,
                          std::chrono::system_clock::time_point now);

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
