#include "src/functions/inngest_keys.hpp"

#include "src/crypto/digest.hpp"
#include "src/crypto/hmac.hpp"
#include "src/data/canonical_json.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace texbuild {
inline namespace v0 {
namespace functions {
namespace {

constexpr std::size_t longest_rewritten = 256u * 1024;

/// The length of "signkey-<word>-" at the front, 0 if it is not there.
std::size_t prefix_length(std::string_view text) {
  constexpr std::string_view start = "signkey-";
  if (!text.starts_with(start)) return 0;
  const auto dash = text.find('-', start.size());
  if (dash == std::string_view::npos || dash == start.size()) return 0;
  const auto word = text.substr(start.size(), dash - start.size());
  const bool plain = std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain ? dash + 1 : 0;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned byte = 0;
    const auto* end = text.data() + i + 2;
    if (const auto read = std::from_chars(text.data() + i, end, byte, 16); read.ec != std::errc() || read.ptr != end)
      return std::nullopt;
    out += static_cast<char>(static_cast<unsigned char>(byte));
  }
  return out;
}

/// The first value of that name in a query string.
std::string_view field(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

}  // namespace

result<inngest_key> inngest_key::parse(std::string text) {
  const auto prefix = prefix_length(text);
  const auto bytes = from_hex(std::string_view(text).substr(prefix));
  if (!bytes) return error(errc::invalid_input, "is no signing key: signkey-<environment>-<hexadecimal digits>");
  inngest_key key;
  key.hash_ = crypto::hex(crypto::sha256(*bytes));
  key.bearer_ = text.substr(0, prefix) + key.hash_;
  key.text_ = text.substr(prefix);
  return key;
}

std::string inngest_key::mac(std::string_view body, std::string_view seconds) const {
  return crypto::hex(crypto::hmac_sha256(text_, std::string(body).append(seconds)));
}

std::string inngest_key::sign(std::string_view body, std::chrono::system_clock::time_point now) const {
  const auto t = std::to_string(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
  return "t=" + t + "&s=" + mac(body, t);
}

bool inngest_key::fits(std::string_view body, std::string_view seconds, std::string_view mac_text) const {
  return crypto::equal_in_constant_time(mac(body, seconds), mac_text);
}

std::string inngest_key::fingerprint() const { return hash_.substr(0, 12); }

const inngest_key* signer(const inngest_keys& keys, std::string_view header, std::string_view body,
                          std::chrono::system_clock::time_point now) {
  const auto t = field(header, "t");
  const auto s = field(header, "s");
  std::int64_t seconds = 0;
  const auto read = std::from_chars(t.data(), t.data() + t.size(), seconds);
  if (t.size() > 12 || read.ec != std::errc() || read.ptr != t.data() + t.size() || s.size() != 64) return nullptr;
  const auto present = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  if (std::abs(present - seconds) > 300) return nullptr;
  const auto fitting = [&](std::string_view text) -> const inngest_key* {
    for (const auto* key : {&keys.primary, &keys.fallback})
      if (*key && (*key)->fits(text, t, s)) return &**key;
    return nullptr;
  };
  // Inngest sends canonical bytes; so whoever has no key costs a hash of what was sent, and little more.
  const auto* key = fitting(body);
  if (body.empty() || (key == nullptr && body.size() > longest_rewritten)) return key;
  const auto canonical = data::canonical_json(body);
  if (!canonical) return nullptr;
  if (*canonical == body) return key;
  return fitting(*canonical);
}

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
