// Deployments: who may see them, their keys, and what runs for them.
#include "src/assistants/telegram.hpp"
#include "src/crypto/hmac.hpp"
#include "src/store/deployments.hpp"

#include <texbuild/assistants.hpp>
#include <texbuild/http.hpp>

#include <algorithm>
#include <stdexcept>

namespace texbuild {
inline namespace v0 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view key_mark = "tba_";
constexpr std::size_t id_length = 36;   // of a UUID
constexpr std::size_t mac_length = 64;  // hex digits
constexpr milliseconds naming_takes{2000};
constexpr unsigned retries = 2;  // three attempts
constexpr int most_failures = 5;

std::string key_made_of(const std::string& secret, std::string_view deployment) {
  return std::string(key_mark) + std::string(deployment) + "_" +
         crypto::hex(crypto::hmac_sha256(secret, "assistant key:" + std::string(deployment)));
}

/// What failed, as the owner may read it. What no attempt can mend is not tried again.
[[noreturn]] void fail(const error& e) {
  const auto words = e.detail().empty() ? std::string("something went wrong on our side") : e.detail();
  if (e.code() == errc::forbidden || e.code() == errc::not_found || e.code() == errc::invalid_input)
    throw non_retriable_error(words);
  throw std::runtime_error(words);
}

}  // namespace

std::string_view to_string(deployment_status status) noexcept {
  switch (status) {
    case deployment_status::pending:
      return "pending";
    case deployment_status::deploying:
      return "deploying";
    case deployment_status::active:
      return "active";
    case deployment_status::failed:
      break;
  }
  return "failed";
}

struct assistants::impl {
  impl(assistants_options o, secret_box b, environment p)
      : options(std::move(o)), box(std::move(b)), parts(std::move(p)), rows(parts.db) {}

  assistants_options options;
  secret_box box;
  environment parts;
  store::deployments_store rows;

  [[nodiscard]] std::chrono::system_clock::time_point now() const { return parts.time->now(); }
  [[nodiscard]] assistant_provisioner* find(std::string_view name) const;
  result<assistant_job> job_of(const store::deployment_row& row) const;
  result<std::string> ask_for_bot(const store::deployment_row& row, milliseconds timeout) const;
  /// Empty: it is over, or there is none.
  result<std::optional<store::deployment_row>> running(std::string_view id);
  [[nodiscard]] result<void> stop(const store::deployment_row& row) const;
  result<void> take_down(const store::deployment_row& row);
  /// For the time of a pause.
  result<void> lay_to_rest(const store::deployment_row& row);

  // The steps of the function. Each throws what it cannot do.
  bool mark_as_deploying(const std::string& id);
  void learn_bot(const std::string& id);
  void provision(const std::string& id);
  bool mark_as_active(const std::string& id);
  void clean_up(const std::string& id, const std::string& why);
  json_text deploy(function_run& step);
};

assistant_provisioner* assistants::impl::find(std::string_view name) const {
  const auto found = std::find_if(options.provisioners.begin(), options.provisioners.end(),
                                  [&](const auto& p) { return p->name() == name; });
  return found == options.provisioners.end() ? nullptr : found->get();
}

result<assistant_job> assistants::impl::job_of(const store::deployment_row& row) const {
  auto token = box.open(row.token, store::sealed_for(row.shown.id));
  if (!token)
    return error(errc::forbidden, "the channel's token can no longer be read: it was sealed with a key that is gone");
  assistant_job job;
  job.deployment = row.shown.id;
  job.channel = row.shown.channel;
  job.model = row.shown.model;
  job.channel_token = std::move(*token);
  job.api_url = options.api_url;
  job.api_key = key_made_of(options.keys.front(), row.shown.id);
  return job;
}

result<std::string> assistants::impl::ask_for_bot(const store::deployment_row& row, milliseconds timeout) const {
  const auto job = job_of(row);
  if (!job) return job.error();
  return bots::ask_telegram(*parts.http, options.telegram_url, job->channel_token, timeout);
}

result<std::optional<store::deployment_row>> assistants::impl::running(std::string_view id) {
  auto row = rows.find(id);
  if (row && *row && (*row)->ended) return std::optional<store::deployment_row>();
  return row;
}

result<void> assistants::impl::stop(const store::deployment_row& row) const {
  auto* where = find(row.provisioner);
  if (where == nullptr)
    return error(errc::unavailable, "the provisioner \"" + row.provisioner + "\" is no longer configured");
  return where->stop(row.shown.id, row.place);
}

result<void> assistants::impl::take_down(const store::deployment_row& row) {
  if (row.place.empty()) return {};
  if (auto stopped = stop(row); !stopped) return stopped;
  return rows.clear_place(row.shown.id, row.place, now());
}

result<void> assistants::impl::lay_to_rest(const store::deployment_row& row) {
  if (auto stopped = stop(row); !stopped) return stopped;
  return rows.rests(row.shown.id, row.place, now());
}

