#include "src/crypto/aes_gcm.hpp"

#include <openssl/evp.h>

#include <limits>
#include <memory>
#include <stdexcept>

namespace texbuild {
inline namespace v0 {
namespace crypto {
namespace {

struct free_context {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using context_ptr = std::unique_ptr<EVP_CIPHER_CTX, free_context>;

const unsigned char* bytes(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* bytes(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

int length(std::string_view s) {
  if (s.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) throw std::length_error("too long to seal");
  return static_cast<int>(s.size());
}

void check(int done) {
  if (done != 1) throw std::runtime_error("OpenSSL's AES-256-GCM fails");
}

/// A context with key and nonce set and `bound` taken in.
context_ptr begin(std::string_view key, std::string_view nonce, std::string_view bound, int encrypt) {
  if (key.size() != gcm_key_bytes || nonce.size() != gcm_nonce_bytes) throw std::length_error("key or nonce");
  context_ptr context(EVP_CIPHER_CTX_new());
  if (!context) throw std::runtime_error("OpenSSL has no memory");
  check(EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce), encrypt));
  int taken = 0;
  if (!bound.empty()) check(EVP_CipherUpdate(context.get(), nullptr, &taken, bytes(bound), length(bound)));
  return context;
}

}  // namespace

std::string aes_gcm_seal(std::string_view key, std::string_view nonce, std::string_view plain, std::string_view bound) {
  const auto context = begin(key, nonce, bound, 1);
  std::string out(plain.size() + gcm_tag_bytes, '\0');
  int written = 0;
  if (!plain.empty()) check(EVP_CipherUpdate(context.get(), bytes(out), &written, bytes(plain), length(plain)));
  check(EVP_CipherFinal_ex(context.get(), bytes(out) + written, &written));
  check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, gcm_tag_bytes, bytes(out) + plain.size()));
  return out;
}

std::optional<std::string> aes_gcm_open(std::string_view key, std::string_view nonce, std::string_view sealed,
                                        std::string_view bound) {
  if (sealed.size() < gcm_tag_bytes) return std::nullopt;
  const auto body = sealed.substr(0, sealed.size() - gcm_tag_bytes);
  std::string tag(sealed.substr(body.size()));
  const auto context = begin(key, nonce, bound, 0);
  std::string out(body.size(), '\0');
  int written = 0;
  if (!body.empty()) check(EVP_CipherUpdate(context.get(), bytes(out), &written, bytes(body), length(body)));
  check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, gcm_tag_bytes, bytes(tag)));
  unsigned char nothing[16];
  if (EVP_CipherFinal_ex(context.get(), nothing, &written) != 1) return std::nullopt;
  return out;
}

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
