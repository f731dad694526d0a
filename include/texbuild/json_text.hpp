/// @file
/// A JSON value as text, for interfaces that take and give JSON without choosing a library for you. Build small values
/// with it, read single members; for more, give `text()` to the library of your choice and come back with `parse`.
#pragma once

#include <texbuild/error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// Always valid JSON (RFC 8259), no member name twice; what is parsed is at most 100 deep. A value type; numbers keep
/// every digit that was written. Reading takes time in proportion to the text.
class TEXBUILD_API json_text {
 public:
  using member = std::pair<std::string, json_text>;

  json_text() : text_("null") {}
  json_text(std::nullptr_t) : json_text() {}  // NOLINT(google-explicit-constructor): a value, written as in JSON
  template <std::same_as<bool> T>
  json_text(T value) : text_(value ? "true" : "false") {}  // NOLINT(google-explicit-constructor)
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>)  // NOLINTNEXTLINE(google-explicit-constructor)
      json_text(T value)
      : text_(std::to_string(value)) {}
  json_text(char) = delete;  // a text of one character, or its number?
  json_text(double value);   // NOLINT(google-explicit-constructor): null if it is not finite
  template <std::convertible_to<std::string_view> T>
  json_text(const T& value)  // NOLINT(google-explicit-constructor)
      : text_(quoted(std::string_view(value))) {}

  /// `errc::invalid_input` for anything but one JSON value.
  static result<json_text> parse(std::string text);
  /// Of two members with one name the later one counts.
  static json_text object(std::vector<member> members);
  static json_text array(const std::vector<json_text>& elements);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  /// What a JSON pointer (RFC 6901) such as "/data/pages" leads to; "" is the value itself.
  [[nodiscard]] std::optional<json_text> find(std::string_view pointer) const;
  [[nodiscard]] bool is_null() const noexcept { return text_ == "null"; }
  [[nodiscard]] bool is_object() const noexcept { return text_.front() == '{'; }
  [[nodiscard]] bool is_array() const noexcept { return text_.front() == '['; }
  /// Nothing if it is no string.
  [[nodiscard]] std::optional<std::string> as_text() const;
  /// Nothing if it is no whole number, or does not fit.
  [[nodiscard]] std::optional<std::int64_t> as_integer() const;
  [[nodiscard]] std::optional<double> as_number() const;
  [[nodiscard]] std::optional<bool> as_bool() const;
  /// Of an array, else nothing.
  [[nodiscard]] std::vector<json_text> elements() const;
  /// Of an object, else nothing.
  [[nodiscard]] std::vector<member> members() const;

  /// Whether the texts are the same: {"a":1} is not {"a": 1}.
  friend bool operator==(const json_text&, const json_text&) = default;

 private:
  static json_text part(std::string_view text);  // of what is JSON already
  static std::string quoted(std::string_view text);
  std::string text_;  // without space around it
};

}  // namespace v0
}  // namespace texbuild
