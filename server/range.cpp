#include "server/range.hpp"

#include "server/text.hpp"

#include <algorithm>

namespace texbuild::server {

range_answer choose_range(std::string_view header, std::uint64_t size) {
  range_answer answer{range_answer::kind::whole, {0, size}};
  if (!lower_case(header.substr(0, std::min<std::size_t>(6, header.size()))).starts_with("bytes=")) return answer;
  header = trimmed(header.substr(6));
  const auto dash = header.find('-');
  if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return answer;
  const auto first = parse_number(header.substr(0, dash));
  const auto last = parse_number(header.substr(dash + 1));
  if (dash == 0) {  // the last so many bytes
    if (!last) return answer;
    if (*last == 0 || size == 0) return {range_answer::kind::none, {}};
    const auto length = std::min(*last, size);
    return {range_answer::kind::part, {size - length, length}};
  }
  const bool open = dash + 1 == header.size();
  if (!first || (!open && !last) || (last && *last < *first)) return answer;
  if (*first >= size) return {range_answer::kind::none, {}};
  const auto end = open ? size - 1 : std::min(*last, size - 1);
  return {range_answer::kind::part, {*first, end - *first + 1}};
}

bool has_tag(std::string_view list, std::string_view tag) {
  for (const auto& item : split(list, ',')) {
    std::string_view one = item;
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);  // weak comparison is what If-None-Match wants
    if (one == tag) return true;
  }
  return false;
}

}  // namespace texbuild::server
