#include "src/crypto/rsa.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <new>

namespace texbuild {
inline namespace v0 {
namespace crypto {
namespace {

constexpr int least_bits = 2048;
constexpr int most_bits = 8192;
constexpr std::size_t most_component_bytes = 2048;
constexpr int most_exponent_bits = 64;

template <auto Free>
struct deleter {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};
using big_number = std::unique_ptr<BIGNUM, deleter<BN_free>>;
using key_context = std::unique_ptr<EVP_PKEY_CTX, deleter<EVP_PKEY_CTX_free>>;
using digest_context = std::unique_ptr<EVP_MD_CTX, deleter<EVP_MD_CTX_free>>;
using param_builder = std::unique_ptr<OSSL_PARAM_BLD, deleter<OSSL_PARAM_BLD_free>>;
using params = std::unique_ptr<OSSL_PARAM, deleter<OSSL_PARAM_free>>;

/// OpenSSL keeps a queue of errors for each thread; what is left there would be taken for a failure of TLS later.
struct clean_errors {
  clean_errors() = default;
  clean_errors(const clean_errors&) = delete;
  clean_errors& operator=(const clean_errors&) = delete;
  ~clean_errors() { ERR_clear_error(); }
};

const unsigned char* bytes_of(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }

big_number number(std::string_view big_endian) {
  big_number n(BN_bin2bn(bytes_of(big_endian), static_cast<int>(big_endian.size()), nullptr));
  if (!n) throw std::bad_alloc();
  return n;
}

std::shared_ptr<EVP_PKEY> shared(EVP_PKEY* key) { return {key, deleter<EVP_PKEY_free>()}; }

}  // namespace

result<rsa_public_key> rsa_public_key::checked(std::shared_ptr<evp_pkey_st> key) {
  if (EVP_PKEY_is_a(key.get(), "RSA") != 1) return error(errc::invalid_input, "the key is not an RSA key");
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < least_bits) return error(errc::invalid_input, "the RSA key has fewer than 2048 bits");
  if (bits > most_bits) return error(errc::invalid_input, "the RSA key has more than 8192 bits");
  BIGNUM* out = nullptr;
  if (EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_E, &out) != 1)
    return error(errc::invalid_input, "the RSA key has no exponent");
  const big_number e(out);
  // 1 would make every message its own signature.
  if (BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1 || BN_num_bits(e.get()) > most_exponent_bits)
    return error(errc::invalid_input, "the exponent of the RSA key is not usable");
  return rsa_public_key(std::move(key));
}

result<rsa_public_key> rsa_public_key::from_components(std::string_view n, std::string_view e) {
  const clean_errors guard;
  if (n.empty() || e.empty() || n.size() > most_component_bytes || e.size() > most_component_bytes)
    return error(errc::invalid_input, "the modulus or the exponent of the RSA key is missing or too long");
  const auto modulus = number(n);
  const auto exponent = number(e);
  const param_builder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    throw std::bad_alloc();
  const params values(OSSL_PARAM_BLD_to_param(builder.get()));
  const key_context context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  if (!values || !context) throw std::bad_alloc();
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, values.get()) != 1)
    return error(errc::invalid_input, "modulus and exponent make no RSA key");
  return checked(shared(key));
}

result<rsa_public_key> rsa_public_key::from_spki(std::string_view der) {
  const clean_errors guard;
  if (der.empty() || der.size() > 2 * most_component_bytes)
    return error(errc::invalid_input, "the public key is missing or too long");
  const auto* at = bytes_of(der);
  EVP_PKEY* const key = d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()));
  if (key == nullptr) return error(errc::invalid_input, "the public key cannot be read");
  auto held = shared(key);
  if (at != bytes_of(der) + der.size()) return error(errc::invalid_input, "there is something after the public key");
  return checked(std::move(held));
}

bool rsa_public_key::verify_pkcs1_sha256(std::string_view message, std::string_view signature) const {
  const clean_errors guard;
  if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()))) return false;
  const digest_context digest(EVP_MD_CTX_new());
  if (!digest) throw std::bad_alloc();
  EVP_PKEY_CTX* settings = nullptr;  // owned by `digest`
  if (EVP_DigestVerifyInit(digest.get(), &settings, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PADDING) != 1)
    return false;
  return EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
}

}  // namespace crypto
}  // namespace v0
}  // namespace texbuild
