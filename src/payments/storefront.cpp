// Selling assistants: checkouts and what Polar's webhooks say of them.
#include "src/crypto/hmac.hpp"
#include "src/payments/storefront_impl.hpp"

#include <texbuild/http.hpp>

#include <algorithm>
#include <functional>

namespace texbuild {
inline namespace v0 {
namespace {

using std::chrono::seconds;
using time_point = std::chrono::system_clock::time_point;

// Polar sends an event again, on request, for 90 days.
constexpr std::chrono::hours polar_events_kept{24 * 100};
constexpr std::chrono::hours usage_kept{24 * 40};
constexpr std::chrono::hours abandoned_after{1};
constexpr std::chrono::hours unpaid_after{24 * 30};
constexpr std::chrono::milliseconds checkout_takes{std::chrono::seconds(12)};  // all calls together
constexpr std::size_t longest_token = 80;

error bad(const char* field, std::string why) { return error(errc::invalid_input, std::move(why)).with_subject(field); }

/// `<digits>:<letters, digits, '_' and '-'>`: nothing that could become another part of a URL.
bool is_telegram_token(std::string_view token) {
  const auto colon = token.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == token.size() || token.size() > longest_token)
    return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto id = token.substr(0, colon);
  const auto secret = token.substr(colon + 1);
  return std::all_of(id.begin(), id.end(), digit) && std::all_of(secret.begin(), secret.end(), [&](char c) {
           return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
         });
}

/// A random UUID (RFC 9562, version 4).
std::string new_uuid(entropy& random) {
  std::array<std::byte, 16> bytes{};
  random.fill(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0F}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3F}) | std::byte{0x80};
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += "0123456789abcdef"[std::to_integer<unsigned>(bytes[i]) >> 4];
    out += "0123456789abcdef"[std::to_integer<unsigned>(bytes[i]) & 15];
  }
  return out;
}

/// Whatever went wrong with Polar, to the customer it is that service that failed.
error from_polar(const error& e) {
  return error(errc::provider_error, "the checkout could not be made at Polar; try again later",
               e.detail() + " " + e.cause());
}

}  // namespace

std::vector<assistant_tier> default_assistant_tiers() {
  return {assistant_tier("starter", 10, 100'000), assistant_tier("pro", 20, 500'000),
          assistant_tier("business", 60, 2'000'000)};
}

const assistant_tier* storefront::impl::find_tier(std::string_view name) const {
  const auto found =
      std::find_if(options.tiers.begin(), options.tiers.end(), [&](const auto& t) { return t.name == name; });
  return found == options.tiers.end() ? nullptr : &*found;
}

const assistant_tier* storefront::impl::tier_of_product(std::string_view product) const {
  const auto found = std::find_if(options.tiers.begin(), options.tiers.end(),
                                  [&](const auto& t) { return !product.empty() && t.polar_product == product; });
  return found == options.tiers.end() ? nullptr : &*found;
}

polar_client storefront::impl::polar(std::chrono::milliseconds timeout) const {
  auto account = *options.polar;
  account.timeout = std::min(account.timeout, timeout);
  return {std::move(account), parts.http};
}