bool assistants::impl::mark_as_deploying(const std::string& id) {
  const auto row = running(id);
  if (!row) fail(row.error());
  if (!*row || !(*row)->paid) return false;
  const auto moved = rows.move(id, deployment_status::deploying, "", now());
  if (!moved) fail(moved.error());
  return *moved;
}

void assistants::impl::learn_bot(const std::string& id) {
  const auto row = running(id);
  if (!row) fail(row.error());
  if (!*row) return;
  const auto bot = ask_for_bot(**row, options.telegram_timeout);
  if (!bot) fail(bot.error());
  if (const auto kept = rows.set_bot(id, *bot, now()); !kept) fail(kept.error());
}

void assistants::impl::provision(const std::string& id) {
  const auto row = running(id);
  if (!row) fail(row.error());
  if (!*row) return;
  if (options.provisioners.empty()) throw non_retriable_error("there is nothing here that could run an assistant");
  // What an attempt before this one left.
  if (const auto down = take_down(**row); !down) fail(down.error());
  const auto job = job_of(**row);
  if (!job) fail(job.error());
  auto& where = *options.provisioners.front();
  const auto note = [&](const assistant_place& place) {
    return rows.set_place(id, where.name(), place.name, place.url, now());
  };
  const auto runs = where.start(*job, note);
  if (!runs) fail(runs.error());
  if (const auto kept = note(*runs); !kept) fail(kept.error());
}

bool assistants::impl::mark_as_active(const std::string& id) {
  const auto moved = rows.move(id, deployment_status::active, "", now());
  if (!moved) fail(moved.error());
  return *moved;
}

void assistants::impl::clean_up(const std::string& id, const std::string& why) {
  const auto row = rows.find(id);
  if (!row) fail(row.error());
  if (!*row) return;
  // Failed first: a provisioner that cannot take it down now is asked again by `supervise`.
  if (const auto moved = rows.move(id, deployment_status::failed, why, now()); !moved) fail(moved.error());
  if (const auto down = take_down(**row); !down) fail(down.error());
}

json_text assistants::impl::deploy(function_run& step) {
  const auto id = step.data("/deployment_id").as_text().value_or("");
  const auto about = json_text::object({{"deployment_id", id}});
  try {
    const auto begun = step.run("mark as deploying", [&] { return mark_as_deploying(id); });
    if (!begun.as_bool().value_or(false)) return json_text("nothing to do");
    step.run("ask Telegram", [&] { learn_bot(id); });
    step.run("provision", [&] { provision(id); });
    const auto active = step.run("mark as active", [&] { return mark_as_active(id); });
    // The subscription ended meanwhile: `supervise` takes it down.
    if (!active.as_bool().value_or(false)) return json_text("over");
    step.send("tell", {function_event(std::string(completed_event), about)});
    return json_text("active");
  } catch (const step_error& e) {
    const std::string why = e.what();
    try {
      step.run("clean up", [&] { clean_up(id, why); });
    } catch (const step_error&) {
      // It is marked as failed, and taken down later.
    }
    step.send("tell of the failure",
              {function_event(std::string(failed_event), json_text::object({{"deployment_id", id}, {"error", why}}))});
    return json_text("failed");
  }
}

assistants::assistants(std::unique_ptr<impl> state) : impl_(std::move(state)) {}
assistants::assistants(assistants&&) noexcept = default;
assistants& assistants::operator=(assistants&&) noexcept = default;
assistants::~assistants() = default;

result<assistants> assistants::open(assistants_options options, secret_box box, environment parts) {
  if (!parts.db || !parts.http) return error(errc::invalid_input, "assistants need a database and an http client");
  if (options.keys.empty() ||
      std::any_of(options.keys.begin(), options.keys.end(), [](const auto& k) { return k.size() < 32; }))
    return error(errc::invalid_input, "assistants need keys of at least 32 bytes");
  if (!parts.time) parts.time = system_clock();
  auto state = std::make_unique<impl>(std::move(options), std::move(box), std::move(parts));
  if (auto ready = state->rows.migrate(); !ready) return ready.error();
  return assistants(std::move(state));
}

result<void> assistants::add_functions(function_host& host) {
  function_options deploy;
  deploy.id = "deploy";
  deploy.name = "Set an assistant up";
  deploy.triggers = {function_trigger(std::string(requested_event))};
  deploy.retries = retries;
  return host.add(std::move(deploy), [state = impl_.get()](function_run& step) { return state->deploy(step); });
}

result<std::vector<deployment>> assistants::list(std::string_view user) {
  auto rows = impl_->rows.of_owner(user);
  if (!rows) return rows.error();
  std::vector<deployment> out;
  for (auto& row : *rows) out.push_back(std::move(row.shown));
  return out;
}

