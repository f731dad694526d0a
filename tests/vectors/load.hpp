// Reads a file of test vectors.
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <fstream>
#include <iterator>
#include <string>

namespace texbuild_test {

inline boost::json::value load_vectors(const std::string& name) {
  std::ifstream in(std::string(TEXBUILD_SOURCE_DIR) + "/tests/vectors/" + name, std::ios::binary);
  return boost::json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
}

}  // namespace texbuild_test
