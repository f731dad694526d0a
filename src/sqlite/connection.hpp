// One connection to SQLite with its prepared statements. Belongs to one thread at a time.
#pragma once

#include <texbuild/database.hpp>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace texbuild {
inline namespace v0 {
namespace sqlite {

/// What a failure of SQLite means to a caller.
error to_error(const SQLite::Exception& e);

class connection final : public sql_session {
 public:
  /// Throws `SQLite::Exception`.
  connection(const std::string& file, int flags);

  using sql_session::run;
  result<std::vector<sql_row>> run(std::string_view sql, std::span<const sql_value> parameters) override;
  [[nodiscard]] std::int64_t changed() const override { return db_.getChanges(); }

  /// For PRAGMAs, which cannot be prepared once and for all. Throws `SQLite::Exception`.
  void execute(const char* sql) { db_.exec(sql); }
  /// Between `begin` and COMMIT. An exception of `body` passes through, with everything undone.
  result<void> transaction(const char* begin, const std::function<result<void>(sql_session&)>& body);

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>()(s); }
  };
  SQLite::Statement& prepared(std::string_view sql);
  void roll_back() noexcept;

  SQLite::Database db_;
  std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>, text_hash, std::equal_to<>> statements_;
};

}  // namespace sqlite
}  // namespace v0
}  // namespace texbuild
