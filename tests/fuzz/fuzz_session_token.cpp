// Whatever a stranger sends as a token: never taken for a good one, and read without harm. What a signature would
// cover, key sets and links are read too.
#include "src/auth/session_token.hpp"
#include "src/data/strict_json.hpp"

#include <texbuild/signed_url.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

constexpr std::chrono::system_clock::time_point now{std::chrono::seconds(1767225600)};

const texbuild::session_key& key() {
  // A key whose other half nobody kept.
  static const auto one = texbuild::session_key::from_pem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApohrlCeeedqIxWfxOBu9\n"
      "mA7xM9w4Fz2yZzFDjPcyTafcpgtnI8lmMYX7M5T56X9gT9GFCOJNFT2V+hVLvS7M\n"
      "H1LsY9win/2+RTlRRv+f/W6C5r0ODyfz89o9Yw1/5vkd30fE9UOapUuIBdbevhDm\n"
      "F3fJEwePpaGo55punsaQf+E9Yf/7rCrSvzZ1p6lnwnRTDFU1nVkPTYEH9vXzKc8l\n"
      "I6elNYeVytJgSZF/xZtXXAoeCrmpYpRLPd1YfuPkOXbhcdItEFHvw29K9soCA2p7\n"
      "VH+biJ3tvZhiR7foSbcGKgpVqKTew7xlOfxd4y2zJ84tiTQyU9rRTIEvR/95BpZi\n"
      "NQIDAQAB\n"
      "-----END PUBLIC KEY-----");
  return one.value();
}

void check_claims(std::string_view payload) {
  const auto value = texbuild::data::parse_strict_json(payload);
  if (!value || !value->is_object()) return;
  texbuild::session_policy policy;
  const auto claims = texbuild::auth::check_claims(value->get_object(), policy, now);
  if (!claims) return;
  if (claims->user_id.empty() || claims->user_id.starts_with("mch_")) std::abort();
  if (claims->expires_at + policy.clock_skew <= now) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (texbuild::verify_session_token(text, key(), {}, now)) std::abort();
  check_claims(text);
  (void)texbuild::session_key_set::from_jwks(text);
  (void)texbuild::session_key::from_pem(text);
  const auto half = size / 2;
  if (const auto token = texbuild::find_session_token(text.substr(0, half), text.substr(half), true))
    if (token->size() > size) std::abort();
  static const auto links = texbuild::url_signer::make({std::string(32, 'k')}).value();
  if (links.verify(text, "bld_1", "pdf", now)) std::abort();
  return 0;
}
