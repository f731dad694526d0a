// Clerk's webhooks and the one call of its Backend API, over the store.
#include "src/base/percent.hpp"
#include "src/data/strict_json.hpp"
#include "src/http/json_api.hpp"
#include "src/store/profiles.hpp"

#include <texbuild/accounts.hpp>
#include <texbuild/http.hpp>

#include <boost/json.hpp>

namespace texbuild {
inline namespace v0 {
namespace {

namespace json = boost::json;

// Svix sends an event again for some 28 hours.
constexpr std::chrono::hours events_kept{24 * 30};
constexpr std::size_t longest_email = 320;

/// The address with the primary id. Not the first one: there may be others, or none that is primary.
std::string primary_email(const json::object& user) {
  const auto id = data::text_of(user, "primary_email_address_id");
  const auto* all = data::find_array(user, "email_addresses");
  if (id.empty() || all == nullptr) return {};
  for (const auto& entry : *all) {
    const auto* address = entry.if_object();
    if (address == nullptr || data::text_of(*address, "id") != id) continue;
    const auto* verification = data::find_object(*address, "verification");
    if (verification == nullptr || data::text_of(*verification, "status") != "verified") return {};
    auto email = data::text_of(*address, "email_address");
    return email.size() <= longest_email ? email : std::string();
  }
  return {};
}

clerk_user read_user(const json::object& o) {
  clerk_user user;
  user.id = data::text_of(o, "id");
  user.email = primary_email(o);
  user.updated_at = data::whole_of(o, "updated_at").value_or(0);
  return user;
}

}  // namespace

result<clerk_event> parse_clerk_event(std::string_view body) {
  const auto whole = data::parse_strict_json(body, 32);
  if (!whole) return whole.error();
  const auto* top = whole->if_object();
  clerk_event event;
  if (top != nullptr) event.name = data::text_of(*top, "type");
  if (event.name.empty()) return error(errc::invalid_input, "the body is no event: it has no \"type\"");
  const auto* o = data::find_object(*top, "data");
  if (o != nullptr && event.name.starts_with("user.")) event.user = read_user(*o);
  return event;
}

struct accounts::impl {
  impl(accounts_options o, std::optional<webhook_secret> s, environment p)
      : options(std::move(o)), secret(std::move(s)), parts(std::move(p)), rows(parts.db), events(parts.db, "clerk") {}

  accounts_options options;
  std::optional<webhook_secret> secret;
  environment parts;
  store::profiles rows;
  store::inbox events;

  [[nodiscard]] result<clerk_user> fetch(std::string_view user) const;
};

result<clerk_user> accounts::impl::fetch(std::string_view user) const {
  http_request request("GET", http::origin_of(options.api_url) + "/v1/users/" + percent_encoded(user));
  request.timeout = options.timeout;
  request.headers.emplace_back("Authorization", "Bearer " + options.secret_key);
  const auto answer = http::ask(*parts.http, std::move(request));
  if (!answer) return answer.error();
  if (answer->status == 404) return error(errc::not_found, "Clerk knows no such user");
  if (!answer->is_success() || answer->object() == nullptr)
    return error(errc::provider_error, "Clerk failed", "HTTP " + std::to_string(answer->status));
  auto out = read_user(*answer->object());
  if (out.id != user) return error(errc::provider_error, "Clerk told of another user");
  return out;
}

accounts::accounts(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
accounts::accounts(accounts&&) noexcept = default;
accounts& accounts::operator=(accounts&&) noexcept = default;
accounts::~accounts() = default;

result<accounts> accounts::open(accounts_options options, environment parts) {
  if (!parts.db) return error(errc::invalid_input, "accounts need a database");
  if (!options.secret_key.empty() && !parts.http) return error(errc::invalid_input, "accounts need an http client");
  if (!parts.time) parts.time = system_clock();
  std::optional<webhook_secret> secret;
  if (!options.webhook_secret.empty()) {
    auto parsed = webhook_secret::parse(options.webhook_secret);
    if (!parsed) return parsed.error();
    secret.emplace(std::move(*parsed));
  }
  auto state = std::make_unique<impl>(std::move(options), std::move(secret), std::move(parts));
  if (auto ready = state->rows.migrate(); !ready) return ready.error();
  return accounts(std::move(state));
}

result<bool> accounts::receive_clerk(std::string_view body, const webhook_headers& headers) {
  if (!impl_->secret) return error(errc::internal, "webhooks cannot be verified: no webhook secret is configured");
  const auto now = impl_->parts.time->now();
  if (auto ours = impl_->secret->verify(headers, body, now); !ours) return ours.error();
  if (const auto event = parse_clerk_event(body); !event) return event.error();
  return impl_->events.receive(headers.id, body, now);
}

result<std::uint64_t> accounts::apply() {
  return impl_->events.apply_all(
      [&](const store::received_event& received) {
        const auto event = parse_clerk_event(received.body);
        if (!event) return impl_->events.set_aside(received.id, "it cannot be read");
        return impl_->rows.apply(impl_->events, received.id, *event, impl_->parts.time->now());
      },
      impl_->parts.time->now());
}

result<std::uint64_t> accounts::sweep() {
  const auto applied = apply();
  auto forgotten = impl_->events.forget(impl_->parts.time->now() - events_kept, 1000);
  if (!applied) return applied.error();
  return forgotten;
}

result<std::string> accounts::email_of(std::string_view user) {
  const auto known = impl_->rows.email_of(user);
  if (!known) return known.error();
  if (*known) return **known;
  if (impl_->options.secret_key.empty()) return std::string();
  const auto there = impl_->fetch(user);
  if (!there) return std::string();
  if (auto kept = impl_->rows.learn(*there, impl_->parts.time->now()); !kept) return kept.error();
  return there->email;
}

}  // namespace v0
}  // namespace texbuild
