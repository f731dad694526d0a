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

std::string sha256(std::string_view bytes) { return digest(EVP_sha256(), bytes); }
std::string sha1(std::string_view bytes) { return digest(EVP_sha1(), bytes); }

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
