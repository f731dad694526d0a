// Durable functions over the database: tasks are taken, bodies called, and what came of it is stored.
#include "src/functions/runner_impl.hpp"

#include <algorithm>
#include <array>
#include <thread>

namespace texbuild {
inline namespace v0 {
namespace {

using namespace functions;

constexpr unsigned most_in_turn = 16;  // steps of one run

/// The first limit that is set and not kept here; "" if none is.
const char* not_kept(const function_options& o) {
  if (!o.concurrency.empty()) return "a limit of concurrency";
  if (o.throttle) return "a throttle";
  if (o.rate_limit) return "a rate limit";
  if (o.debounce) return "a debounce";
  if (o.batch) return "batches of events";
  if (o.singleton) return "a singleton";
  if (!o.priority.empty()) return "a priority";
  if (!o.idempotency.empty()) return "an idempotency key";
  if (o.start_timeout || o.finish_timeout) return "a time-out of a run";
  for (const auto& t : o.triggers)
    if (!t.cron.empty()) return "a trigger by time";
  return "";
}

bool holds(const std::string& text, const json_text& event, const json_text& async) {
  const auto parsed = expression::parse(text);
  return parsed && parsed->holds(event, async);
}

bool wait_is_over(const std::string& text, const std::string& events, const std::string& come) {
  if (text.empty()) return true;
  const auto started_by = json_text::parse(events);
  const auto now = json_text::parse(come);
  return started_by && now && holds(text, started_by->find("/0").value_or(json_text()), *now);
}

recorded_run recorded(store::run_row row, const std::string& app) {
  recorded_run out;
  out.id = std::move(row.id);
  out.function = row.function.substr(std::min(app.size() + 1, row.function.size()));
  out.event_id = std::move(row.event_id);
  out.status = static_cast<run_status>(row.status);
  if (auto value = json_text::parse(std::move(row.output))) out.output = std::move(*value);
  out.error_name = std::move(row.error_name);
  out.error_message = std::move(row.error_message);
  const auto at = [](store::milliseconds t) {
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(t));
  };
  out.created_at = at(row.created_at);
  if (row.ended_at) out.ended_at = at(*row.ended_at);
  return out;
}

}  // namespace

function_runner::impl::impl(function_host h, function_runner_options o, environment p)
    : host(std::move(h)), options(std::move(o)), parts(std::move(p)), rows(parts.db, wait_is_over) {}

std::int64_t function_runner::impl::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(parts.time->now().time_since_epoch()).count();
}

std::string function_runner::impl::new_id(const char* kind) const {
  // Time first, so that ids come in the order in which they were made.
  std::array<std::byte, 10> bytes{};
  parts.random->fill(bytes);
  constexpr const char* digits = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string out = kind;
  const auto time = static_cast<std::uint64_t>(now());
  for (int shift = 45; shift >= 0; shift -= 5) out += digits[time >> static_cast<unsigned>(shift) & 31U];
  for (const auto b : bytes) out += digits[std::to_integer<unsigned>(b) & 31U];
  for (const auto b : bytes) out += digits[std::to_integer<unsigned>(b) >> 3U];
  return out;
}

store::new_run function_runner::impl::run_of(const durable_function& f) const {
  store::new_run run;
  run.id = new_id("run_");
  run.function = f.id;
  for (std::size_t i = 0; i < f.options.cancel_on.size(); ++i) {
    const auto& rule = f.options.cancel_on[i];
    store::event_watch watch;
    watch.step = "cancel:" + std::to_string(i);  // no hash of a step looks like that
    watch.event = rule.event;
    watch.expression = rule.expression;
    if (rule.timeout) watch.until = now() + std::chrono::milliseconds(*rule.timeout).count();
    run.cancel.push_back(std::move(watch));
  }
  return run;
}

store::new_event function_runner::impl::stored(const std::string& id, const std::string& name,
                                               const json_text& body) const {
  store::new_event out;
  out.id = id;
  out.name = name;
  out.body = body.text();
  for (const auto& f : host.functions()) {
    const auto& triggers = f.options.triggers;
    if (std::any_of(triggers.begin(), triggers.end(), [&](const function_trigger& t) {
          return t.event == name && (t.expression.empty() || holds(t.expression, body, {}));
        }))
      out.starts.push_back(run_of(f));
  }
  return out;
}

result<std::vector<std::string>> function_runner::impl::send(const std::vector<function_event>& events) {
  if (const auto good = check_events(events); !good) return good.error();
  std::vector<store::new_event> all;
  std::vector<std::string> ids;
  for (auto e : events) {
    if (e.id.empty()) e.id = new_id("evt_");
    ids.push_back(e.id);
    all.push_back(stored(e.id, e.name, event_json(e, parts.time->now())));
  }
  if (const auto done = rows.send(all, now()); !done) return done.error();
  wake();
  return ids;
}

void function_runner::impl::wake() {
  {
    const std::scoped_lock guard(mutex);
    ++changes;
  }
  changed.notify_all();
}

