#include "src/chat/meter.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace chat_parts {
namespace {

using std::chrono::seconds;

constexpr seconds alive_for{120};      // without a sweep
constexpr seconds charged_by_now{60};  // what is older is not being charged by whoever settled it
constexpr std::uint64_t batch = 200;
constexpr int balance_attempts = 3;

std::string new_id(entropy& random, std::string_view kind) {
  std::array<std::byte, 16> bytes{};
  random.fill(bytes);
  std::string out(kind);
  for (const auto b : bytes) out += "0123456789abcdefghjkmnpqrstvwxyz"[std::to_integer<unsigned>(b) & 31];
  return out;
}

error too_many(const policy::bucket_step& step, const chat_request& asked, std::uint64_t per_hour) {
  const auto estimate = asked.prompt + asked.output;
  if (step.wait.count() < 0)
    return error(errc::rate_limited, "this request may take " + std::to_string(estimate) + " tokens, more than the " +
                                         std::to_string(per_hour) + " of an hour: ask for less with max_tokens")
        .with_reason("tokens_per_hour");
  const auto wait = std::max(std::chrono::ceil<seconds>(step.wait), seconds(1));
  return error(errc::rate_limited, "Please try again in " + std::to_string(wait.count()) + " seconds")
      .with_reason("tokens_per_hour")
      .with_retry_after(wait);
}

}  // namespace

meter::meter(chat_hooks hooks, std::shared_ptr<database> db, std::shared_ptr<clock> time, entropy& random)
    : hooks_(std::move(hooks)),
      ledger_(std::move(db)),
      time_(std::move(time)),
      random_(random),
      holder_(new_id(random, "proc_")) {}

result<void> meter::open() {
  if (auto ready = ledger_.migrate(); !ready) return ready;
  return ledger_.keep_alive(holder_, now() + alive_for);
}

result<std::string> meter::admit(std::string_view user, const chat_request& asked) {
  const auto per_hour = hooks_.tokens_per_hour(user);
  if (!per_hour) return per_hour.error();
  store::chat_reservation r;
  r.id = new_id(random_, "chat_");
  r.owner = std::string(user);
  r.holder = holder_;
  r.model = asked.model;
  r.tokens.prompt = asked.prompt;
  r.tokens.completion = asked.output;
  r.per_hour = static_cast<std::int64_t>(std::min<std::uint64_t>(*per_hour, INT64_MAX / 4));
  const auto step = ledger_.reserve(r, now());
  if (!step) return step.error();
  if (!step->taken) return too_many(*step, asked, *per_hour);
  try {
    auto rich = check_balance(user, r.id);
    if (rich) return std::move(r.id);
    release(r.id);
    return rich.error();
  } catch (...) {  // of the host's hook
    release(r.id);
    throw;
  }
}

// The reservation is written before the balance is read, and what came before it is read first: so whatever is missing
// in one of the two numbers is in the other. What is in both, since it was charged in between, makes for another look.
result<void> meter::check_balance(std::string_view user, const std::string& id) {
  for (int attempt = 1;; ++attempt) {
    const auto ahead = ledger_.ahead_of(id);
    if (!ahead) return ahead.error();
    const auto left = hooks_.balance(user);
    if (!left) return left.error();
    if (*left - *ahead > 0) return {};
    const auto still_ahead = attempt < balance_attempts ? ledger_.ahead_of(id) : ahead;
    if (!still_ahead) return still_ahead.error();
    if (*still_ahead == *ahead)
      return error(errc::payment_required,
                   *left > 0 ? "requests that are under way may take all that is left" : "nothing is left to pay with")
          .with_reason("no_balance");
  }
}

void meter::release(const std::string& id) {
  if (const auto done = ledger_.release(id, now()); !done) {
    note("chat: a reservation could not be given back: " + done.error().cause());
    const std::scoped_lock guard(mutex_);
    unsettled_.emplace(id, store::chat_tokens());
  }
}

std::optional<store::settled_chat> meter::settle(const std::string& id, const store::chat_tokens& took) {
  if (took.sum() == 0) {
    release(id);
    return std::nullopt;
  }
  auto settled = ledger_.settle(id, took, now());
  if (settled) return std::move(*settled);
  note("chat: usage could not be written, it will be: " + settled.error().cause());
  const std::scoped_lock guard(mutex_);
  unsettled_.emplace(id, took);
  return std::nullopt;
}

result<void> meter::charge(const store::settled_chat& what) {
  chat_charge c;
  c.id = what.id;
  c.user = what.owner;
  c.model = what.model;
  c.prompt_tokens = static_cast<std::uint64_t>(what.tokens.prompt);
  c.completion_tokens = static_cast<std::uint64_t>(what.tokens.completion);
  c.estimated = what.tokens.estimated;
  const auto take = [&]() -> result<void> {
    try {
      return hooks_.charge(c);
    } catch (const std::exception& e) {
      return error(errc::internal, {}, e.what());
    }
  };
  if (auto done = take(); !done) {
    note("chat: a charge could not be made, it will be: " + done.error().detail() + " " + done.error().cause());
    return done;
  }
  return ledger_.charged(what.id);
}

result<std::uint64_t> meter::sweep(const std::stop_token& stop) {
  if (auto alive = ledger_.keep_alive(holder_, now() + alive_for); !alive) return alive.error();
  decltype(unsettled_) again;
  {
    const std::scoped_lock guard(mutex_);
    again.swap(unsettled_);
  }
  std::uint64_t made = 0;
  for (const auto& [id, took] : again)
    if (const auto settled = settle(id, took)) made += charge(*settled) ? 1 : 0;
  if (const auto dead = ledger_.settle_abandoned(now(), batch); !dead) return dead.error();
  const auto waiting = ledger_.uncharged(now() - charged_by_now, batch);
  if (!waiting) return waiting.error();
  for (const auto& one : *waiting) {
    if (stop.stop_requested()) break;
    if (const auto done = charge(one); !done) return done.error();
    ++made;
  }
  return made;
}

void meter::note(const std::string& line) const {
  if (hooks_.note) hooks_.note(line);
}

}  // namespace chat_parts
}  // namespace v0
}  // namespace texbuild
