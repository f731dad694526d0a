// A bar chart as SVG, for light and dark pages: a group of bars for each column of a table, a line at 1.00.
#pragma once

#include "bench/measure.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace bench {

struct ratio_chart {
  std::string title;
  std::string one;    // what 1.00 is
  std::string below;  // a line under the chart
  std::vector<std::string> groups;
  std::vector<std::string> bars;
  std::vector<std::vector<std::optional<double>>> values;  // [bar][group]; nothing: no bar

  void write(const std::filesystem::path& file) const {
    static constexpr const char* colours[] = {"#8c9aa8", "#0f7fc4", "#e09a00", "#0a9e75", "#c76a9c"};
    constexpr int bar = 22, gap = 26, left = 48, top = 84, height = 240;
    const int all_bars = bar * static_cast<int>(bars.size());
    const int group = std::max(all_bars, 90) + gap;  // wide enough for its name
    const int width = left + std::max(group * static_cast<int>(groups.size()), 800) + 12;
    double most = 1.1;
    for (const auto& row : values)
      for (const auto& v : row) most = std::max(most, v.value_or(0) * 1.05);
    const auto y = [&](double value) { return top + height * (1 - value / most); };

    std::string svg =
        format(R"(<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">)",
               width, top + height + 58, width, top + height + 58);
    svg += "\n<title>" + title + "</title>\n" +
           R"(<style>
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .small { font-size: 10px; }
  .big { font-size: 14px; font-weight: 600; }
  .grid { stroke: #8c959f; stroke-opacity: .35; }
  .one { stroke: #cf222e; stroke-width: 1.5; }
  text.one { fill: #cf222e; stroke: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #d1d7e0; }
    .one { stroke: #ff7b72; }
    text.one { fill: #ff7b72; }
  }
</style>
)";
    svg += format(R"(<text class="big" x="%d" y="20">)", left) + title + "</text>\n";
    int x = left;
    for (std::size_t i = 0; i < bars.size(); ++i) {  // the legend
      svg += format(R"(<rect x="%d" y="36" width="12" height="12" fill="%s"/><text x="%d" y="46">)", x,
                    colours[i % std::size(colours)], x + 17) +
             bars[i] + "</text>\n";
      x += 34 + 7 * static_cast<int>(bars[i].size());
    }
    for (const double line : {0.0, 0.25, 0.5, 0.75})
      svg += format(R"(<path class="grid" d="M%d %.1fH%d"/><text class="small" x="%d" y="%.1f" text-anchor="end">%.2f)",
                    left, y(line), width - 12, left - 6, y(line) + 4, line) +
             "</text>\n";
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const int from = left + static_cast<int>(g) * group + (group - all_bars) / 2;
      for (std::size_t b = 0; b < bars.size(); ++b) {
        if (!values[b][g]) continue;
        const double v = *values[b][g];
        const int at = from + static_cast<int>(b) * bar;
        svg += format(R"(<rect x="%d" y="%.1f" width="%d" height="%.1f" fill="%s"><title>)", at, y(v), bar - 2,
                      y(0) - y(v), colours[b % std::size(colours)]) +
               groups[g] + ", " + bars[b] + format(": %.2f</title></rect>", v) +
               format(R"(<text class="small" x="%d" y="%.1f" text-anchor="middle">%.2f</text>)", at + bar / 2 - 1,
                      y(v) - 4, v) +
               "\n";
      }
      svg += format(R"(<text x="%d" y="%d" text-anchor="middle">)", from + all_bars / 2, top + height + 20) +
             groups[g] + "</text>\n";
    }
    svg +=
        format(R"(<path class="one" d="M%d %.1fH%d"/><text class="one small" x="%d" y="%.1f" text-anchor="end">1.00)",
               left, y(1), width - 12, left - 6, y(1) + 4) +
        "</text>\n" + format(R"(<text class="one" x="%d" y="%.1f">)", left + 6, y(1) - 6) + one + "</text>\n" +
        format(R"(<text class="small" x="%d" y="%d">)", left, top + height + 44) + below + "</text>\n</svg>\n";
    std::ofstream(file, std::ios::binary) << svg;
  }
};

}  // namespace bench
