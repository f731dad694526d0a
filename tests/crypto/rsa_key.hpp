// An RSA key pair to sign with in tests.
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace texbuild_test {

class rsa_key {
 public:
  explicit rsa_key(std::size_t bits = 2048) : key_(EVP_RSA_gen(static_cast<unsigned>(bits)), EVP_PKEY_free) {
    if (!key_) throw std::runtime_error("no RSA key");
  }
  /// One for all tests that do not care which: making one takes a while.
  static const rsa_key& common() {
    static const rsa_key key;
    return key;
  }

  std::string n() const { return component(OSSL_PKEY_PARAM_RSA_N); }
  std::string e() const { return component(OSSL_PKEY_PARAM_RSA_E); }
  std::string spki() const {
    unsigned char* der = nullptr;
    const int length = i2d_PUBKEY(key_.get(), &der);
    std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
    OPENSSL_free(der);
    return bytes;
  }
  std::string sign(std::string_view message, const EVP_MD* digest = EVP_sha256(),
                   int padding = RSA_PKCS1_PADDING) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_PKEY_CTX* settings = nullptr;
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
    auto length = signature.size();
    if (EVP_DigestSignInit(context.get(), &settings, digest, nullptr, key_.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(settings, padding) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1)
      throw std::runtime_error("cannot sign");
    signature.resize(length);
    return signature;
  }

 private:
  std::string component(const char* name) const {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key_.get(), name, &number) != 1) throw std::runtime_error(name);
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
    BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(number);
    return bytes;
  }
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace texbuild_test
