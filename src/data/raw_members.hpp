// The members of a JSON object as they were written: so that what is passed on keeps its numbers and its order, and is
// not read into values and written anew.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace data {

struct raw_member {
  std::string_view name;   ///< with its quotes and escapes
  std::string_view value;  ///< without blanks around it
};

/// `text` has to be a valid JSON object: ask a parser first. The views point into it. Only the outermost members.
std::vector<raw_member> raw_members(std::string_view text);

/// Whether a raw name stands for this one, which has no characters that need an escape. Escapes in it are read.
bool is_named(const raw_member& member, std::string_view name);

/// Writes an object: members first, each as it was, with commas.
class object_writer {
 public:
  void add(const raw_member& member) { add(member.name, member.value); }
  /// Both as JSON has them.
  void add(std::string_view name, std::string_view value);
  [[nodiscard]] std::string take() &&;

 private:
  std::string text_ = "{";
};

}  // namespace data
}  // namespace v0
}  // namespace texbuild
