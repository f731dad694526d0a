// A link's token: base64url over
//   version (1 byte) | key id (6) | expiry (8, seconds since 1970, big-endian) | HMAC-SHA256 (32) | owner (the rest)
// The HMAC covers a label, the expiry, and build, resource and owner, each behind its length, so that no two grants
// have the same bytes. Build and resource are not in the token: they come from the address that it is used at.
#include "src/crypto/base64.hpp"
#include "src/crypto/hmac.hpp"

#include <texbuild/signed_url.hpp>

#include <cstdint>

namespace texbuild {
inline namespace v0 {
namespace {

using namespace std::chrono;

constexpr std::size_t least_secret = 32;
constexpr std::size_t most_token = 32 * 1024;
constexpr char token_version = 1;
constexpr std::size_t key_id_bytes = 6;
constexpr std::size_t expiry_at = 1 + key_id_bytes;
constexpr std::size_t mac_at = expiry_at + 8;
constexpr std::size_t owner_at = mac_at + 32;

std::string big_endian(std::uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>((number >> shift) & 0xFFU));
  return bytes;
}

std::int64_t from_big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = (number << 8) | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(number);
}

std::string mac(std::string_view secret, std::string_view build_id, std::string_view resource, std::string_view owner,
                std::string_view expiry) {
  std::string message("texbuild link 1");
  message += expiry;
  for (const auto field : {build_id, resource, owner}) {
    message += big_endian(field.size());
    message += field;
  }
  return crypto::hmac_sha256(secret, message);
}

error not_valid() { return error(errc::forbidden, "the link is not valid or has expired; ask for a new one"); }

}  // namespace

result<url_signer> url_signer::make(std::vector<std::string> keys) {
  if (keys.empty()) return error(errc::invalid_input, "no key to sign links with");
  std::vector<key> all;
  for (auto& secret : keys) {
    if (secret.size() < least_secret)
      return error(errc::invalid_input,
                   "a key to sign links with needs at least 32 bytes; openssl rand -hex 32 makes one");
    auto id = crypto::hmac_sha256(secret, "texbuild link key id").substr(0, key_id_bytes);
    all.push_back(key{std::move(id), std::move(secret)});
  }
  return url_signer(std::move(all));
}

url_signer::url_signer(std::vector<key> keys) : keys_(std::move(keys)) {}

std::string url_signer::sign(const url_grant& grant) const {
  const auto expiry = floor<seconds>(grant.expires_at).time_since_epoch().count();
  const auto expires = big_endian(static_cast<std::uint64_t>(expiry));
  const auto& with = keys_.front();
  return crypto::base64url_encode(token_version + with.id + expires +
                                  mac(with.secret, grant.build_id, grant.resource, grant.owner, expires) + grant.owner);
}

result<url_grant> url_signer::verify(std::string_view token, std::string_view build_id, std::string_view resource,
                                     system_clock::time_point now) const {
  if (token.size() > most_token) return not_valid();
  const auto decoded = crypto::base64url_decode(token);
  if (!decoded || decoded->size() < owner_at || decoded->front() != token_version) return not_valid();
  const std::string_view bytes(*decoded);
  const auto expires = bytes.substr(expiry_at, mac_at - expiry_at);
  const auto owner = bytes.substr(owner_at);
  for (const auto& k : keys_) {
    if (bytes.substr(1, key_id_bytes) != k.id) continue;  // an id is no secret
    if (!crypto::equal_in_constant_time(bytes.substr(mac_at, owner_at - mac_at),
                                        mac(k.secret, build_id, resource, owner, expires)))
      continue;
    const std::chrono::system_clock::time_point expires_at{seconds(from_big_endian(expires))};
    if (now >= expires_at) return not_valid();
    return url_grant{std::string(build_id), std::string(resource), std::string(owner), expires_at};
  }
  return not_valid();
}

}  // namespace v0
}  // namespace texbuild
