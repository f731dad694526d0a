/// @file
/// Secrets at rest: AES-256-GCM (NIST SP 800-38D), each bound to the place where it is kept.
#pragma once

#include <texbuild/environment.hpp>
#include <texbuild/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Encrypts and decrypts short secrets, such as tokens of other services. Immutable; thread safe. A sealed text names
/// its key, so that keys can be rotated: the first key seals, all of them open.
class TEXBUILD_API secret_box {
 public:
  /// `keys` are secrets of at least 32 bytes, newest first. `errc::invalid_input` for none or a short one. `random`
  /// gives the nonces (default: `system_entropy()`).
  static result<secret_box> make(std::vector<std::string> keys, std::shared_ptr<entropy> random = nullptr);

  /// Printable text without blanks. `place` names what the secret belongs to, such as a table and a row: it opens there
  /// and nowhere else, so that rows cannot be exchanged.
  [[nodiscard]] std::string seal(std::string_view secret, std::string_view place) const;
  /// The secret. Any flaw (another place, another key, a changed bit) is the same `errc::forbidden`.
  [[nodiscard]] result<std::string> open(std::string_view sealed, std::string_view place) const;
  /// Whether it is sealed with an older key, or one that is not here: open and seal it again.
  [[nodiscard]] bool is_outdated(std::string_view sealed) const;

 private:
  struct key {
    std::string id;      // 8 bytes
    std::string secret;  // 32 bytes
  };
  secret_box(std::vector<key> keys, std::shared_ptr<entropy> random);
  std::vector<key> keys_;
  std::shared_ptr<entropy> random_;
};

}  // namespace v0
}  // namespace texbuild
