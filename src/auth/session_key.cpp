// Public keys as they are published: PEM blocks and JWKS documents (RFC 7517).
#include "src/auth/session_token.hpp"
#include "src/crypto/base64.hpp"
#include "src/data/strict_json.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace {

namespace json = boost::json;

constexpr std::string_view begin_line = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view end_line = "-----END PUBLIC KEY-----";

/// The base64 text between the lines. Environment variables hold PEMs with `\n` written out, with CRLF, or in one line.
std::string body_of(std::string_view lines) {
  std::string body;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] == '\\' && i + 1 < lines.size() && (lines[i + 1] == 'n' || lines[i + 1] == 'r'))
      ++i;
    else if (std::string_view(" \t\r\n").find(lines[i]) == std::string_view::npos)
      body.push_back(lines[i]);
  }
  return body;
}

/// An entry that can check RS256; empty for any other kind.
std::optional<session_key> usable_key(const json::object& entry) {
  const auto is = [&](std::string_view name, std::string_view wanted) {
    const auto* text = data::find_text(entry, name);
    return text != nullptr && data::view(*text) == wanted;
  };
  const auto absent_or = [&](std::string_view name, std::string_view wanted) {
    return !entry.contains(data::view(name)) || is(name, wanted);
  };
  if (!is("kty", "RSA") || !absent_or("use", "sig") || !absent_or("alg", "RS256")) return std::nullopt;
  const auto* n = data::find_text(entry, "n");
  const auto* e = data::find_text(entry, "e");
  if (n == nullptr || e == nullptr) return std::nullopt;
  const auto modulus = crypto::base64url_decode(data::view(*n));
  const auto exponent = crypto::base64url_decode(data::view(*e));
  if (!modulus || !exponent) return std::nullopt;
  auto key = crypto::rsa_public_key::from_components(*modulus, *exponent);
  if (!key) return std::nullopt;
  return session_key(std::make_shared<session_key::impl>(std::move(*key)));
}

}  // namespace

result<session_key> session_key::from_pem(std::string_view pem) {
  const auto begin = pem.find(begin_line);
  const auto end = pem.find(end_line);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin + begin_line.size())
    return error(errc::invalid_input, "the key is not a PEM block that begins with -----BEGIN PUBLIC KEY-----");
  const auto at = begin + begin_line.size();
  const auto der = crypto::base64_decode(body_of(pem.substr(at, end - at)));
  if (!der) return error(errc::invalid_input, "the PEM block of the public key is not base64; was it copied whole?");
  auto key = crypto::rsa_public_key::from_spki(*der);
  if (!key) return std::move(key).error();
  return session_key(std::make_shared<impl>(std::move(*key)));
}

result<session_key_set> session_key_set::from_jwks(std::string_view text) {
  const auto document = data::parse_strict_json(text);
  if (!document) return document.error();
  const auto* root = document->if_object();
  const auto* keys = root == nullptr ? nullptr : root->if_contains("keys");
  const auto* entries = keys == nullptr ? nullptr : keys->if_array();
  if (entries == nullptr) return error(errc::invalid_input, "a key set is an object with an array named keys");
  session_key_set set;
  for (const auto& entry : *entries) {
    const auto* fields = entry.if_object();
    const auto* id = fields == nullptr ? nullptr : data::find_text(*fields, "kid");
    // Nothing can be chosen by an id that is missing, and of two keys with one id the first counts.
    if (id == nullptr || id->empty() || set.find(data::view(*id)) != nullptr) continue;
    if (auto key = usable_key(*fields)) set.keys_.emplace_back(data::view(*id), std::move(*key));
  }
  return set;
}

const session_key* session_key_set::find(std::string_view key_id) const noexcept {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const auto& entry) { return entry.first == key_id; });
  return found == keys_.end() ? nullptr : &found->second;
}

}  // namespace v0
}  // namespace texbuild
