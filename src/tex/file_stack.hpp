// Which file TeX is reading, told from the parentheses in its log.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace tex {

class file_stack {
 public:
  /// A line of the log that is no message.
  void read(std::string_view line);
  /// The innermost file, as the engine printed it; "" if not known.
  [[nodiscard]] std::string_view top() const;
  /// The file that was closed last.
  [[nodiscard]] std::string_view last_closed() const { return last_closed_; }

 private:
  // "" stands for a parenthesis that opened no file: its end must not close one.
  std::vector<std::string> open_;
  std::string last_closed_;
  std::size_t too_deep_ = 0;
};

}  // namespace tex
}  // namespace v0
}  // namespace texbuild
