#include "src/sqlite/connection.hpp"

#include <SQLiteCpp/Column.h>
#include <sqlite3.h>

namespace texbuild {
inline namespace v0 {
namespace sqlite {
namespace {

constexpr std::size_t most_statements =
    256;  // SQL is written out in the program; more means that someone pastes values

/// Leaves a statement ready for its next use, whatever happened.
class tidy_up {
 public:
  explicit tidy_up(SQLite::Statement& statement) : statement_(statement) {}
  tidy_up(const tidy_up&) = delete;
  tidy_up& operator=(const tidy_up&) = delete;
  ~tidy_up() {
    statement_.tryReset();
    try {
      statement_.clearBindings();
    } catch (const SQLite::Exception&) {  // cannot fail for a statement that exists
    }
  }

 private:
  SQLite::Statement& statement_;
};

void bind(SQLite::Statement& statement, std::size_t number, const sql_value& value) {
  const auto name = "$" + std::to_string(number);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    statement.bind(name, *whole);
  } else if (const auto* real = std::get_if<double>(&value)) {
    statement.bind(name, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    statement.bindNoCopy(name, *text);  // the parameters outlive the run
  } else {
    statement.bind(name);
  }
}

sql_value value_of(const SQLite::Column& column) {
  switch (column.getType()) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(column.getInt64());
    case SQLITE_FLOAT:
      return column.getDouble();
    case SQLITE_NULL:
      return std::monostate();
    default:
      return column.getString();
  }
}

}  // namespace

error to_error(const SQLite::Exception& e) {
  switch (e.getErrorCode() & 0xff) {
    case SQLITE_CONSTRAINT:
      return error(errc::conflict, "this clashes with what is stored already", e.what());
    case SQLITE_FULL:
      return error(errc::insufficient_storage, "the disk of the database is full", e.what());
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return error(errc::unavailable, "the database is busy; try again", e.what());
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return error(errc::unavailable, "the database is damaged, or is no database", e.what());
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return error(errc::unavailable, "the database cannot be written", e.what());
    case SQLITE_CANTOPEN:
      return error(errc::unavailable, "the database cannot be opened", e.what());
    case SQLITE_IOERR:
      return error(errc::unavailable, "the database cannot be read or written", e.what());
    case SQLITE_NOMEM:
      return error(errc::unavailable, "out of memory", e.what());
    default:
      return error(errc::internal, "the database did not understand", e.what());
  }
}

connection::connection(const std::string& file, int flags) : db_(file, flags, 10'000) {
  db_.exec("PRAGMA foreign_keys = ON");
}

SQLite::Statement& connection::prepared(std::string_view sql) {
  if (const auto known = statements_.find(sql); known != statements_.end()) return *known->second;
  if (statements_.size() >= most_statements) statements_.clear();
  auto fresh = std::make_unique<SQLite::Statement>(db_, std::string(sql));
  return *statements_.emplace(std::string(sql), std::move(fresh)).first->second;
}

result<std::vector<sql_row>> connection::run(std::string_view sql, std::span<const sql_value> parameters) {
  try {
    auto& statement = prepared(sql);
    const tidy_up afterwards(statement);
    for (std::size_t i = 0; i < parameters.size(); ++i) bind(statement, i + 1, parameters[i]);
    std::vector<sql_row> rows;
    while (statement.executeStep()) {
      std::vector<sql_value> values;
      const int columns = statement.getColumnCount();
      values.reserve(static_cast<std::size_t>(columns));
      for (int c = 0; c < columns; ++c) values.push_back(value_of(statement.getColumn(c)));
      rows.emplace_back(std::move(values));
    }
    return rows;
  } catch (const SQLite::Exception& e) {
    return to_error(e);
  }
}

result<void> connection::transaction(const char* begin, const std::function<result<void>(sql_session&)>& body) {
  if (auto begun = run(begin); !begun) return begun.error();
  try {
    if (auto done = body(*this); !done) {
      roll_back();
      return done;
    }
  } catch (...) {
    roll_back();
    throw;
  }
  if (auto kept = run("COMMIT"); !kept) {
    roll_back();
    return kept.error();
  }
  return {};
}

void connection::roll_back() noexcept {
  // Some failures (disk full, I/O) have rolled back already, and a second ROLLBACK would be an error.
  if (sqlite3_get_autocommit(db_.getHandle()) == 0) db_.tryExec("ROLLBACK");
}

}  // namespace sqlite
}  // namespace v0
}  // namespace texbuild
