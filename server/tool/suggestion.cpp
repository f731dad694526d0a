#include "server/tool/suggestion.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace texbuild_tool {
namespace {

// Letters to change, add, remove or swap with their neighbour (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  std::iota(d[0].begin(), d[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view typed, std::span<const std::string> known) {
  constexpr std::size_t longest = 40;  // nobody mistypes a word like that
  if (typed.empty() || typed.size() > longest) return {};
  std::size_t best = typed.size() <= 4 ? 2 : 3;  // not reached: every second word would be near a short one
  std::string found;
  for (const auto& word : known) {
    const bool begun = typed.size() >= 3 && word.starts_with(typed);
    const auto far = begun ? 1 : distance(typed, word);
    if (far >= best) continue;
    best = far;
    found = word;
  }
  return found;
}

std::string did_you_mean(std::string_view typed, std::span<const std::string> known) {
  const auto word = nearest(typed, known);
  return word.empty() ? std::string() : "; did you mean '" + word + "'?";
}

}  // namespace texbuild_tool
