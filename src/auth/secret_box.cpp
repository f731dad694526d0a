// A sealed text: base64url of a version byte, the key's id, the nonce, the ciphertext with its tag.
#include "src/crypto/aes_gcm.hpp"
#include "src/crypto/base64.hpp"
#include "src/crypto/hmac.hpp"

#include <texbuild/secret_box.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace texbuild {
inline namespace v0 {
namespace {

constexpr char version = 1;
constexpr std::size_t id_bytes = 8;
constexpr std::size_t head_bytes = 1 + id_bytes + crypto::gcm_nonce_bytes;

error cannot_open() { return error(errc::forbidden, "the secret cannot be opened"); }

/// The bytes of a sealed text, if it has the shape of one.
std::optional<std::string> unpack(std::string_view sealed) {
  auto bytes = crypto::base64url_decode(sealed);
  if (!bytes || bytes->size() < head_bytes + crypto::gcm_tag_bytes || bytes->front() != version) return std::nullopt;
  return bytes;
}

}  // namespace

secret_box::secret_box(std::vector<key> keys, std::shared_ptr<entropy> random)
    : keys_(std::move(keys)), random_(std::move(random)) {}

result<secret_box> secret_box::make(std::vector<std::string> keys, std::shared_ptr<entropy> random) {
  if (keys.empty()) return error(errc::invalid_input, "there is no key to keep secrets with");
  std::vector<key> all;
  for (const auto& text : keys) {
    if (text.size() < crypto::gcm_key_bytes)
      return error(errc::invalid_input, "a key must have at least 32 bytes; 'openssl rand -hex 32' makes one");
    // Keys of their own for each purpose: the text may be a password's or another's, and its id tells nothing of it.
    all.push_back({crypto::hmac_sha256(text, "texbuild secret box id").substr(0, id_bytes),
                   crypto::hmac_sha256(text, "texbuild secret box key")});
  }
  return secret_box(std::move(all), random ? std::move(random) : system_entropy());
}

std::string secret_box::seal(std::string_view secret, std::string_view place) const {
  const auto& with = keys_.front();
  std::array<char, crypto::gcm_nonce_bytes> nonce{};
  random_->fill(std::as_writable_bytes(std::span(nonce)));
  std::string out(1, version);
  out += with.id;
  out.append(nonce.data(), nonce.size());
  out += crypto::aes_gcm_seal(with.secret, {nonce.data(), nonce.size()}, secret, place);
  return crypto::base64url_encode(out);
}

result<std::string> secret_box::open(std::string_view sealed, std::string_view place) const {
  const auto bytes = unpack(sealed);
  if (!bytes) return cannot_open();
  const std::string_view all = *bytes;
  for (const auto& k : keys_) {
    if (k.id != all.substr(1, id_bytes)) continue;
    auto opened = crypto::aes_gcm_open(k.secret, all.substr(1 + id_bytes, crypto::gcm_nonce_bytes),
                                       all.substr(head_bytes), place);
    if (opened) return std::move(*opened);
  }
  return cannot_open();
}

bool secret_box::is_outdated(std::string_view sealed) const {
  const auto bytes = unpack(sealed);
  return !bytes || std::string_view(*bytes).substr(1, id_bytes) != keys_.front().id;
}

}  // namespace v0
}  // namespace texbuild
