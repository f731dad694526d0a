#include "src/store/outbox.hpp"

#include "src/store/accounts.hpp"
#include "src/store/schema.hpp"

#include <texbuild/text.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

std::string body_of(const build_info& info, time now) {
  boost::json::object data;
  data["build_id"] = info.id;
  data["status"] = to_string(info.status);
  data["engine"] = to_string(info.engine);
  data["main_file"] = valid_utf8(info.main_file);
  data["message"] = valid_utf8(info.message);
  data["passes"] = info.passes;
  data["duration_ms"] = info.duration.count();
  data["created_at"] = rfc3339(info.created_at);
  data["completed_at"] = rfc3339(info.completed_at.value_or(now));
  boost::json::object o;
  o["type"] = "build." + std::string(to_string(info.status));
  o["timestamp"] = rfc3339(now);
  o["data"] = std::move(data);
  return boost::json::serialize(o);
}

/// When an endpoint's next message is to go: NULL if none waits, and never before its pause is over.
void set_due(statements& s, const std::string& endpoint, std::int64_t not_before) {
  const auto next = s.run("SELECT due_at FROM outbox WHERE endpoint = $1 ORDER BY due_at, id LIMIT 1", endpoint);
  s.run("UPDATE endpoints SET due_at = NULL, not_before = $2 WHERE id = $1", endpoint, not_before);
  if (next.empty()) return;
  s.run("UPDATE endpoints SET due_at = $2 WHERE id = $1", endpoint, std::max(next.front().integer(0), not_before));
}

void switch_off(statements& s, const std::string& endpoint, std::string_view owner, time now) {
  s.run("DELETE FROM outbox WHERE endpoint = $1", endpoint);
  s.run("UPDATE endpoints SET disabled_at = $2, waiting = 0, due_at = NULL WHERE id = $1", endpoint, seconds(now));
  note_change(s, "texbuild", owner, "endpoint.disabled", endpoint, now);
}

webhook_endpoint endpoint_from(const sql_row& row) {
  webhook_endpoint e;
  const auto when = [&](std::size_t column) {
    const auto t = row.maybe_integer(column);
    return t ? std::optional<time>(at(*t)) : std::nullopt;
  };
  e.id = row.text(0);
  e.url = row.text(1);
  e.created_at = at(row.integer(2));
  e.disabled_at = when(3);
  e.waiting = static_cast<std::uint64_t>(row.integer(4));
  e.last_attempt_at = when(5);
  e.last_status = static_cast<int>(row.integer(6));
  e.last_error = row.text(7);
  e.failing_since = when(8);
  return e;
}

}  // namespace

void announce(statements& s, const build_info& info, time now) {
  const auto endpoints =
      s.run("SELECT id, due_at, not_before FROM endpoints WHERE owner = $1 AND disabled_at IS NULL AND waiting < $2",
            info.owner, static_cast<std::int64_t>(notifier::most_waiting));
  if (endpoints.empty()) return;
  const auto build = look_up(s, info.id);  // with what the same transaction wrote
  if (!build) return;
  const auto body = body_of(build->info, now);
  for (const auto& row : endpoints) {
    // A build ends once, so that its id tells the message.
    const auto message = "msg_" + info.id.substr(info.id.find('_') + 1) + "_" + row.text(0).substr(3);
    s.run("INSERT INTO outbox (id, endpoint, body, created_at, due_at) VALUES ($1, $2, $3, $4, $4)", message,
          row.text(0), body, seconds(now));
    const auto soonest = std::max(seconds(now), row.integer(2));
    const auto due = row.is_null(1) ? soonest : std::min(row.integer(1), soonest);
    s.run("UPDATE endpoints SET waiting = waiting + 1, due_at = $2 WHERE id = $1", row.text(0), due);
  }
}

result<void> outbox::migrate() { return store::migrate(*db_); }

result<void> outbox::add(std::string_view owner, const webhook_endpoint& what, time now) {
  return writing(*db_, [&](statements& s) {
    ensure_owner(s, owner, now);
    const auto present = s.run("SELECT url FROM endpoints WHERE owner = $1", text(owner));
    for (const auto& row : present)
      if (row.text(0) == what.url)
        throw refused{error(errc::conflict, "this URL is registered already").with_subject("url")};
    if (present.size() >= notifier::most_endpoints)
      throw refused{error(errc::limit_exceeded, "there are " + std::to_string(notifier::most_endpoints) +
                                                    " endpoints, which is all that one user may have; delete one first")
                        .with_reason("endpoint_limit_exceeded",
                                     limit_usage(static_cast<double>(present.size()), notifier::most_endpoints))};
    s.run("INSERT INTO endpoints (id, owner, url, secret, created_at) VALUES ($1, $2, $3, $4, $5)", what.id,
          text(owner), what.url, what.secret, seconds(now));
    note_change(s, "user", owner, "endpoint.added", what.id, now);
  });
}