result<deployment> assistants::find(std::string_view id) {
  auto row = impl_->rows.find(id);
  if (!row) return row.error();
  if (!*row) return error(errc::not_found, "there is no such deployment");
  auto& shown = (*row)->shown;
  if (shown.status == deployment_status::active && shown.bot.empty()) {
    // Telegram down is no reason not to tell the rest.
    if (auto bot = impl_->ask_for_bot(**row, naming_takes); bot && !bot->empty()) {
      shown.bot = std::move(*bot);
      if (auto kept = impl_->rows.set_bot(id, shown.bot, impl_->now()); !kept) return kept.error();
    }
  }
  return std::move(shown);
}

std::string assistants::key_of(std::string_view deployment) const {
  return key_made_of(impl_->options.keys.front(), deployment);
}

bool assistants::is_key(std::string_view bearer) noexcept { return bearer.starts_with(key_mark); }

result<std::string> assistants::verify_key(std::string_view bearer) {
  const auto no = [] { return error(errc::unauthorized, "the key is not that of an assistant that runs"); };
  if (!is_key(bearer) || bearer.size() != key_mark.size() + id_length + 1 + mac_length) return no();
  const auto id = bearer.substr(key_mark.size(), id_length);
  bool good = false;
  for (const auto& secret : impl_->options.keys)
    if (crypto::equal_in_constant_time(key_made_of(secret, id), bearer)) good = true;
  if (!good) return no();
  const auto row = impl_->running(id);
  if (!row) return row.error();
  if (!*row || (*row)->paused) return no();
  const auto status = (*row)->shown.status;
  if (status != deployment_status::active && status != deployment_status::deploying) return no();
  return (*row)->owner;
}

result<std::uint64_t> assistants::start_paid(event_sink& events) {
  const auto due = impl_->rows.to_start();
  if (!due) return due.error();
  std::uint64_t begun = 0;
  int failures = 0;  // in a row
  std::optional<error> failed;
  for (const auto& [id, name] : *due) {
    function_event begin(std::string(requested_event), json_text::object({{"deployment_id", id}}));
    begin.id = name;  // a crash before the next line sends it again, which starts nothing
    if (const auto sent = events.send({begin}); !sent) {
      if (!failed) failed = sent.error();
      if (auto noted = impl_->rows.try_later(id, impl_->now()); !noted) return noted.error();
      if (++failures == most_failures) break;  // it is not about them: each may take as long as the service's timeout
      continue;
    }
    if (const auto noted = impl_->rows.started(id, impl_->now()); !noted) return noted.error();
    failures = 0;
    ++begun;
  }
  if (failed) return std::move(*failed);
  return begun;
}

result<void> assistants::supervise(const std::stop_token& stop) {
  std::optional<error> failed;
  for (const auto& where : impl_->options.provisioners) {
    if (where->goes_on_alone()) continue;
    const auto live = impl_->rows.live(where->name());
    if (!live) return live.error();
    std::vector<assistant_job> jobs;
    for (const auto& row : *live) {
      auto job = impl_->job_of(row);
      if (job) {
        jobs.push_back(std::move(*job));
      } else {
        failed = job.error();
      }
    }
    if (auto kept = where->keep(jobs); !kept) failed = kept.error();
  }
  const auto all = [&](const result<std::vector<store::deployment_row>>& rows, auto act) -> result<void> {
    if (!rows) return rows.error();
    for (const auto& row : *rows) {
      if (stop.stop_requested()) break;
      auto done = (impl_.get()->*act)(row);
      if (done) continue;
      failed = done.error();
      if (auto noted = impl_->rows.try_later(row.shown.id, impl_->now()); !noted) return noted;
    }
    return {};
  };
  if (auto done = all(impl_->rows.to_take_down(), &impl::take_down); !done) return done;
  // What nobody pays for costs nothing: it is set up again once the pause is over.
  if (auto done = all(impl_->rows.to_rest(), &impl::lay_to_rest); !done) return done;
  if (failed) return std::move(*failed);
  return {};
}

void assistants::stop_waiting() {
  for (const auto& where : impl_->options.provisioners) where->stop_waiting();
}

result<std::uint64_t> assistants::seal_again() {
  std::uint64_t count = 0;
  std::string last;
  for (;;) {
    const auto rows = impl_->rows.after(last, 100);
    if (!rows) return rows.error();
    if (rows->empty()) return count;
    for (const auto& row : *rows) {
      last = row.shown.id;
      if (!impl_->box.is_outdated(row.token)) continue;
      const auto token = impl_->box.open(row.token, store::sealed_for(row.shown.id));
      if (!token) continue;  // with a key that is gone
      if (auto kept =
              impl_->rows.seal_again(row.shown.id, row.token, impl_->box.seal(*token, store::sealed_for(row.shown.id)));
          !kept)
        return kept.error();
      ++count;
    }
  }
}

}  // namespace v0
}  // namespace texbuild
