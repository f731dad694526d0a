/// @file
/// Links that work without an account for a short while: HMAC-SHA256 over what they grant.
#pragma once

#include <texbuild/error.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// What a link grants.
struct url_grant {
  std::string build_id;
  std::string resource;  ///< "pdf", "synctex", "log"
  std::string owner;
  std::chrono::system_clock::time_point expires_at;  ///< whole seconds count
};

/// Makes and checks link tokens. Immutable; thread safe. A token names its key, so that keys can be rotated: the first
/// key signs, all of them verify.
class TEXBUILD_API url_signer {
 public:
  /// `keys` are secrets of at least 32 bytes, newest first. `errc::invalid_input` for none or a short one.
  static result<url_signer> make(std::vector<std::string> keys);

  /// A URL-safe token without padding.
  [[nodiscard]] std::string sign(const url_grant& grant) const;
  /// The grant, if the token is ours, whole, not expired at `now`, and for that build and resource. Any flaw is the
  /// same `errc::forbidden` with no hint which; the comparison takes constant time.
  [[nodiscard]] result<url_grant> verify(std::string_view token, std::string_view build_id, std::string_view resource,
                                         std::chrono::system_clock::time_point now) const;

 private:
  struct key {
    std::string id;
    std::string secret;
  };
  explicit url_signer(std::vector<key> keys);
  std::vector<key> keys_;
};

}  // namespace v0
}  // namespace texbuild
