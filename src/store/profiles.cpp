#include "src/store/profiles.hpp"

#include "src/store/schema.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

/// The newest word counts; after the account's end none does.
void write(statements& s, const clerk_user& user, time now) {
  ensure_owner(s, user.id, now);
  s.run(
      "UPDATE owners SET email = $2, profile_at = $3 WHERE id = $1 AND gone_at IS NULL AND (email IS NULL OR"
      " profile_at <= $3)",
      user.id, user.email, user.updated_at);
}

}  // namespace

result<void> profiles::migrate() { return store::migrate(*db_); }

result<void> profiles::apply(const inbox& from, std::string_view event_id, const clerk_event& event, time now) {
  return writing(*db_, [&](statements& s) {
    if (!from.take(s, event_id) || event.user.id.empty()) return;
    if (event.name == "user.created" || event.name == "user.updated") write(s, event.user, now);
    if (event.name == "user.deleted") {
      ensure_owner(s, event.user.id, now);
      s.run("UPDATE owners SET email = NULL, gone_at = $2 WHERE id = $1 AND gone_at IS NULL", event.user.id,
            seconds(now));
    }
  });
}

result<void> profiles::learn(const clerk_user& user, time now) {
  return writing(*db_, [&](statements& s) { write(s, user, now); });
}

result<std::optional<std::string>> profiles::email_of(std::string_view owner) {
  return reading(*db_, [&](statements& s) -> std::optional<std::string> {
    const auto rows = s.run("SELECT email, gone_at FROM owners WHERE id = $1", text(owner));
    if (rows.empty()) return std::nullopt;
    if (!rows.front().is_null(1)) return std::string();
    if (rows.front().is_null(0)) return std::nullopt;
    return rows.front().text(0);
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
