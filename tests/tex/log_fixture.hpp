// Logs of real engines and helpers (TeX Live 2022), in tests/tex/logs; lines that only name registers are cut out.
#pragma once

#include <texbuild/build.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace texbuild::tex {

inline std::string log_text(const std::string& name) {
  std::ifstream file(std::string(TEXBUILD_TEST_DATA) + "/logs/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// "error main.tex:3: Undefined …" and so on.
inline std::vector<std::string> as_lines(const std::vector<diagnostic>& diagnostics) {
  std::vector<std::string> lines;
  for (const auto& d : diagnostics) {
    lines.push_back(std::string(to_string(d.level)) + ' ' + to_string(d));
  }
  return lines;
}

}  // namespace texbuild::tex