result<std::vector<webhook_endpoint>> outbox::list(std::string_view owner) {
  return reading(*db_, [&](statements& s) {
    std::vector<webhook_endpoint> out;
    for (const auto& row : s.run("SELECT id, url, created_at, disabled_at, waiting, last_at, last_status, last_error,"
                                 " failing_since FROM endpoints WHERE owner = $1 ORDER BY created_at, id",
                                 text(owner)))
      out.push_back(endpoint_from(row));
    return out;
  });
}

result<bool> outbox::remove(std::string_view owner, std::string_view id, time now) {
  return writing(*db_, [&](statements& s) {
    if (s.run("SELECT 1 FROM endpoints WHERE id = $1 AND owner = $2", text(id), text(owner)).empty()) return false;
    s.run("DELETE FROM outbox WHERE endpoint = $1", text(id));
    s.run("DELETE FROM endpoints WHERE id = $1", text(id));
    note_change(s, "user", owner, "endpoint.removed", id, now);
    return true;
  });
}

result<std::optional<outgoing_message>> outbox::claim(time now, std::chrono::seconds lease) {
  // Most of the time nothing is due: that is seen without a lock on the database.
  const auto due = reading(*db_, [&](statements& s) {
    return !s.run("SELECT 1 FROM endpoints WHERE due_at <= $1 LIMIT 1", seconds(now)).empty();
  });
  if (!due) return due.error();
  if (!*due) return std::optional<outgoing_message>();
  return writing(*db_, [&](statements& s) -> std::optional<outgoing_message> {
    const auto endpoints =
        s.run("SELECT id, url, secret FROM endpoints WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1", seconds(now));
    if (endpoints.empty()) return std::nullopt;
    outgoing_message m;
    m.endpoint = endpoints.front().text(0);
    m.url = endpoints.front().text(1);
    m.secret = endpoints.front().text(2);
    const auto messages =
        s.run("SELECT id, body, attempts FROM outbox WHERE endpoint = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT 1",
              m.endpoint, seconds(now));
    if (messages.empty()) {  // the clock was set back
      set_due(s, m.endpoint, seconds(now));
      return std::nullopt;
    }
    m.id = messages.front().text(0);
    m.body = messages.front().text(1);
    m.attempt = static_cast<int>(messages.front().integer(2)) + 1;
    const auto until = seconds(now + lease);
    s.run("UPDATE outbox SET attempts = $2 WHERE id = $1", m.id, std::int64_t{m.attempt});
    s.run("UPDATE endpoints SET due_at = $2, not_before = $2 WHERE id = $1", m.endpoint, until);
    return m;
  });
}

result<void> outbox::settle(const outgoing_message& what, const delivery& came, std::chrono::seconds patience,
                            time now) {
  return writing(*db_, [&](statements& s) {
    const auto messages = s.run(
        "SELECT e.owner, e.failing_since FROM outbox m JOIN endpoints e ON e.id = m.endpoint"
        " WHERE m.id = $1 AND m.attempts = $2",
        what.id, std::int64_t{what.attempt});
    if (messages.empty()) return;
    const auto failing = messages.front().maybe_integer(1).value_or(seconds(now));
    const bool taken = came.error.empty();
    s.run(
        "UPDATE endpoints SET last_at = $2, last_status = $3, last_error = $4,"
        " failing_since = CASE WHEN $4 = '' THEN NULL ELSE $5 END WHERE id = $1",
        what.endpoint, seconds(now), std::int64_t{came.status}, came.error, failing);
    if (!taken && (came.gone || seconds(now) - failing >= patience.count())) {
      switch_off(s, what.endpoint, messages.front().text(0), now);
      return;
    }
    if (!taken && came.retry) {
      s.run("UPDATE outbox SET due_at = $2 WHERE id = $1", what.id, seconds(now + *came.retry));
    } else {
      s.run("DELETE FROM outbox WHERE id = $1", what.id);
      s.run("UPDATE endpoints SET waiting = waiting - 1 WHERE id = $1", what.endpoint);
    }
    set_due(s, what.endpoint, taken ? seconds(now) : seconds(now + came.pause));
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