storefront::storefront(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
storefront::storefront(storefront&&) noexcept = default;
storefront& storefront::operator=(storefront&&) noexcept = default;
storefront::~storefront() = default;

result<storefront> storefront::open(storefront_options options, secret_box box, environment parts) {
  if (!parts.db) return error(errc::invalid_input, "a storefront needs a database");
  if (options.polar && !parts.http) return error(errc::invalid_input, "a storefront needs an http client");
  if (options.tiers.empty()) return error(errc::invalid_input, "a storefront needs a tier");
  if (!parts.time) parts.time = system_clock();
  if (!parts.random) parts.random = system_entropy();
  auto state = std::make_unique<impl>(std::move(options), std::move(box), std::move(parts));
  if (auto ready = state->credits.migrate(); !ready) return ready.error();
  return storefront(std::move(state));
}

result<assistant_checkout> storefront::checkout(std::string_view user, const assistant_wish& wish) {
  const auto& o = impl_->options;
  if (std::find(o.models.begin(), o.models.end(), wish.model) == o.models.end()) {
    std::string all;
    for (const auto& model : o.models) all += (all.empty() ? "" : ", ") + model;
    return bad("model", "must be one of " + all);
  }
  if (std::find(o.channels.begin(), o.channels.end(), wish.channel) == o.channels.end())
    return bad("channel", o.channels.empty() ? "cannot be served here: nothing runs assistants" : "must be telegram");
  if (!is_telegram_token(wish.token)) return bad("channelToken", "is not a bot's token: it looks like 123456:AbC-dEf");
  const auto* tier = wish.tier.empty() ? &o.tiers.front() : impl_->find_tier(wish.tier);
  if (tier == nullptr) return bad("tier", "there is no tier called \"" + wish.tier.substr(0, 50) + "\"");
  if (!o.polar) return error(errc::unavailable, "assistants cannot be bought here: Polar is not configured");
  if (tier->polar_product.empty())
    return error(errc::unavailable, "the tier \"" + tier->name + "\" is not for sale here");
  const std::string owner(user);
  const std::scoped_lock one_at_a_time(impl_->checkouts[std::hash<std::string>{}(owner) % impl_->checkouts.size()]);
  return impl_->sell(owner, wish, *tier);
}

result<assistant_checkout> storefront::impl::sell(const std::string& user, const assistant_wish& wish,
                                                  const assistant_tier& tier) {
  const auto begun = parts.time->steady_now();
  const time_left left = [&] {
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(parts.time->steady_now() - begun);
    return std::max<std::chrono::milliseconds>(checkout_takes - passed, std::chrono::milliseconds(1));
  };
  store::deployment_row row;
  row.owner = user;
  row.shown.model = wish.model;
  row.shown.channel = wish.channel;
  row.tier = tier.name;
  row.product = tier.polar_product;
  auto open = find_open(user, row, wish.token, left);
  if (!open) return open.error();
  if (*open) return std::move(**open);

  row.shown.id = new_uuid(*parts.random);
  row.token = box.seal(wish.token, store::sealed_for(row.shown.id));
  if (auto added = deployments.add(row, now()); !added) return added.error();
  const auto made = make_checkout(user, row, left);
  if (!made) {
    if (auto dropped = deployments.drop(row.shown.id); !dropped) return dropped.error();
    return from_polar(made.error());
  }
  if (auto kept = deployments.set_checkout(row.shown.id, made->id, made->url, now()); !kept) return kept.error();
  assistant_checkout out;
  out.url = made->url;
  out.deployment = row.shown.id;
  return out;
}

result<std::optional<assistant_checkout>> storefront::impl::find_open(const std::string& user,
                                                                      const store::deployment_row& like,
                                                                      std::string_view token, const time_left& left) {
  const auto rows = deployments.open_checkouts(user, like);
  if (!rows) return rows.error();
  for (const auto& row : *rows) {
    const auto held = box.open(row.token, store::sealed_for(row.shown.id));
    if (!held || !crypto::equal_in_constant_time(*held, token)) continue;
    const auto there = polar(left()).fetch_checkout(row.checkout);
    const bool unknown = !there && there.error().code() == errc::not_found;
    if (!there && !unknown) return from_polar(there.error());
    const bool expired = unknown || there->status == "expired" || there->status == "failed" ||
                         (there->expires_at && *there->expires_at <= now());
    if (expired) {  // so that it is not asked for again
      if (auto over = deployments.checkout_over(row.shown.id, now()); !over) return over.error();
      continue;
    }
    const bool same_product = there->product.empty() || there->product == row.product;
    if (there->status != "open" || !same_product) continue;
    assistant_checkout out;
    out.url = there->url;
    out.deployment = row.shown.id;
    return std::optional(std::move(out));
  }
  return std::optional<assistant_checkout>();
}

result<polar_checkout> storefront::impl::make_checkout(const std::string& user, const store::deployment_row& row,
                                                       const time_left& left) {
  polar_checkout_wish wish;
  wish.product = row.product;
  wish.external_id = user;
  wish.success_url = options.success_url;
  wish.metadata = {{std::string(polar_metadata_user), user},
                   {std::string(polar_metadata_deployment), row.shown.id},
                   {"model", row.shown.model},
                   {"tier", row.tier}};
  const auto known = credits.look_up(user);
  if (!known) return known.error();
  wish.customer = known->customer;
  if (wish.customer.empty()) {
    const auto found = polar(left()).find_customer(user);
    if (found) {
      if (auto linked = credits.set_customer(user, found->id, now()); !linked) return linked.error();
      wish.customer = found->id;
    } else if (options.email) {
      wish.email = options.email(user);
    }
  }
  auto made = polar(left()).create_checkout(wish);
  // A customer that was deleted there, or an address that belongs to another one.
  const bool refused = !made && (made.error().code() == errc::invalid_input || made.error().code() == errc::not_found);
  if (!refused || (wish.customer.empty() && wish.email.empty())) return made;
  const bool linked = !wish.customer.empty();
  wish.customer.clear();
  wish.email.clear();
  made = polar(left()).create_checkout(wish);
  if (made && linked)  // so it was the customer, and not a Polar that refuses whatever it is asked
    if (auto forgotten = credits.set_customer(user, "", now()); !forgotten) return forgotten.error();
  return made;
}

result<bool> storefront::receive_polar(std::string_view body, const webhook_headers& headers) {
  if (impl_->options.webhook_secret.empty())
    return error(errc::internal, "webhooks cannot be verified: no webhook secret is configured");
  const auto now = impl_->now();
  if (const auto ours = verify_polar_webhook(impl_->options.webhook_secret, headers, body, now); !ours)
    return error(errc::unauthorized, "the webhook's signature is missing or wrong");
  if (const auto event = parse_polar_event(body, now); !event) return event.error();
  return impl_->events.receive(headers.id, body, now);
}

result<std::uint64_t> storefront::apply() {
  std::map<std::string, std::string> tiers;
  for (const auto& t : impl_->options.tiers)
    if (!t.polar_product.empty()) tiers.emplace(t.polar_product, t.name);
  return impl_->events.apply_all(
      [&](const store::received_event& received) -> result<void> {
        const auto event = parse_polar_event(received.body, received.received_at);
        if (!event) return impl_->events.set_aside(received.id, "it cannot be read");
        const auto done = impl_->credits.apply(impl_->events, received.id, *event, tiers, impl_->now());
        if (!done) return done.error();
        if (!done->empty() && impl_->options.note) impl_->options.note(*done);
        return {};
      },
      impl_->now());
}

result<storefront_sweep> storefront::sweep(const std::stop_token& stop) {
  storefront_sweep out;
  std::optional<error> failed;  // the first; what comes after it is done all the same
  const auto count = [&](std::uint64_t& into, const result<std::uint64_t>& done) {
    if (done) into += *done;
    if (!done && !failed) failed = done.error();
  };
  count(out.applied, apply());
  count(out.told, send_usage(stop));
  const auto now = impl_->now();
  count(out.forgotten, impl_->events.forget(now - polar_events_kept, 1000));
  count(out.forgotten, impl_->credits.forget_usage(now - usage_kept, 1000));
  count(out.forgotten, impl_->deployments.drop_abandoned(now - abandoned_after));
  count(out.forgotten, impl_->deployments.drop_unpaid(now - unpaid_after, 1000));
  if (failed) return *failed;
  return out;
}

}  // namespace v0
}  // namespace texbuild
