// The cache of published keys. One fetch at a time; whoever needs its outcome waits for it, everyone else goes on.
#include "src/auth/session_token.hpp"
#include "src/data/strict_json.hpp"

#include <texbuild/environment.hpp>
#include <texbuild/http.hpp>

#include <condition_variable>
#include <mutex>

namespace texbuild {
inline namespace v0 {
namespace {

using namespace std::chrono;
using steady = std::chrono::steady_clock::time_point;

constexpr auto fetch_timeout = std::chrono::seconds(5);
/// Between attempts while there is no key set at all: nobody can sign in, so try again soon.
constexpr auto first_keys_pause = std::chrono::seconds(2);

error no_keys(std::string cause) {
  return error(errc::unavailable, "session tokens cannot be checked: their keys could not be fetched", std::move(cause))
      .with_retry_after(first_keys_pause);
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

/// Whoever can change the keys on their way here can be any user, so they travel encrypted or not at all.
result<void> check_address(std::string_view url) {
  if (url.starts_with("https://")) return {};
  if (!url.starts_with("http://"))
    return error(errc::invalid_input, "the address of the key set does not begin with https://");
  auto host = url.substr(7);
  host = host.substr(0, host.find_first_of("/?#"));
  if (!host.starts_with('[') || host.find(']') == std::string_view::npos)
    host = host.substr(0, host.find(':'));
  else
    host = host.substr(0, host.find(']') + 1);
  if (is_loopback(host) && url.find('@') == std::string_view::npos) return {};
  return error(errc::invalid_input, "the address of the key set must begin with https:// unless it is on this machine");
}

}  // namespace

struct session_verifier::impl {
  impl(options with, std::optional<session_key> from_pem, std::shared_ptr<http_client> client,
       std::shared_ptr<clock> clock)
      : given(std::move(with)), pem(std::move(from_pem)), http(std::move(client)), time(std::move(clock)) {}

  /// Any key that the token may be checked with, or why there is none; empty: the set must be fetched first.
  std::optional<result<session_key>> choose(std::string_view key_id);
  /// From what is known now. There is a set, or a failure to get one.
  result<session_key> decide(std::string_view key_id) const;
  /// Fetches the set; false if a fetch was under way already, whose end this has waited for. `lock` is held before and
  /// after.
  bool fetch(std::unique_lock<std::mutex>& lock);
  result<session_key_set> request() const;
  bool fresh(steady now) const { return !keys.empty() && now - fetched_at < given.keys_fresh_for; }

  const options given;
  const std::optional<session_key> pem;
  const std::shared_ptr<http_client> http;
  const std::shared_ptr<clock> time;

  std::mutex mutex;  // guards what follows
  std::condition_variable fetch_ended;
  bool fetching = false;
  session_key_set keys;  // the last good one
  steady fetched_at;
  std::optional<error> failure;  // of the last fetch
  steady failed_at;
  std::optional<steady> unknown_at;  // when an unknown key id last caused a fetch
};

std::optional<result<session_key>> session_verifier::impl::choose(std::string_view key_id) {
  const auto now = time->steady_now();
  const auto pause = keys.empty() ? std::min(first_keys_pause, given.unknown_key_pause) : given.unknown_key_pause;
  const bool resting = failure && now - failed_at < pause;
  // While one caller fetches the set anew, the others go on with the key that they know.
  const bool known_meanwhile = fetching && keys.find(key_id) != nullptr;
  if (!fresh(now) && !resting && !known_meanwhile) return std::nullopt;
  if (!keys.empty() && keys.find(key_id) == nullptr) {
    // Strangers can make up ids. The pause keeps them from making this machine hammer the address.
    const bool may_ask = !key_id.empty() && !resting && !(unknown_at && now - *unknown_at < given.unknown_key_pause);
    if (may_ask) return std::nullopt;
  }
  return decide(key_id);
}

result<session_key> session_verifier::impl::decide(std::string_view key_id) const {
  if (keys.empty()) return *failure;
  if (const auto* key = keys.find(key_id)) return *key;
  return auth::refuse("jwk-kid-mismatch", "the session token is signed with an unknown key");
}

bool session_verifier::impl::fetch(std::unique_lock<std::mutex>& lock) {
  if (fetching) {
    fetch_ended.wait(lock, [this] { return !fetching; });
    return false;
  }
  fetching = true;
  if (fresh(time->steady_now())) unknown_at = time->steady_now();
  lock.unlock();
  auto got = [this]() -> result<session_key_set> {
    try {
      return request();
    } catch (const std::exception& e) {
      return no_keys(e.what());
    }
  }();
  lock.lock();
  fetching = false;
  if (got) {
    keys = std::move(*got);
    fetched_at = time->steady_now();
    failure.reset();
  } else {
    failure = std::move(got).error();
    failed_at = time->steady_now();
  }
  fetch_ended.notify_all();
  return true;
}

result<session_key_set> session_verifier::impl::request() const {
  http_request ask("GET", given.jwks_url);
  ask.timeout = fetch_timeout;
  ask.headers.emplace_back("Accept", "application/json");
  if (!given.bearer.empty()) ask.headers.emplace_back("Authorization", "Bearer " + given.bearer);
  const auto answer = http->send(std::move(ask));
  if (!answer) return no_keys("jwk-remote-failed-to-load: " + answer.error().detail() + " " + answer.error().cause());
  if (answer->status == 401 && !given.bearer.empty())
    return no_keys("secret-key-invalid: the address of the key set refused the secret key");
  if (answer->status != 200) return no_keys("jwk-remote-failed-to-load: HTTP status " + std::to_string(answer->status));
  auto set = session_key_set::from_jwks(answer->body);
  if (!set) return no_keys("jwk-remote-failed-to-load: " + set.error().detail());
  if (set->empty()) return no_keys("jwk-remote-failed-to-load: no usable key in the set");
  return set;
}

result<session_verifier> session_verifier::make(options with, std::shared_ptr<http_client> http,
                                                std::shared_ptr<clock> time) {
  if (!time) time = system_clock();
  std::optional<session_key> pem;
  if (!with.pem.empty()) {
    auto key = session_key::from_pem(with.pem);
    if (!key) return std::move(key).error();
    pem = std::move(*key);
  } else if (with.jwks_url.empty()) {
    return error(errc::invalid_input, "neither a public key nor the address of a key set to check session tokens with");
  } else if (auto good = check_address(with.jwks_url); !good) {
    return std::move(good).error();
  } else if (!http) {
    return error(errc::invalid_input, "an address of a key set, but no HTTP client to fetch it with");
  }
  return session_verifier(std::make_shared<impl>(std::move(with), std::move(pem), std::move(http), std::move(time)));
}

result<session_claims> session_verifier::verify(std::string_view token) {
  auto& self = *impl_;
  const auto parts = auth::take_apart(token, self.given.policy);
  if (!parts) return parts.error();
  if (self.pem) return auth::verify_parts(*parts, *self.pem, self.given.policy, self.time->now());
  auto key = [&]() -> result<session_key> {
    std::unique_lock lock(self.mutex);
    for (;;) {
      if (auto chosen = self.choose(parts->key_id())) return std::move(*chosen);
      if (self.fetch(lock)) return self.decide(parts->key_id());
    }
  }();
  if (!key) return std::move(key).error();
  return auth::verify_parts(*parts, *key, self.given.policy, self.time->now());
}

std::optional<result<session_claims>> session_verifier::try_verify(std::string_view token) {
  auto& self = *impl_;
  const auto parts = auth::take_apart(token, self.given.policy);
  if (!parts) return parts.error();
  if (self.pem) return auth::verify_parts(*parts, *self.pem, self.given.policy, self.time->now());
  auto key = [&] {
    const std::scoped_lock lock(self.mutex);
    return self.choose(parts->key_id());
  }();
  if (!key) return std::nullopt;
  if (!*key) return std::move(*key).error();
  return auth::verify_parts(*parts, **key, self.given.policy, self.time->now());
}

}  // namespace v0
}  // namespace texbuild