result<unsigned> function_runner::impl::run_one(const std::stop_token& stop) {
  auto task = rows.claim(now(), options.lease.count());
  if (!task) return task.error();
  unsigned count = 0;
  // A run is kept for some steps, which saves a visit to the disk for each, and then waits for its turn again.
  while (*task) {
    const holding held(*this, **task);
    const bool keep = ++count < most_in_turn && !stop.stop_requested();
    try {
      const auto came = carry_out(**task, stop);
      auto done = rows.settle(**task, came, now(), keep ? options.lease.count() : 0);
      if (!done) return done.error();
      *task = std::move(done->next);
    } catch (const std::exception& e) {  // not of a body: those are caught where they run
      return error(errc::internal, "a run cannot go on", (*task)->run + ": " + e.what());
    }
    wake();
  }
  return count;
}

result<bool> function_runner::impl::forget() {
  const auto before = [&](std::chrono::hours h) { return now() - std::chrono::milliseconds(h).count(); };
  return rows.forget(before(options.keep_runs), before(options.keep_events));
}

/// What one of the threads of `work` does.
result<void> function_runner::impl::work_on(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::uint64_t seen = 0;
    {
      const std::scoped_lock guard(mutex);
      seen = changes;
    }
    const auto ran = run_one(stop);
    if (!ran) return ran.error();
    if (*ran > 0) continue;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, options.poll, [&] { return changes != seen; });
  }
  return {};
}

function_runner::function_runner(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
function_runner::function_runner(function_runner&&) noexcept = default;
function_runner& function_runner::operator=(function_runner&&) noexcept = default;
function_runner::~function_runner() = default;

result<function_runner> function_runner::open(function_host host, function_runner_options options, environment parts) {
  if (!parts.db) return error(errc::invalid_input, "a runner of functions needs a database");
  if (!parts.time) parts.time = system_clock();
  if (!parts.random) parts.random = system_entropy();
  options.workers = std::max(options.workers, 1U);
  options.lease = std::max(options.lease, std::chrono::milliseconds(100));
  options.poll = std::max(options.poll, std::chrono::milliseconds(1));
  if (options.retry_delays.empty()) options.retry_delays = {std::chrono::milliseconds(0)};
  for (const auto& f : host.functions()) {
    const auto bad = [&](const std::string& why) {
      return error(errc::invalid_input, "the function " + f.options.id + ": " + why).with_subject(f.options.id);
    };
    if (const std::string what = not_kept(f.options); !what.empty()) return bad("this runner does not keep " + what);
    for (const auto& t : f.options.triggers)
      if (const auto good = expression::parse(t.expression); !good) return bad(good.error().detail());
    for (const auto& c : f.options.cancel_on)
      if (const auto good = expression::parse(c.expression); !good) return bad(good.error().detail());
  }
  auto state = std::make_unique<impl>(std::move(host), std::move(options), std::move(parts));
  if (auto ready = state->rows.migrate(); !ready) return ready.error();
  return function_runner(std::move(state));
}

result<std::vector<std::string>> function_runner::send(const std::vector<function_event>& events) {
  return impl_->send(events);
}

result<void> function_runner::work(const std::stop_token& stop) {
  std::stop_source all;
  const std::stop_callback forward(stop, [&] { all.request_stop(); });
  std::mutex mutex;
  result<void> out;
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < impl_->options.workers; ++i)
      threads.emplace_back([&] {
        const auto done = impl_->work_on(all.get_token());
        if (done) return;
        const std::scoped_lock guard(mutex);
        out = done.error();
        all.request_stop();
      });
    // Here: leases, and what is old. Leases for as long as a body runs, also after `stop`.
    std::mutex idle;
    std::condition_variable_any never;
    bool more = false;  // to forget: portion by portion, and leases are renewed after each
    while (!all.stop_requested()) {
      if (!more) {
        std::unique_lock lock(idle);
        never.wait_for(lock, all.get_token(), impl_->options.lease / 3, [] { return false; });
      }
      const auto kept = impl_->renew();
      const auto forgotten = kept ? impl_->forget() : result<bool>(kept.error());
      more = forgotten && *forgotten;
      if (forgotten) continue;
      const std::scoped_lock guard(mutex);
      out = forgotten.error();
      all.request_stop();
    }
    while (impl_->busy(impl_->options.lease / 3)) (void)impl_->renew();
  }
  return out;
}

result<std::uint64_t> function_runner::run_due(const std::stop_token& stop) {
  std::uint64_t count = 0;
  while (!stop.stop_requested()) {
    const auto ran = impl_->run_one(stop);
    if (!ran) return ran.error();
    if (*ran == 0) break;
    count += *ran;
  }
  while (!stop.stop_requested()) {
    const auto more = impl_->forget();
    if (!more) return more.error();
    if (!*more) break;
  }
  return count;
}

result<std::optional<std::chrono::system_clock::time_point>> function_runner::next_due() {
  const auto due = impl_->rows.next_due();
  if (!due) return due.error();
  std::optional<std::chrono::system_clock::time_point> out;
  if (*due) out.emplace(std::chrono::milliseconds(**due));
  return out;
}

result<std::optional<recorded_run>> function_runner::find_run(std::string_view id) {
  auto row = impl_->rows.find_run(id);
  if (!row) return row.error();
  std::optional<recorded_run> out;
  if (*row) out = recorded(std::move(**row), impl_->host.app_id());
  return out;
}

result<std::vector<recorded_run>> function_runner::runs_of(std::string_view event_id) {
  auto all = impl_->rows.runs_of(event_id);
  if (!all) return all.error();
  std::vector<recorded_run> out;
  for (auto& row : *all) out.push_back(recorded(std::move(row), impl_->host.app_id()));
  return out;
}

}  // namespace v0
}  // namespace texbuild
