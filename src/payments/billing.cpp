// Subscriptions, coupons and webhooks: the store and Razorpay brought together. What they mean is in
// policy/subscription.
#include "src/crypto/hmac.hpp"
#include "src/store/billing_store.hpp"

#include <texbuild/http.hpp>
#include <texbuild/payments.hpp>
#include <texbuild/webhook.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace texbuild {
inline namespace v0 {
namespace {

using policy::subscription_state;
using std::chrono::seconds;
using time_point = std::chrono::system_clock::time_point;

// Razorpay sends an event again for a day, and on request one of the last 15 days.
constexpr std::chrono::hours razorpay_events_kept{24 * 30};
constexpr std::chrono::hours checkout_open{24 * 7};

/// What an event does to a subscription, and which of two in the same second counts.
struct event_row {
  std::string_view name;
  int rank;
  std::optional<subscription_state> to;
  bool paid;
};

constexpr std::array<event_row, 10> event_rows{{
    {"subscription.authenticated", 1, subscription_state::authenticated, false},
    {"subscription.activated", 2, subscription_state::active, true},
    {"subscription.charged", 3, subscription_state::active, true},
    {"subscription.pending", 4, subscription_state::pending, false},
    {"subscription.halted", 5, subscription_state::halted, false},
    {"subscription.paused", 6, subscription_state::paused, false},
    {"subscription.resumed", 7, subscription_state::active, false},
    {"subscription.cancelled", 8, subscription_state::canceled, false},
    {"subscription.completed", 9, subscription_state::completed, false},
    {"subscription.updated", 10, std::nullopt, false},
}};

/// Of an answer of the API: it counts after all events of its second.
constexpr int answer_rank = 11;

policy::subscription_news news_of(const razorpay_subscription& s, time_point at, int rank) {
  policy::subscription_news news;
  news.at = at;
  news.rank = rank;
  news.provider_plan = s.plan;
  news.current_start = s.current_start;
  news.current_end = s.current_end;
  news.ended_at = s.ended_at;
  news.paid_count = s.paid_count;
  news.total_count = s.total_count;
  return news;
}

policy::subscription_news news_of_answer(const razorpay_subscription& s, time_point now) {
  auto news = news_of(s, now, answer_rank);
  news.moves_to = policy::parse_razorpay_state(s.status);
  news.paid = news.moves_to == subscription_state::active;
  return news;
}

std::string note(const std::map<std::string, std::string>& notes, const std::string& name) {
  const auto found = notes.find(name);
  return found == notes.end() ? std::string() : found->second;
}

store::event_effect effect_of(const razorpay_event& event, const plan_catalog& plans) {
  store::event_effect effect;
  if (event.payment) effect.owner = note(event.payment->notes, "user_id");
  if (event.subscription) {
    if (auto owner = note(event.subscription->notes, "user_id"); !owner.empty()) effect.owner = std::move(owner);
    effect.subscription = event.subscription->id;
    effect.created_at = event.subscription->created_at;
    const auto* sold = plans.find_razorpay(event.subscription->plan);
    effect.plan = sold == nullptr ? note(event.subscription->notes, "plan") : sold->name;
    for (const auto& row : event_rows) {
      if (row.name != event.name) continue;
      effect.news = news_of(*event.subscription, event.at, row.rank);
      effect.news->moves_to = row.to;
      effect.news->paid = row.paid;
    }
  }
  if (event.name == "subscription.charged" || event.name == "payment.captured") effect.paid_at = event.at;
  if (event.name == "payment.failed") {
    effect.failed_at = event.at;
    effect.failure = event.payment ? event.payment->error_description : "";
    if (effect.failure.empty()) effect.failure = "the payment failed";
  }
  return effect;
}

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

bool is_word(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

error not_sold() { return error(errc::unavailable, "plans cannot be bought here: payments are not configured"); }

/// Whatever went wrong with Razorpay, to the customer it is that service that failed.
error from_razorpay(const error& e) {
  auto detail = e.code() == errc::provider_error ? e.detail() : "Razorpay cannot be reached; try again later";
  return error(errc::provider_error, std::move(detail), e.detail() + " " + e.cause());
}

}  // namespace

struct billing::impl {
  impl(billing_options o, environment p)
      : options(std::move(o)), parts(std::move(p)), rows(parts.db), events(parts.db, "razorpay") {
    if (options.razorpay) razorpay.emplace(*options.razorpay, parts.http);
  }

  billing_options options;
  environment parts;
  store::billing_store rows;
  store::inbox events;
  std::optional<razorpay_client> razorpay;

  [[nodiscard]] time_point now() const { return parts.time->now(); }
  [[nodiscard]] std::string new_reference() const;
  result<checkout> sell(std::string_view user, std::string_view plan, std::string coupon);
  /// The subscription of a checkout, if Razorpay has it.
  [[nodiscard]] std::optional<razorpay_subscription> find_made(const store::checkout_row& row) const;
  result<std::uint64_t> recover(const std::stop_token& stop);
  result<std::uint64_t> check(const std::stop_token& stop);
};

std::string billing::impl::new_reference() const {
  std::array<std::byte, 15> random{};
  parts.random->fill(random);
  std::string out = "chk_";
  for (const auto b : random) out += "0123456789abcdefghjkmnpqrstvwxyz"[std::to_integer<unsigned>(b) & 31];
  return out;
}

std::optional<razorpay_subscription> billing::impl::find_made(const store::checkout_row& row) const {
  const auto* sold = options.plans.find(row.plan);
  if (!razorpay || sold == nullptr) return std::nullopt;
  // A minute of leeway between its clock and ours.
  const auto recent = razorpay->list(sold->razorpay_plan, time_point(seconds(row.begun_at - 60)));
  if (!recent) return std::nullopt;
  for (const auto& s : *recent)
    if (note(s.notes, "reference") == row.reference && !s.short_url.empty()) return s;
  return std::nullopt;
}

result<checkout> billing::impl::sell(std::string_view user, std::string_view plan, std::string code) {
  const auto* wanted = options.plans.find(plan);
  if (wanted == nullptr)
    return error(errc::invalid_input, "there is no plan called \"" + std::string(plan) + "\"").with_subject("plan_id");
  if (!razorpay) return not_sold();
  if (wanted->razorpay_plan.empty())
    return error(errc::invalid_input, "the plan \"" + wanted->name + "\" is not for sale").with_subject("plan_id");

  store::checkout_row row;
  row.reference = new_reference();
  row.owner = std::string(user);
  row.plan = wanted->name;
  row.coupon = std::move(code);
  row.begun_at = std::chrono::floor<seconds>(now().time_since_epoch()).count();
  auto begun = rows.begin_checkout(row, now());
  if (!begun) return begun.error();
  checkout out;
  out.plan = wanted->name;
  out.discount_percent = begun->percent;
  if (begun->open) {
    out.url = begun->open->checkout_url;
    return out;
  }

  razorpay_order order;
  order.plan = wanted->razorpay_plan;
  order.total_count = options.cycles;
  order.offer = begun->offer;
  order.expires_at = now() + checkout_open;
  order.notes = {{"user_id", row.owner}, {"plan", row.plan}, {"reference", row.reference}};
  auto made = razorpay->create(order);
  if (!made && made.error().reason().empty()) {
    // It may have been made all the same, and the answer lost. To ask twice would make two.
    if (auto found = find_made(row)) made = std::move(*found);
  }
  if (!made) {
    if (auto dropped = rows.drop_checkout(row, made.error().detail(), now()); !dropped) return dropped.error();
    return from_razorpay(made.error());
  }
  const auto finished = rows.finish_checkout(row, *made, now());
  if (!finished) return finished.error();
  if (!*finished) return error(errc::provider_error, "Razorpay took too long; try again");
  out.url = made->short_url;
  return out;
}

result<std::uint64_t> billing::impl::recover(const std::stop_token& stop) {
  const auto begun = rows.checkouts_begun_before(now() - options.checkout_patience);
  if (!begun) return begun.error();
  for (const auto& row : *begun) {
    if (stop.stop_requested()) break;
    const auto made = find_made(row);
    const auto ended =
        made ? rows.finish_checkout(row, *made, now()) : rows.drop_checkout(row, "it was cut off", now());
    if (!ended) return ended.error();
  }
  return begun->size();
}

result<std::uint64_t> billing::impl::check(const std::stop_token& stop) {
  if (!razorpay) return std::uint64_t{0};
  const auto due = rows.due_for_check(now(), 10);
  if (!due) return due.error();
  for (const auto& row : *due) {
    if (stop.stop_requested()) break;
    const auto there = razorpay->fetch(row.id);
    auto noted = there ? rows.learn(row.id, news_of_answer(*there, now()), now())
                       : rows.check_later(row.id, now() + std::chrono::hours(1));
    if (!noted) return noted.error();
  }
  return due->size();
}

billing::billing(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
billing::billing(billing&&) noexcept = default;
billing& billing::operator=(billing&&) noexcept = default;
billing::~billing() = default;

result<billing> billing::open(billing_options options, environment parts) {
  if (!parts.db) return error(errc::invalid_input, "billing needs a database");
  if (options.razorpay && !parts.http) return error(errc::invalid_input, "billing needs an http client");
  if (!parts.time) parts.time = system_clock();
  if (!parts.random) parts.random = system_entropy();
  auto state = std::make_unique<impl>(std::move(options), std::move(parts));
  if (auto ready = state->rows.migrate(); !ready) return ready.error();
  return billing(std::move(state));
}

result<checkout> billing::subscribe(std::string_view user, std::string_view plan) {
  return impl_->sell(user, plan, {});
}

result<checkout> billing::redeem(std::string_view user, std::string_view code, std::string_view plan) {
  if (!is_word(code, 64)) return error(errc::invalid_input, "there is no such coupon").with_subject("coupon_code");
  return impl_->sell(user, plan, upper_case(code));
}

result<void> billing::cancel(std::string_view user) {
  const auto current = impl_->rows.current(user);
  if (!current) return current.error();
  const auto none = [] { return error(errc::not_found, "there is no subscription that could be canceled"); };
  if (!*current) return none();
  const auto& row = **current;
  const auto now = impl_->now();
  if (policy::is_final(row.facts.state)) {
    if (policy::entitles(row.facts, now).plan) return {};  // it ends with the paid time: what was asked for
    return none();
  }
  if (!policy::is_live(row.facts)) return none();
  if (row.cancel_asked_at) return {};
  if (!impl_->razorpay) return not_sold();
  // One that was never charged has no cycle to end with.
  const bool at_end = row.facts.state != subscription_state::authenticated;
  auto there = impl_->razorpay->cancel(row.id, at_end);
  if (!there) {
    // Done before, by an earlier call whose answer was lost, or in Razorpay's dashboard?
    const auto failed = there.error();
    there = impl_->razorpay->fetch(row.id);
    const auto state = there ? policy::parse_razorpay_state(there->status) : std::nullopt;
    if (!state || !policy::is_final(*state)) return from_razorpay(failed);
  }
  if (auto noted = impl_->rows.note_cancel_asked(row, now); !noted) return noted;
  const auto state = policy::parse_razorpay_state(there->status);
  if (state && policy::is_final(*state)) return impl_->rows.learn(row.id, news_of_answer(*there, now), now);
  return {};
}

result<subscription_view> billing::status(std::string_view user) {
  return impl_->rows.view(user, impl_->options.plans, impl_->now());
}

result<quota_report> billing::quota(std::string_view user) {
  return impl_->rows.quota(user, impl_->options.plans, impl_->now());
}

result<bool> billing::receive_razorpay(std::string_view body, std::string_view signature, std::string_view event_id) {
  if (impl_->options.webhook_secrets.empty())
    return error(errc::internal, "webhooks cannot be verified: no webhook secret is configured");
  if (auto ours = verify_razorpay_webhook(impl_->options.webhook_secrets, body, signature); !ours) return ours.error();
  const auto now = impl_->now();
  if (const auto event = parse_razorpay_event(body, now); !event) return event.error();
  const auto id =
      is_word(event_id, 200) ? std::string(event_id) : "body:" + crypto::hex(crypto::hmac_sha256("event", body));
  return impl_->events.receive(id, body, now);
}

result<std::uint64_t> billing::apply() {
  return impl_->events.apply_all(
      [&](const store::received_event& received) {
        const auto event = parse_razorpay_event(received.body, received.received_at);
        if (!event) return impl_->events.set_aside(received.id, "it cannot be read");
        return impl_->rows.apply(impl_->events, received.id, effect_of(*event, impl_->options.plans), impl_->now());
      },
      impl_->now());
}

result<billing_sweep> billing::sweep(const std::stop_token& stop) {
  billing_sweep out;
  std::optional<error> failed;  // the first; what comes after it is done all the same
  const auto count = [&](std::uint64_t& into, const result<std::uint64_t>& done) {
    if (done) into += *done;
    if (!done && !failed) failed = done.error();
  };
  count(out.applied, apply());
  count(out.recovered, impl_->recover(stop));
  count(out.checked, impl_->check(stop));
  count(out.forgotten, impl_->events.forget(impl_->now() - razorpay_events_kept, 1000));
  if (failed) return *failed;
  return out;
}

result<void> billing::add_coupon(const coupon& what) {
  const auto bad = [](const char* field, const char* why) {
    return error(errc::invalid_input, why).with_subject(field);
  };
  if (!is_word(what.code, 64)) return bad("code", "must be 1 to 64 letters, digits, '-' and '_'");
  if (what.percent < 1 || what.percent > 100) return bad("percent", "must be 1 to 100");
  if (what.uses < 1) return bad("uses", "must be at least 1");
  const auto* sold = impl_->options.plans.find(what.plan);
  if (sold == nullptr) return bad("plan", "there is no such plan");
  if (!what.offer.starts_with("offer_") || !is_word(what.offer, 64))
    return bad("offer", "must be the id of a Razorpay offer (offer_…): without one the customer would pay in full");
  if (what.expires_at && *what.expires_at <= impl_->now()) return bad("expires", "is in the past");
  auto row = what;
  row.code = upper_case(what.code);
  return impl_->rows.add_coupon(row, impl_->now());
}

result<void> billing::disable_coupon(std::string_view code) {
  const auto found = impl_->rows.disable_coupon(upper_case(code), impl_->now());
  if (!found) return found.error();
  if (!*found) return error(errc::not_found, "there is no such coupon");
  return {};
}

result<std::vector<coupon>> billing::coupons() { return impl_->rows.coupons(); }

result<void> billing::grant_plan(std::string_view user, std::string_view plan) {
  if (user.empty()) return error(errc::invalid_input, "is missing").with_subject("user");
  if (!plan.empty() && impl_->options.plans.find(plan) == nullptr)
    return error(errc::invalid_input, "there is no plan called \"" + std::string(plan) + "\"").with_subject("plan");
  return impl_->rows.grant_plan(user, plan, impl_->now());
}

result<std::vector<audit_entry>> billing::audit(std::string_view user, std::uint64_t limit) {
  return impl_->rows.audit(user, limit);
}

}  // namespace v0
}  // namespace texbuild
