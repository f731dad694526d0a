#include "src/store/inbox.hpp"

#include <texbuild/text.hpp>

#include <exception>
#include <limits>
#include <optional>

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

constexpr std::int64_t batch = 100;
// What failed so often, and was received so long ago, is set aside.
constexpr std::int64_t hopeless_attempts = 20;
constexpr std::chrono::hours hopeless_age{1};
constexpr std::size_t longest_note = 500;

}  // namespace

result<bool> inbox::receive(std::string_view event_id, std::string_view body, time now) {
  return writing(*db_, [&](statements& s) {
    s.run(
        "INSERT INTO inbox (provider, event_id, received_at, waiting, body) VALUES ($1, $2, $3, 1, $4)"
        " ON CONFLICT (provider, event_id) DO NOTHING",
        provider_, text(event_id), seconds(now), text(body));
    return s.changed() > 0;
  });
}

result<std::vector<received_event>> inbox::waiting_after(const received_event& last) {
  return reading(*db_, [&](statements& s) {
    std::vector<received_event> out;
    for (const auto& row : s.run("SELECT event_id, body, received_at FROM inbox WHERE waiting = 1 AND provider = $1"
                                 " AND (received_at > $3 OR (received_at = $3 AND event_id > $4))"
                                 " ORDER BY received_at, event_id LIMIT $2",
                                 provider_, batch, seconds(last.received_at), last.id)) {
      received_event e;
      e.id = row.text(0);
      e.body = row.text(1);
      e.received_at = at(row.integer(2));
      out.push_back(std::move(e));
    }
    return out;
  });
}

result<void> inbox::failed(const received_event& event, const error& why, time now) {
  return writing(*db_, [&](statements& s) {
    // Not by the count alone: each webhook that comes has all of them tried.
    const bool hopeless = now - event.received_at >= hopeless_age;
    s.run(
        "UPDATE inbox SET attempts = attempts + 1, note = $3, waiting = CASE WHEN $4 = 1 AND attempts + 1 >= $5 THEN 0"
        " ELSE 1 END WHERE provider = $1 AND event_id = $2 AND waiting = 1",
        provider_, event.id,
        valid_utf8(("it could not be applied: " + why.detail() + " " + why.cause()).substr(0, longest_note)),
        std::int64_t{hopeless ? 1 : 0}, hopeless_attempts);
  });
}

result<std::uint64_t> inbox::apply_all(const std::function<result<void>(const received_event&)>& apply, time now) {
  const std::scoped_lock one_at_a_time(applying_);
  const auto tried = [&](const received_event& event) -> result<void> {
    try {
      return apply(event);
    } catch (const std::exception& e) {
      return error(errc::internal, {}, e.what());
    }
  };
  std::uint64_t count = 0;
  std::optional<error> first;
  received_event last;
  last.received_at = at(std::numeric_limits<std::int32_t>::min());
  for (;;) {
    auto events = waiting_after(last);
    if (!events) return events.error();
    if (events->empty()) break;
    for (const auto& event : *events) {
      const auto done = tried(event);
      if (done) {
        ++count;
        continue;
      }
      const auto& e = done.error();
      if (!first) first.emplace(e.code(), e.detail(), e.cause() + " (webhook " + provider_ + " " + event.id + ")");
      if (auto noted = failed(event, e, now); !noted) return noted.error();  // it is the database, not the event
    }
    last = std::move(events->back());
  }
  if (first) return *first;
  return count;
}

result<void> inbox::set_aside(std::string_view event_id, std::string_view why) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE inbox SET waiting = 0, note = $3 WHERE provider = $1 AND event_id = $2 AND waiting = 1", provider_,
          text(event_id), text(why));
  });
}

result<std::uint64_t> inbox::forget(time received_before, std::uint64_t limit) {
  return writing(*db_, [&](statements& s) {
    s.run(
        "DELETE FROM inbox WHERE (provider, event_id) IN (SELECT provider, event_id FROM inbox WHERE received_at < $1"
        " AND waiting = 0 AND provider = $3 ORDER BY received_at LIMIT $2)",
        seconds(received_before), static_cast<std::int64_t>(limit), provider_);
    return static_cast<std::uint64_t>(s.changed());
  });
}

bool inbox::take(statements& s, std::string_view event_id) const {
  s.run("UPDATE inbox SET waiting = 0, body = '' WHERE provider = $1 AND event_id = $2 AND waiting = 1", provider_,
        text(event_id));
  return s.changed() > 0;
}

void inbox::note(statements& s, std::string_view event_id, std::string_view what) const {
  s.run("UPDATE inbox SET note = $3 WHERE provider = $1 AND event_id = $2", provider_, text(event_id), text(what));
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
