// The part of the Common Expression Language that the runner over the database understands: comparisons of paths in
// `event` and `async` with each other and with literals, joined by && || ! and parentheses. Pure.
#pragma once

#include <texbuild/json_text.hpp>

#include <memory>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace functions {

class expression {
 public:
  /// `errc::invalid_input` tells what is not understood. An empty text holds always.
  static result<expression> parse(std::string_view text);
  /// What is not there is null. Values of different kinds are different, and neither is less. Anything but true is
  /// false.
  [[nodiscard]] bool holds(const json_text& event, const json_text& async = {}) const;

  struct node;

 private:
  std::shared_ptr<const node> root_;  // null: always
};

}  // namespace functions
}  // namespace v0
}  // namespace texbuild
