#include "src/warm/edits.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr std::size_t most_compared = 30'000;
constexpr std::uint64_t most_bytes = 4u << 20;  // of all sources that are remembered

bool is_source(std::string_view name) { return name.ends_with(".tex") || name.ends_with(".ltx"); }

std::size_t changed_line(std::string_view before, std::string_view now) {
  const auto differs = static_cast<std::size_t>(
      std::mismatch(before.begin(), before.end(), now.begin(), now.end()).second - now.begin());
  const auto end_of_line_before = differs == 0 ? std::string_view::npos : now.rfind('\n', differs - 1);
  return end_of_line_before == std::string_view::npos ? 0 : end_of_line_before + 1;
}

}  // namespace

std::optional<edited_place> edit_finder::find(const files::file_tree& tree) {
  std::map<std::string, std::string> now;
  std::vector<std::string> names;
  std::uint64_t left = most_bytes;
  tree.each_file(most_compared, [&](const std::string& name, const files::file_mark& mark) {
    if (!is_source(name) || mark.bytes > left) return;
    left -= mark.bytes;
    names.push_back(name);
  });
  std::optional<edited_place> found;
  for (const auto& name : names) {
    auto text = tree.read(name, most_bytes);
    if (!text) continue;
    const auto before = texts_.find(name);
    if (!found && before != texts_.end() && before->second != *text)
      found = edited_place{name, static_cast<std::int64_t>(changed_line(before->second, *text))};
    now.emplace(name, std::move(*text));
  }
  texts_ = std::move(now);
  return found;
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
