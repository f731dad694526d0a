#include "src/crypto/digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace texbuild {
inline namespace v0 {
namespace crypto {
namespace {

std::string digest(const EVP_MD* kind, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &length, kind, nullptr) != 1)
    throw std::runtime_error("OpenSSL has no such digest");
  return {reinterpret_cast<const char*>(out.data()), length};
}

}  // namespace

struct sha256_stream::context {
  struct release {
    void operator()(EVP_MD_CTX* c) const noexcept { EVP_MD_CTX_free(c); }
  };
  std::unique_ptr<EVP_MD_CTX, release> handle{EVP_MD_CTX_new()};

  void begin() const {
    if (!handle || EVP_DigestInit_ex(handle.get(), EVP_sha256(), nullptr) != 1)
      throw std::runtime_error("OpenSSL has no such digest");
  }
};

sha256_stream::sha256_stream() : context_(std::make_unique<context>()) { context_->begin(); }
sha256_stream::~sha256_stream() = default;

void sha256_stream::add(std::string_view bytes) {
  if (EVP_DigestUpdate(context_->handle.get(), bytes.data(), bytes.size()) != 1)
    throw std::runtime_error("OpenSSL failed to hash");
}

std::string sha256_stream::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int length = 0;
  if (EVP_DigestFinal_ex(context_->handle.get(), out.data(), &length) != 1)
    throw std::runtime_error("OpenSSL failed to hash");
  context_->begin();
  return {reinterpret_cast<const char*>(out.data()), length};
}

std::string sha256(std::string_view bytes) { return digest(EVP_sha256(), bytes); }
std::string sha1(std::string_view bytes) { return digest(EVP_sha1(), bytes); }

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
