// An environment of the test's own.
#pragma once

#include "server/tool/data_folder.hpp"

#include <map>
#include <string>
#include <utility>

inline texbuild_tool::variable_reader variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  };
}
