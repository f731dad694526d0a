// What the files of the build store share: transactions that stop at the first error, rows to values, and the one
// place where counters are kept.
#pragma once

#include "src/store/build_store.hpp"

#include <optional>
#include <type_traits>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace store {

/// Thrown inside a transaction to undo it; never leaves this folder.
struct refused {
  error why;
};

/// A session whose errors end the transaction, so that the statements can be read one after the other.
class statements {
 public:
  explicit statements(sql_session& session) : session_(session) {}
  template <class... P>
  std::vector<sql_row> run(std::string_view sql, P&&... parameters) {
    auto rows = session_.run(sql, std::forward<P>(parameters)...);
    if (!rows) throw refused{rows.error()};
    return std::move(*rows);
  }
  [[nodiscard]] std::int64_t changed() const { return session_.changed(); }

 private:
  sql_session& session_;
};

/// `body(statements&)` in one transaction; what it gives back, if anything, or why not.
template <class Body>
auto in_transaction(database& db, result<void> (database::*kind)(const std::function<result<void>(sql_session&)>&),
                    Body body) -> result<decltype(body(std::declval<statements&>()))> {
  const auto stopped_by_errors = [&](const auto& what) {
    return (db.*kind)([&](sql_session& session) -> result<void> {
      try {
        statements s(session);
        what(s);
        return {};
      } catch (const refused& r) {
        return r.why;
      }
    });
  };
  using given = decltype(body(std::declval<statements&>()));
  if constexpr (std::is_void_v<given>) {
    return stopped_by_errors(body);
  } else {
    std::optional<given> value;
    auto done = stopped_by_errors([&](statements& s) { value.emplace(body(s)); });
    if (!done) return done.error();
    return std::move(*value);
  }
}
template <class Body>
auto writing(database& db, Body body) {
  return in_transaction(db, &database::write, std::move(body));
}
template <class Body>
auto reading(database& db, Body body) {
  return in_transaction(db, &database::read, std::move(body));
}

/// A row of `builds` with what is not told to everyone.
struct build_row {
  build_info info;
  int priority = 0;
  std::int64_t fence = 0;
  int attempts = 0;
  bool cancel_requested = false;
};

std::int64_t seconds(time t);
time at(std::int64_t seconds);
/// The calendar month (UTC), such as 202611.
std::int64_t month_of(time t);
inline std::string text(std::string_view s) { return std::string(s); }

/// Makes sure that there is a row for this owner.
void ensure_owner(statements& s, std::string_view owner, time now);

/// The columns that `build_from` wants, in its order.
extern const std::string_view build_columns;
build_row build_from(const sql_row& row);
/// The row of a build, a deleted one too.
std::optional<build_row> look_up(statements& s, std::string_view id);
/// The row of a build that is compiling under this lease.
std::optional<build_row> held(statements& s, std::string_view id, std::int64_t fence);

/// Moves a build to another status, with the counters, times and messages that go with it. Changes `row` too.
void move(statements& s, build_row& row, build_status to, time now);
/// Ends a build: what came of it, its report, and what later builds may make of it.
void write_end(statements& s, build_row& row, const finished_build& end, time now);
/// The result of this build serves no more.
void drop_result(statements& s, std::string_view build);
/// Changes what is kept for a build.
void keep(statements& s, build_row& row, std::uint64_t bytes);
/// Counts a build that is new, in its owner's row (which has to be there), lane and the total.
void count_new(statements& s, const build_row& row);

}  // namespace store
}  // namespace v0
}  // namespace texbuild
