// What a signed payload says, and whether it is said to us and now.
#include "src/auth/session_token.hpp"
#include "src/data/strict_json.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <cmath>

namespace texbuild {
inline namespace v0 {
namespace auth {
namespace {

namespace json = boost::json;
using namespace std::chrono;

/// Seconds that a clock counting nanoseconds in 64 bits can hold: until the year 2242.
constexpr double most_seconds = 8'589'934'592.0;
/// Digits of one packed set of permissions; real ones have a few.
constexpr std::size_t most_digits = 512;

error ill_formed(std::string_view claim) {
  return refuse("token-verification-failed",
                "the claim " + std::string(claim) + " of the session token is missing or ill-formed");
}

/// ASCII controls, DEL, and U+0080 to U+009F: in no name or address, and trouble in every log.
bool has_controls(std::string_view s) {
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto c = static_cast<unsigned char>(s[i]);
    if (c < 0x20 || c == 0x7F) return true;
    if (c == 0xC2 && i + 1 < s.size() && static_cast<unsigned char>(s[i + 1]) < 0xA0) return true;
  }
  return false;
}

/// An optional claim that is text. Missing and null are "".
result<std::string> text_claim(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(data::view(name));
  if (value == nullptr || value->is_null()) return std::string();
  const auto* text = value->if_string();
  if (text == nullptr || has_controls(data::view(*text))) return ill_formed(name);
  return std::string(data::view(*text));
}

/// An optional claim that is a time in seconds since 1970; fractions are dropped.
result<std::optional<seconds>> time_claim(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(data::view(name));
  if (value == nullptr) return std::optional<seconds>();
  double number = -1;
  if (value->is_int64()) number = static_cast<double>(value->get_int64());
  if (value->is_uint64()) number = static_cast<double>(value->get_uint64());
  if (value->is_double()) number = value->get_double();
  if (!std::isfinite(number) || number < 0 || number >= most_seconds) return ill_formed(name);
  return std::optional(seconds(static_cast<std::int64_t>(number)));
}

result<void> check_times(const json::object& payload, const session_policy& policy, system_clock::time_point now,
                         session_claims& claims) {
  const auto present = floor<milliseconds>(now.time_since_epoch());
  const auto exp = time_claim(payload, "exp");
  if (!exp) return exp.error();
  if (!*exp) return ill_formed("exp");
  if (**exp <= present - policy.clock_skew)
    return refuse("token-expired", "the session token has expired; get a fresh one and try again");
  const auto nbf = time_claim(payload, "nbf");
  if (!nbf) return nbf.error();
  if (*nbf && **nbf > present + policy.clock_skew)
    return refuse("token-not-active-yet", "the session token is not valid yet; is a clock wrong?");
  const auto iat = time_claim(payload, "iat");
  if (!iat) return iat.error();
  if (*iat && **iat > present + policy.clock_skew)
    return refuse("token-iat-in-the-future", "the session token was issued in the future; is a clock wrong?");
  claims.expires_at = system_clock::time_point(**exp);
  return {};
}

/// A token may name one audience or several.
bool names_audience(const json::value& aud, std::string_view wanted) {
  const auto is_wanted = [&](const json::value& one) {
    return one.is_string() && data::view(one.get_string()) == wanted;
  };
  const auto* several = aud.if_array();
  if (several == nullptr) return is_wanted(aud);
  return std::any_of(several->begin(), several->end(), is_wanted);
}

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> parts;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    auto part = list.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.push_back(part);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

/// The bits of a decimal number of any length, the least first. Empty for anything else.
std::vector<bool> bits_of(std::string_view decimal) {
  std::vector<bool> bits;
  if (decimal.empty() || decimal.size() > most_digits) return bits;
  std::string digits(decimal);
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) return bits;
  while (digits.find_first_not_of('0') != std::string::npos) {
    int carry = 0;
    for (char& c : digits) {  // divide by two; what remains is the next bit
      const int value = carry * 10 + (c - '0');
      c = static_cast<char>('0' + value / 2);
      carry = value % 2;
    }
    bits.push_back(carry == 1);
  }
  return bits;
}

/// Version 2 packs permissions: `fpm` has one number for each of the organisation's features, whose bits choose in
/// `per`.
void unpack_permissions(std::string_view features, std::string_view names, std::string_view packed,
                        std::vector<std::string>& out) {
  const auto permissions = split(names);
  const auto maps = split(packed);
  std::size_t next = 0;
  for (const auto feature : split(features)) {
    const auto colon = feature.find(':');
    const auto scope = feature.substr(0, std::min(colon, feature.size()));
    // A feature may belong to the user and the organisation at once.
    if (colon == std::string_view::npos || (scope != "o" && scope != "ou" && scope != "uo")) continue;
    if (next == maps.size()) return;
    const auto granted = bits_of(maps[next++]);
    for (std::size_t i = 0; i < std::min(granted.size(), permissions.size()); ++i)
      if (granted[i])
        out.push_back("org:" + std::string(feature.substr(colon + 1)) + ":" + std::string(permissions[i]));
  }
}

result<void> read_organization_v1(const json::object& payload, session_claims& claims) {
  auto id = text_claim(payload, "org_id");
  if (!id) return std::move(id).error();
  auto role = text_claim(payload, "org_role");
  if (!role) return std::move(role).error();
  claims.organization_id = std::move(*id);
  claims.organization_role = std::move(*role);
  const auto* permissions = payload.if_contains("org_permissions");
  if (permissions == nullptr || permissions->is_null()) return {};
  const auto* names = permissions->if_array();
  if (names == nullptr) return ill_formed("org_permissions");
  for (const auto& name : *names) {
    if (!name.is_string() || has_controls(data::view(name.get_string()))) return ill_formed("org_permissions");
    claims.organization_permissions.emplace_back(data::view(name.get_string()));
  }
  return {};
}

result<void> read_organization_v2(const json::object& payload, session_claims& claims) {
  const auto* member = payload.if_contains("o");
  if (member == nullptr || member->is_null()) return {};
  const auto* o = member->if_object();
  if (o == nullptr) return ill_formed("o");
  auto id = text_claim(*o, "id");
  if (!id) return std::move(id).error();
  auto role = text_claim(*o, "rol");
  if (!role) return std::move(role).error();
  const auto features = text_claim(payload, "fea");
  if (!features) return features.error();
  const auto names = text_claim(*o, "per");
  if (!names) return names.error();
  const auto packed = text_claim(*o, "fpm");
  if (!packed) return packed.error();
  claims.organization_id = std::move(*id);
  claims.organization_role = std::move(*role);
  unpack_permissions(*features, *names, *packed, claims.organization_permissions);
  return {};
}

result<void> read_organization(const json::object& payload, session_claims& claims) {
  const auto* version = payload.if_contains("v");
  const bool second = version != nullptr && version->is_int64() && version->get_int64() == 2;
  return second ? read_organization_v2(payload, claims) : read_organization_v1(payload, claims);
}

result<void> read_actor(const json::object& payload, session_claims& claims) {
  const auto* member = payload.if_contains("act");
  if (member == nullptr || member->is_null()) return {};
  const auto* act = member->if_object();
  auto sub = act == nullptr ? result<std::string>(std::string()) : text_claim(*act, "sub");
  // An operator without a name would pass for the user himself.
  if (!sub || sub->empty()) return ill_formed("act");
  claims.actor = std::move(*sub);
  return {};
}

}  // namespace

result<session_claims> check_claims(const json::object& payload, const session_policy& policy,
                                    system_clock::time_point now) {
  session_claims claims;
  auto sub = text_claim(payload, "sub");
  if (!sub || sub->empty()) return ill_formed("sub");
  if (sub->starts_with("mch_")) return refuse("token-type-mismatch", "the token is a machine's, not a user's session");
  claims.user_id = std::move(*sub);

  if (const auto* aud = payload.if_contains("aud"); aud != nullptr && !policy.audience.empty())
    if (!names_audience(*aud, policy.audience))
      return refuse("token-verification-failed", "the session token is meant for another audience (aud)");

  auto azp = text_claim(payload, "azp");
  if (!azp) return std::move(azp).error();
  const auto& parties = policy.authorized_parties;
  if (!parties.empty() && (azp->empty() || std::find(parties.begin(), parties.end(), *azp) == parties.end()))
    return refuse("token-invalid-authorized-parties", "the session token was given to another application (azp)");
  claims.authorized_party = std::move(*azp);

  auto iss = text_claim(payload, "iss");
  if (!iss) return std::move(iss).error();
  if (!policy.issuer.empty() && *iss != policy.issuer)
    return refuse("token-invalid-issuer", "the session token comes from another issuer (iss)");
  claims.issuer = std::move(*iss);

  if (const auto good = check_times(payload, policy, now, claims); !good) return good.error();

  auto sid = text_claim(payload, "sid");
  if (!sid) return std::move(sid).error();
  claims.session_id = std::move(*sid);
  // A session with open tasks, such as choosing an organisation, counts as signed out.
  const auto status = text_claim(payload, "sts");
  if (!status) return status.error();
  if (!status->empty() && *status != "active")
    return refuse("token-verification-failed", "the session is not active yet; finish signing in");
  if (const auto good = read_organization(payload, claims); !good) return good.error();
  if (const auto good = read_actor(payload, claims); !good) return good.error();
  return claims;
}

}  // namespace auth
}  // namespace v0
}  // namespace texbuild
