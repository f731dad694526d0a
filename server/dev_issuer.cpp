#include "server/dev_issuer.hpp"

#include "server/private_file.hpp"

#include <boost/json.hpp>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <vector>

namespace texbuild::server {
namespace {

template <auto Free>
struct freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed<EVP_PKEY_free>>;
using bio_ptr = std::unique_ptr<BIO, freed<BIO_free_all>>;
using digest_ptr = std::unique_ptr<EVP_MD_CTX, freed<EVP_MD_CTX_free>>;

error no_key(std::string_view what) {
  return error(errc::internal, "the development key cannot be used", std::string(what));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto length = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(length)};
}

key_ptr read_key(const std::string& pem) {
  const bio_ptr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return key_ptr(in ? PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr) : nullptr);
}

std::string base64url(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const auto length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  while (out.ends_with('=')) out.pop_back();
  for (auto& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

}  // namespace

result<dev_issuer> dev_issuer::open(const std::filesystem::path& key_file) {
  auto pem = read_or_make(key_file, []() -> result<std::string> {
    const key_ptr made(EVP_RSA_gen(2048));
    const bio_ptr out(BIO_new(BIO_s_mem()));
    if (!made || !out || PEM_write_bio_PrivateKey(out.get(), made.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
      return no_key("generate");
    return text_of(out.get());
  });
  if (!pem) return pem.error();
  const auto key = read_key(*pem);
  const bio_ptr out(BIO_new(BIO_s_mem()));
  if (!key || !out || PEM_write_bio_PUBKEY(out.get(), key.get()) != 1)
    return error(errc::internal,
                 "the development key in the data folder is damaged: remove " + key_file.filename().string());
  return dev_issuer(std::move(*pem), text_of(out.get()));
}

result<std::string> dev_issuer::token(std::string_view user, std::chrono::system_clock::time_point now,
                                      std::chrono::seconds lifetime) const {
  const auto at = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  boost::json::object claims;
  claims["iss"] = issuer;
  claims["sub"] = user;
  claims["sid"] = "sess_dev";
  claims["iat"] = at;
  claims["nbf"] = at - 10;
  claims["exp"] = at + lifetime.count();
  const auto text =
      base64url(R"({"alg":"RS256","kid":"ins_dev","typ":"JWT"})") + "." + base64url(boost::json::serialize(claims));
  const auto key = read_key(private_pem_);
  const digest_ptr context(EVP_MD_CTX_new());
  std::size_t length = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (!key || !context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, bytes, text.size()) != 1)
    return no_key("sign");
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, bytes, text.size()) !=
      1)
    return no_key("sign");
  signature.resize(length);
  return text + "." + base64url(signature);
}

}  // namespace texbuild::server
