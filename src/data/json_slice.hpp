// JSON read without a tree: checked once as a whole, then taken apart into views of what was written. Numbers keep
// every digit, and nothing needs more memory than the text.
#pragma once

#include <texbuild/error.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace data {

constexpr std::size_t json_depth = 100;  ///< objects and arrays in one another

/// The tokens of a text. Each method leaves the place as it is when the token is not there.
class json_lexer {
 public:
  explicit json_lexer(std::string_view text) : text_(text) {}
  void skip_space() noexcept;
  bool take(char c) noexcept;
  /// With its quotes. UTF-8, no control characters, no half of a surrogate pair.
  std::optional<std::string_view> string() noexcept;
  std::optional<std::string_view> number() noexcept;
  /// `true`, `false` or `null`.
  std::optional<std::string_view> word() noexcept;
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }

 private:
  [[nodiscard]] std::size_t escape(std::size_t at) const noexcept;
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Whether this is one JSON value (RFC 8259) of bounded depth with no member name twice in an object.
/// `errc::invalid_input`.
result<void> check_json(std::string_view text, std::size_t depth = json_depth);

// What follows wants text that `check_json` found good, or a part of it that these functions gave.

/// Without the space around it.
std::string_view trimmed(std::string_view value) noexcept;
/// The characters that a string token stands for.
std::string decoded(std::string_view token);
/// In the order in which they were written; nothing for what is no object.
std::vector<std::pair<std::string, std::string_view>> members(std::string_view object);
std::optional<std::string_view> member(std::string_view object, std::string_view name);
/// Nothing for what is no array.
std::vector<std::string_view> elements(std::string_view array);

/// A string token. Escapes as ECMAScript does; bytes that are no UTF-8 become U+FFFD.
std::string quoted(std::string_view text);

/// Writes an object of members whose values are JSON already.
class object_writer {
 public:
  void add(std::string_view name, std::string_view value);
  [[nodiscard]] std::string take() &&;

 private:
  std::string text_ = "{";
};

}  // namespace data
}  // namespace v0
}  // namespace texbuild
