#include <texbuild/database.hpp>

namespace texbuild {
inline namespace v0 {

bool sql_row::is_null(std::size_t column) const {
  return column >= values_.size() || std::holds_alternative<std::monostate>(values_[column]);
}

std::int64_t sql_row::integer(std::size_t column) const { return maybe_integer(column).value_or(0); }

std::optional<std::int64_t> sql_row::maybe_integer(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  if (const auto* whole = std::get_if<std::int64_t>(&values_[column])) return *whole;
  if (const auto* number = std::get_if<double>(&values_[column])) return static_cast<std::int64_t>(*number);
  return std::nullopt;
}

double sql_row::real(std::size_t column) const {
  if (is_null(column)) return 0;
  if (const auto* number = std::get_if<double>(&values_[column])) return *number;
  return static_cast<double>(integer(column));
}

const std::string& sql_row::text(std::size_t column) const {
  static const std::string empty;
  if (is_null(column)) return empty;
  const auto* words = std::get_if<std::string>(&values_[column]);
  return words != nullptr ? *words : empty;
}

}  // namespace v0
}  // namespace texbuild
