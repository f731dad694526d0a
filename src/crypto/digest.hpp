// SHA-256, and SHA-1 where a protocol names things by it (never for security).
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace crypto {

/// 32 bytes.
std::string sha256(std::string_view bytes);
/// 20 bytes.
std::string sha1(std::string_view bytes);

/// SHA-256 of bytes that come in parts. Belongs to one thread.
class sha256_stream {
 public:
  sha256_stream();
  sha256_stream(const sha256_stream&) = delete;
  sha256_stream& operator=(const sha256_stream&) = delete;
  ~sha256_stream();
  void add(std::string_view bytes);
  /// 32 bytes; begins anew.
  std::string finish();

 private:
  struct context;
  std::unique_ptr<context> context_;
};

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
