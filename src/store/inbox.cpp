#include "src/store/inbox.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

constexpr std::int64_t batch = 100;

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

result<std::vector<received_event>> inbox::waiting() {
  return reading(*db_, [&](statements& s) {
    std::vector<received_event> out;
    for (const auto& row : s.run("SELECT event_id, body, received_at FROM inbox WHERE waiting = 1 AND provider = $1"
                                 " ORDER BY received_at LIMIT $2",
                                 provider_, batch)) {
      received_event e;
      e.id = row.text(0);
      e.body = row.text(1);
      e.received_at = at(row.integer(2));
      out.push_back(std::move(e));
    }
    return out;
  });
}

result<std::uint64_t> inbox::apply_all(const std::function<result<void>(const received_event&)>& apply) {
  const std::scoped_lock one_at_a_time(applying_);
  std::uint64_t count = 0;
  for (;;) {
    const auto events = waiting();
    if (!events) return events.error();
    if (events->empty()) return count;
    for (const auto& event : *events) {
      if (auto done = apply(event); !done) return done.error();
      ++count;
    }
  }
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
