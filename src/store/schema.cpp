#include "src/store/schema.hpp"

#include <string>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

// A migration, once released, is never changed: a later one is added. Times are Unix seconds. What is counted (owners,
// lanes, monthly_builds, totals) is kept up to date with every change, so that no question has to count rows.
using migration = std::vector<const char*>;

const std::vector<migration>& migrations() {
  static const std::vector<migration> all = {
      {
          "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
          "CREATE TABLE totals (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
          // pending: builds that wait; served: how many claims there were, the clock of fairness.
          "INSERT INTO totals (name, value) VALUES ('pending', 0), ('served', 0)",
          "CREATE TABLE owners (id TEXT PRIMARY KEY, created_at BIGINT NOT NULL, live BIGINT NOT NULL DEFAULT 0,"
          " listed BIGINT NOT NULL DEFAULT 0, storage_bytes BIGINT NOT NULL DEFAULT 0)",
          "CREATE TABLE monthly_builds (owner TEXT NOT NULL REFERENCES owners (id), month BIGINT NOT NULL,"
          " builds BIGINT NOT NULL, PRIMARY KEY (owner, month))",
          "CREATE TABLE builds (id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES owners (id),"
          " status BIGINT NOT NULL CHECK (status BETWEEN 0 AND 6), engine BIGINT NOT NULL, main_file TEXT NOT NULL,"
          " shell_escape BIGINT NOT NULL, priority BIGINT NOT NULL, idempotency_key TEXT,"
          " message TEXT NOT NULL DEFAULT '', progress BIGINT NOT NULL DEFAULT 0, passes BIGINT NOT NULL DEFAULT 0,"
          " duration_ms BIGINT NOT NULL DEFAULT 0, cached BIGINT NOT NULL DEFAULT 0, storage_bytes BIGINT NOT NULL,"
          " created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, completed_at BIGINT,"
          // The lease: whose, until when, which one, and how often there was one.
          " worker TEXT, lease_until BIGINT, fence BIGINT NOT NULL DEFAULT 0, attempts BIGINT NOT NULL DEFAULT 0,"
          " cancel_requested BIGINT NOT NULL DEFAULT 0,"
          // Since when it is expired or deleted.
          " gone_at BIGINT)",
          "CREATE UNIQUE INDEX builds_idempotency ON builds (owner, idempotency_key) WHERE idempotency_key IS NOT NULL",
          "CREATE INDEX builds_listed ON builds (owner, id) WHERE status <> 6",
          "CREATE INDEX builds_queued ON builds (owner, priority, id) WHERE status = 0",
          "CREATE INDEX builds_leased ON builds (lease_until) WHERE status = 1",
          "CREATE INDEX builds_expiring ON builds (expires_at) WHERE status <> 1 AND status < 5",
          "CREATE INDEX builds_gone ON builds (gone_at) WHERE gone_at IS NOT NULL",
          // Apart from the rows, so that these stay short: a report may be long.
          "CREATE TABLE reports (build TEXT PRIMARY KEY REFERENCES builds (id), report TEXT NOT NULL)",
          // The queue: one lane for each owner and priority.
          "CREATE TABLE lanes (owner TEXT NOT NULL REFERENCES owners (id), priority BIGINT NOT NULL,"
          " pending BIGINT NOT NULL, served BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (owner, priority))",
          "CREATE INDEX lanes_next ON lanes (priority DESC, served, owner) WHERE pending > 0",
      },
      {
          // Plans. granted_plan: by whoever runs the server, before any subscription. subscription: the one that
          // counts.
          "ALTER TABLE owners ADD COLUMN granted_plan TEXT",
          "ALTER TABLE owners ADD COLUMN subscription TEXT",
          "ALTER TABLE owners ADD COLUMN payment_failed_at BIGINT",
          "ALTER TABLE owners ADD COLUMN payment_error TEXT",
          "ALTER TABLE owners ADD COLUMN paid_at BIGINT",
          // What is known of a subscription at Razorpay; see policy/subscription.hpp. check_at: when to ask Razorpay
          // itself.
          "CREATE TABLE subscriptions (id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES owners (id), plan TEXT NOT "
          "NULL,"
          " coupon TEXT, checkout_url TEXT NOT NULL DEFAULT '', state BIGINT NOT NULL, state_at BIGINT NOT NULL,"
          " state_rank BIGINT NOT NULL, provider_plan TEXT NOT NULL, total_count BIGINT NOT NULL, plan_at BIGINT NOT "
          "NULL,"
          " plan_rank BIGINT NOT NULL, current_start BIGINT, current_end BIGINT, paid_until BIGINT, ended_at BIGINT,"
          " paid_count BIGINT NOT NULL, cancel_asked_at BIGINT, check_at BIGINT, created_at BIGINT NOT NULL)",
          "CREATE INDEX subscriptions_of ON subscriptions (owner, created_at)",
          "CREATE INDEX subscriptions_unchecked ON subscriptions (check_at) WHERE check_at IS NOT NULL",
          // A checkout that is just being made at Razorpay; one at a time for each owner.
          "CREATE TABLE checkouts (reference TEXT PRIMARY KEY, owner TEXT NOT NULL UNIQUE REFERENCES owners (id),"
          " plan TEXT NOT NULL, coupon TEXT, begun_at BIGINT NOT NULL)",
          "CREATE INDEX checkouts_begun ON checkouts (begun_at)",
          "CREATE TABLE coupons (code TEXT PRIMARY KEY, percent BIGINT NOT NULL, plan TEXT NOT NULL, offer TEXT NOT "
          "NULL,"
          " uses BIGINT NOT NULL, used BIGINT NOT NULL DEFAULT 0, expires_at BIGINT, disabled BIGINT NOT NULL DEFAULT "
          "0,"
          " created_at BIGINT NOT NULL, CHECK (used >= 0 AND used <= uses))",
          "CREATE TABLE redemptions (coupon TEXT NOT NULL REFERENCES coupons (code), owner TEXT NOT NULL REFERENCES "
          "owners"
          " (id), redeemed_at BIGINT NOT NULL, PRIMARY KEY (coupon, owner))",
          // Verified webhooks: stored before they are answered, applied after. Also what makes a second delivery
          // harmless.
          "CREATE TABLE inbox (provider TEXT NOT NULL, event_id TEXT NOT NULL, received_at BIGINT NOT NULL,"
          " waiting BIGINT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '', body TEXT NOT "
          "NULL,"
          " PRIMARY KEY (provider, event_id))",
          "CREATE INDEX inbox_waiting ON inbox (received_at) WHERE waiting = 1",
          "CREATE INDEX inbox_age ON inbox (received_at)",
          // What changed money or rights.
          "CREATE TABLE audit (id TEXT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, owner TEXT NOT NULL,"
          " what TEXT NOT NULL, detail TEXT NOT NULL)",
          "CREATE INDEX audit_of ON audit (owner, id)",
          "CREATE INDEX audit_by_time ON audit (at)",
      },
      {
          // Webhooks to be sent. waiting: messages of the endpoint; due_at: when the next of them is to go; not_before:
          // until then the endpoint is left in peace, since it failed or is being asked.
          "CREATE TABLE endpoints (id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES owners (id), url TEXT NOT NULL,"
          " secret TEXT NOT NULL, created_at BIGINT NOT NULL, disabled_at BIGINT, waiting BIGINT NOT NULL DEFAULT 0,"
          " due_at BIGINT, not_before BIGINT NOT NULL DEFAULT 0, last_at BIGINT, last_status BIGINT NOT NULL DEFAULT 0,"
          " last_error TEXT NOT NULL DEFAULT '', failing_since BIGINT, UNIQUE (owner, url))",
          "CREATE INDEX endpoints_due ON endpoints (due_at) WHERE due_at IS NOT NULL",
          "CREATE TABLE outbox (id TEXT PRIMARY KEY, endpoint TEXT NOT NULL REFERENCES endpoints (id), body TEXT NOT "
          "NULL,"
          " created_at BIGINT NOT NULL, due_at BIGINT NOT NULL, attempts BIGINT NOT NULL DEFAULT 0)",
          "CREATE INDEX outbox_of ON outbox (endpoint, due_at, id)",
      },
      {
          // Who users are, from Clerk. profile_at: its own time of what is known, in milliseconds; gone_at: the account
          // was deleted there.
          "ALTER TABLE owners ADD COLUMN email TEXT",
          "ALTER TABLE owners ADD COLUMN profile_at BIGINT NOT NULL DEFAULT 0",
          "ALTER TABLE owners ADD COLUMN gone_at BIGINT",
          // Who they are at Polar, and the tier that counts while no subscription does.
          "ALTER TABLE owners ADD COLUMN polar_customer TEXT",
          "ALTER TABLE owners ADD COLUMN polar_tier TEXT",
          "CREATE INDEX owners_at_polar ON owners (polar_customer) WHERE polar_customer IS NOT NULL",
          // modified_at: Polar's own time of what is known, in microseconds.
          R"(CREATE TABLE polar_subscriptions (id TEXT PRIMARY KEY,
              owner TEXT NOT NULL REFERENCES owners (id), product TEXT NOT NULL, status TEXT NOT NULL,
              modified_at BIGINT NOT NULL))",
          "CREATE INDEX polar_subscriptions_of ON polar_subscriptions (owner)",
          // Tokens of the language model. base: what Polar had counted when all that was known here had reached it;
          // since: what was used after that; latest: what Polar said last, and when it was asked.
          R"(CREATE TABLE wallets (owner TEXT PRIMARY KEY REFERENCES owners (id),
              base BIGINT NOT NULL DEFAULT 0, since BIGINT NOT NULL DEFAULT 0,
              latest BIGINT NOT NULL DEFAULT 0, asked_at BIGINT))",
          // What Polar is to be told. due_at: when to try (again); sent_at: it took it.
          R"(CREATE TABLE usage_events (id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES owners (id),
              model TEXT NOT NULL, prompt_tokens BIGINT NOT NULL, completion_tokens BIGINT NOT NULL,
              estimated BIGINT NOT NULL, used_at BIGINT NOT NULL, due_at BIGINT NOT NULL,
              attempts BIGINT NOT NULL DEFAULT 0, sent_at BIGINT))",
          "CREATE INDEX usage_events_due ON usage_events (due_at) WHERE sent_at IS NULL",
          "CREATE INDEX usage_events_unsent ON usage_events (owner) WHERE sent_at IS NULL",
          "CREATE INDEX usage_events_sent ON usage_events (owner, sent_at) WHERE sent_at IS NOT NULL",
          "CREATE INDEX usage_events_age ON usage_events (sent_at) WHERE sent_at IS NOT NULL",
          // Assistants. token: sealed; checkout: where it is paid, "" while that is being made; paid_at, asked_at: the
          // payment is known, the function that sets it up was started; place: what its provisioner calls it.
          R"(CREATE TABLE deployments (id TEXT PRIMARY KEY, owner TEXT NOT NULL REFERENCES owners (id),
              model TEXT NOT NULL, channel TEXT NOT NULL, tier TEXT NOT NULL, product TEXT NOT NULL,
              token TEXT NOT NULL, status BIGINT NOT NULL, checkout TEXT NOT NULL DEFAULT '',
              checkout_url TEXT NOT NULL DEFAULT '', subscription TEXT NOT NULL DEFAULT '',
              payment TEXT NOT NULL DEFAULT '', paid_at BIGINT, asked_at BIGINT, ended_at BIGINT,
              tried_at BIGINT NOT NULL DEFAULT 0, provisioner TEXT NOT NULL DEFAULT '',
              place TEXT NOT NULL DEFAULT '', provider_url TEXT NOT NULL DEFAULT '',
              bot TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '', created_at BIGINT NOT NULL,
              updated_at BIGINT NOT NULL))",
          "CREATE INDEX deployments_of ON deployments (owner, created_at)",
          "CREATE INDEX deployments_checkout ON deployments (checkout) WHERE checkout <> ''",
          "CREATE INDEX deployments_subscription ON deployments (subscription) WHERE subscription <> ''",
          "CREATE INDEX deployments_to_start ON deployments (paid_at) WHERE paid_at IS NOT NULL AND asked_at IS NULL",
          "CREATE INDEX deployments_unpaid ON deployments (created_at) WHERE paid_at IS NULL",
          "CREATE INDEX deployments_payment ON deployments (owner, payment) WHERE payment <> ''",
          // The inbox by service: else what waits is looked for among all that is kept.
          "DROP INDEX inbox_waiting",
          "DROP INDEX inbox_age",
          "CREATE INDEX inbox_waiting ON inbox (provider, received_at) WHERE waiting = 1",
          "CREATE INDEX inbox_age ON inbox (provider, received_at)",
          "CREATE INDEX deployments_placed ON deployments (provisioner) WHERE place <> ''",
      },
      {
          // Durable functions. Times are milliseconds here. function_events: ids, so that none counts twice.
          "CREATE TABLE function_events (id TEXT PRIMARY KEY, at BIGINT NOT NULL)",
          "CREATE INDEX function_events_age ON function_events (at)",
          // parent: the run and the step that invoked it, or ''. claims: how often a task of it was taken; numbers
          // leases.
          R"(CREATE TABLE function_runs (id TEXT PRIMARY KEY, function TEXT NOT NULL, event_id TEXT NOT NULL,
              events TEXT NOT NULL, status BIGINT NOT NULL DEFAULT 0, output TEXT NOT NULL DEFAULT 'null',
              error_name TEXT NOT NULL DEFAULT '', error_message TEXT NOT NULL DEFAULT '',
              created_at BIGINT NOT NULL, ended_at BIGINT, parent TEXT NOT NULL, parent_step TEXT NOT NULL,
              claims BIGINT NOT NULL DEFAULT 0))",
          "CREATE INDEX function_runs_of ON function_runs (event_id, id)",
          "CREATE INDEX function_runs_ended ON function_runs (ended_at) WHERE ended_at IS NOT NULL",
          R"(CREATE TABLE function_steps (run TEXT NOT NULL REFERENCES function_runs (id),
              step TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, step)))",
          // target: '' to find out what comes next, else a step's hash. due_at: of a leased one, when the lease is
          // over. claims: since it was last settled. again: something was recorded since it was taken.
          R"(CREATE TABLE function_tasks (run TEXT NOT NULL REFERENCES function_runs (id),
              target TEXT NOT NULL, kind BIGINT NOT NULL, due_at BIGINT NOT NULL,
              leased BIGINT NOT NULL DEFAULT 0, fence BIGINT NOT NULL DEFAULT 0,
              attempts BIGINT NOT NULL DEFAULT 0, claims BIGINT NOT NULL DEFAULT 0,
              again BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (run, target)))",
          "CREATE INDEX function_tasks_due ON function_tasks (due_at, run, target)",
          // event: '' while an invoked function is under way. cancels: the event ends the run. until: 0 for ever.
          R"(CREATE TABLE function_waits (run TEXT NOT NULL REFERENCES function_runs (id),
              step TEXT NOT NULL, event TEXT NOT NULL, expression TEXT NOT NULL, cancels BIGINT NOT NULL,
              until BIGINT NOT NULL, PRIMARY KEY (run, step)))",
          "CREATE INDEX function_waits_for ON function_waits (event, run, step)",
      },
      {
          // Metered chat. Tokens left of this hour, by user; refilled_at in milliseconds.
          "CREATE TABLE chat_buckets (owner TEXT PRIMARY KEY, tokens BIGINT NOT NULL, refilled_at BIGINT NOT NULL)",
          // Requests that are under way, with their estimates; once settled, with what they took, until they are
          // charged. sequence: of the owner, in order of arrival. capacity: of the bucket, when it was taken from.
          R"(CREATE TABLE chat_requests (id TEXT PRIMARY KEY, owner TEXT NOT NULL, sequence BIGINT NOT NULL,
              holder TEXT NOT NULL, model TEXT NOT NULL, prompt BIGINT NOT NULL, completion BIGINT NOT NULL,
              capacity BIGINT NOT NULL, estimated BIGINT NOT NULL DEFAULT 1, settled_at BIGINT))",
          "CREATE INDEX chat_requests_of ON chat_requests (owner, sequence)",
          "CREATE INDEX chat_requests_held ON chat_requests (holder) WHERE settled_at IS NULL",
          "CREATE INDEX chat_requests_settled ON chat_requests (settled_at) WHERE settled_at IS NOT NULL",
          // Processes that have requests under way.
          "CREATE TABLE chat_holders (id TEXT PRIMARY KEY, alive_until BIGINT NOT NULL)",
          "CREATE INDEX chat_holders_dead ON chat_holders (alive_until)",
      },
      {
          // What builds leave for later ones. project: which document it is, so that the aux files of its last good
          // build are found; state: it left some.
          "ALTER TABLE builds ADD COLUMN project TEXT NOT NULL DEFAULT ''",
          "ALTER TABLE builds ADD COLUMN state BIGINT NOT NULL DEFAULT 0",
          "CREATE INDEX builds_state ON builds (owner, project, id) WHERE state = 1",
          "ALTER TABLE reports ADD COLUMN state TEXT NOT NULL DEFAULT ''",
          // Results that may serve again: completed builds that are still kept. content: a hash of sources, options and
          // all else that a result comes of; used: grows with every use.
          R"(CREATE TABLE results (owner TEXT NOT NULL, content TEXT NOT NULL,
              build TEXT NOT NULL UNIQUE REFERENCES builds (id), bytes BIGINT NOT NULL, used BIGINT NOT NULL,
              PRIMARY KEY (owner, content)))",
          "CREATE INDEX results_used ON results (used)",
          "INSERT INTO totals (name, value) VALUES ('result_bytes', 0), ('result_uses', 0)",
      },
      {
          // rests: how often an assistant was taken down for a pause of its subscription; numbers its starts.
          "ALTER TABLE deployments ADD COLUMN rests BIGINT NOT NULL DEFAULT 0",
      },
      {
          // How often Polar refused this use itself; that it could not be reached is no refusal.
          "ALTER TABLE usage_events ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0",
          // Polar's customer has our user as its external id, so that uses may be told under that.
          "ALTER TABLE owners ADD COLUMN polar_external BIGINT NOT NULL DEFAULT 0",
          // Of the bucket, as the owner's last request had it; 0 if that is not known.
          "ALTER TABLE chat_buckets ADD COLUMN capacity BIGINT NOT NULL DEFAULT 0",
      },
      {
          // What is over or failed and is still somewhere, by when it was last tried to take it down.
          R"(CREATE INDEX deployments_to_take_down ON deployments (tried_at, id)
              WHERE place <> '' AND (ended_at IS NOT NULL OR status = 3))",
      }};
  return all;
}

}  // namespace

result<void> migrate(database& db) {
  return db.write([](sql_session& session) -> result<void> {
    if (auto made = session.run("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"); !made) {
      return made.error();
    }
    const auto rows = session.run("SELECT version FROM schema_version");
    if (!rows) return rows.error();
    const auto newest = static_cast<std::int64_t>(migrations().size());
    const auto present = rows->empty() ? 0 : rows->front().integer(0);
    if (present > newest) {
      return error(errc::unavailable, "the database was written by a newer version of texbuild (schema " +
                                          std::to_string(present) + ", this one knows " + std::to_string(newest) +
                                          "): install that version or another data folder");
    }
    for (auto next = present; next < newest; ++next) {
      for (const char* statement : migrations()[static_cast<std::size_t>(next)]) {
        if (auto made = session.run(statement); !made) return made.error();
      }
    }
    if (present == newest) return {};
    const auto noted = rows->empty() ? session.run("INSERT INTO schema_version (version) VALUES ($1)", newest)
                                     : session.run("UPDATE schema_version SET version = $1", newest);
    if (!noted) return noted.error();
    return {};
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
