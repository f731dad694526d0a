// Webhooks out: the outbox and the HTTP client brought together.
#include "src/policy/retry.hpp"
#include "src/store/outbox.hpp"

#include <texbuild/http.hpp>
#include <texbuild/notifier.hpp>
#include <texbuild/text.hpp>
#include <texbuild/webhook.hpp>

#include <array>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace {

using std::chrono::seconds;

constexpr seconds lease_leeway{15};                   // for the database, beyond the attempt itself
constexpr std::chrono::milliseconds look_again{500};  // for what falls due while others are slow

std::string new_id(entropy& random) {
  std::array<std::byte, 15> bytes{};
  random.fill(bytes);
  std::string out = "ep_";
  for (const auto b : bytes) out += "0123456789abcdefghjkmnpqrstvwxyz"[std::to_integer<unsigned>(b) & 31];
  return out;
}

result<std::string> new_secret(entropy& random) {
  std::array<std::byte, 32> bytes{};
  random.fill(bytes);
  const auto secret = webhook_secret::from_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!secret) return secret.error();
  return secret->text();
}

/// What the answers to one call of `deliver` go through; outlives the call if that was stopped.
struct answers {
  std::mutex mutex;
  std::condition_variable_any come;
  std::vector<std::pair<store::outgoing_message, result<http_response>>> all;
};

}  // namespace

struct notifier::impl {
  impl(notifier_options o, environment p) : options(o), parts(std::move(p)), rows(parts.db) {}

  notifier_options options;
  environment parts;
  store::outbox rows;

  [[nodiscard]] std::chrono::system_clock::time_point now() const { return parts.time->now(); }
  result<void> send(store::outgoing_message what, const std::shared_ptr<answers>& to) const;
  [[nodiscard]] store::delivery judge(const store::outgoing_message& what, const result<http_response>& answer) const;
};

result<void> notifier::impl::send(store::outgoing_message what, const std::shared_ptr<answers>& to) const {
  const auto secret = webhook_secret::parse(what.secret);
  if (!secret) return secret.error();
  const auto signed_by = secret->sign(what.id, now(), what.body);
  http_request request("POST", what.url);
  request.headers = {{"Content-Type", "application/json"},
                     {"webhook-id", signed_by.id},
                     {"webhook-timestamp", signed_by.timestamp},
                     {"webhook-signature", signed_by.signature}};
  request.body = what.body;
  request.timeout = options.timeout;
  request.public_only = !options.allow_private;
  parts.http->async_send(std::move(request), [what = std::move(what), to](result<http_response> answer) mutable {
    const std::scoped_lock guard(to->mutex);
    to->all.emplace_back(std::move(what), std::move(answer));
    to->come.notify_one();
  });
  return {};
}

store::delivery notifier::impl::judge(const store::outgoing_message& what, const result<http_response>& answer) const {
  store::delivery came;
  if (answer) {
    came.status = answer->status;
    if (came.status >= 200 && came.status < 300) return came;
    came.error = "the endpoint answered " + std::to_string(came.status);
    came.gone = came.status == 410;
  } else if (answer.error().code() == errc::payload_too_large) {
    came.error = "the endpoint's answer is too long";
  } else {
    // Not the cause: it would tell whoever registered the URL about the network that this server sees.
    came.error = answer.error().detail();
  }
  std::array<std::byte, 2> random{};
  parts.random->fill(random);
  const auto number = std::to_integer<std::uint32_t>(random[0]) << 8 | std::to_integer<std::uint32_t>(random[1]);
  came.retry = policy::retry_after(what.attempt, number);
  came.pause = policy::pause_after(came.retry.value_or(seconds(std::chrono::minutes(5))));
  return came;
}

notifier::notifier(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
notifier::notifier(notifier&&) noexcept = default;
notifier& notifier::operator=(notifier&&) noexcept = default;
notifier::~notifier() = default;

result<notifier> notifier::open(notifier_options options, environment parts) {
  if (!parts.db) return error(errc::invalid_input, "a notifier needs a database");
  if (!parts.http) return error(errc::invalid_input, "a notifier needs an http client");
  if (!parts.time) parts.time = system_clock();
  if (!parts.random) parts.random = system_entropy();
  if (options.parallel == 0) options.parallel = 1;
  auto state = std::make_unique<impl>(options, std::move(parts));
  if (auto ready = state->rows.migrate(); !ready) return ready.error();
  return notifier(std::move(state));
}

result<webhook_endpoint> notifier::add(std::string_view user, std::string_view url) {
  const auto bad = [](const std::string& why) { return error(errc::invalid_input, why).with_subject("url"); };
  if (url.size() > longest_url) return bad("must have at most " + std::to_string(longest_url) + " characters");
  if (const auto fine = check_url(url, !impl_->options.allow_private); !fine) return bad(fine.error().detail());
  if (!impl_->options.allow_private && (url[4] == ':')) return bad("must begin with https://");
  auto secret = new_secret(*impl_->parts.random);
  if (!secret) return secret.error();
  webhook_endpoint made;
  made.id = new_id(*impl_->parts.random);
  made.url = std::string(url);
  made.secret = std::move(*secret);
  made.created_at = std::chrono::floor<seconds>(impl_->now());
  if (auto added = impl_->rows.add(user, made, impl_->now()); !added) return added.error();
  return made;
}

result<std::vector<webhook_endpoint>> notifier::list(std::string_view user) { return impl_->rows.list(user); }

result<void> notifier::remove(std::string_view user, std::string_view id) {
  const auto removed = impl_->rows.remove(user, id, impl_->now());
  if (!removed) return removed.error();
  if (!*removed) return error(errc::not_found, "there is no such endpoint");
  return {};
}

result<std::uint64_t> notifier::deliver(const std::stop_token& stop) {
  const auto& options = impl_->options;
  const auto come = std::make_shared<answers>();
  std::uint64_t made = 0;
  unsigned under_way = 0;
  while (!stop.stop_requested()) {
    while (under_way < options.parallel && !stop.stop_requested()) {
      auto next = impl_->rows.claim(impl_->now(), options.timeout + lease_leeway);
      if (!next) return next.error();
      if (!*next) break;
      if (auto sent = impl_->send(std::move(**next), come); !sent) return sent.error();
      ++under_way;
      ++made;
    }
    if (under_way == 0) break;
    decltype(come->all) got;
    {
      std::unique_lock lock(come->mutex);
      come->come.wait_for(lock, stop, look_again, [&] { return !come->all.empty(); });
      got.swap(come->all);
    }
    for (const auto& [what, answer] : got) {
      --under_way;
      const auto settled = impl_->rows.settle(what, impl_->judge(what, answer), policy::given_up_after, impl_->now());
      if (!settled) return settled.error();
    }
  }
  return made;
}

}  // namespace v0
}  // namespace texbuild
