/// @file
/// The seam to the database. Every store of the library is written once, in SQL that SQLite and PostgreSQL both speak:
/// placeholders are `$1`, `$2`, …; types are BIGINT, DOUBLE PRECISION and TEXT; `ON CONFLICT` and `RETURNING` are used.
#pragma once

#include <texbuild/error.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// One value of a row or a parameter. `std::monostate` is NULL.
using sql_value = std::variant<std::monostate, std::int64_t, double, std::string>;

/// One row, by position. The accessors of a NULL give 0 or the empty text.
class TEXBUILD_API sql_row {
 public:
  sql_row() = default;
  explicit sql_row(std::vector<sql_value> values) : values_(std::move(values)) {}
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  [[nodiscard]] bool is_null(std::size_t column) const;
  [[nodiscard]] std::int64_t integer(std::size_t column) const;
  [[nodiscard]] double real(std::size_t column) const;
  [[nodiscard]] const std::string& text(std::size_t column) const;
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(std::size_t column) const;

 private:
  std::vector<sql_value> values_;
};

/// What a transaction can do. Lives only inside the function given to `database::read` or `write`; not shared.
class TEXBUILD_API sql_session {
 public:
  virtual ~sql_session() = default;
  /// Runs one statement and gives all its rows. `errc::conflict` for a broken UNIQUE, CHECK or foreign key.
  virtual result<std::vector<sql_row>> run(std::string_view sql, std::span<const sql_value> parameters) = 0;

  /// The same with the parameters in place: `s.run("… $1", id)`.
  template <class... P>
  requires(sizeof...(P) > 0) && (std::constructible_from<sql_value, P> &&
                                 ...) result<std::vector<sql_row>> run(std::string_view sql, P&&... parameters) {
    const sql_value values[] = {sql_value(std::forward<P>(parameters))...};
    return run(sql, std::span<const sql_value>(values));
  }
  result<std::vector<sql_row>> run(std::string_view sql) { return run(sql, std::span<const sql_value>()); }
  /// How many rows the last INSERT, UPDATE or DELETE of this session touched.
  [[nodiscard]] virtual std::int64_t changed() const = 0;
};

/// A database. Thread safe. Calls block: make them from a pool, never from an I/O thread.
class TEXBUILD_API database {
 public:
  virtual ~database() = default;
  /// Runs `body` in one transaction that may write: committed and durable when this returns success, undone when
  /// `body` gives an error or throws. May run `body` more than once (a serialisation failure): no side effects in it.
  virtual result<void> write(const std::function<result<void>(sql_session&)>& body) = 0;
  /// Runs `body` on a consistent snapshot; it must not write.
  virtual result<void> read(const std::function<result<void>(sql_session&)>& body) = 0;
};

/// What a commit of SQLite outlives. Neither loses anything when the process is killed.
enum class durability {
  full,     ///< a power failure too
  relaxed,  ///< a power failure may undo the last seconds; many times quicker, for what nobody misses
};

/// Opens (and makes, if need be) a SQLite database in WAL mode. `:memory:` gives a private one that is gone with the
/// object. `errc::unavailable` if it cannot be opened or is no database.
TEXBUILD_API result<std::shared_ptr<database>> open_sqlite(const std::filesystem::path& file,
                                                           durability commits = durability::full);

}  // namespace v0
}  // namespace texbuild
