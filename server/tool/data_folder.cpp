#include "server/tool/data_folder.hpp"

#include <cstdlib>
#include <system_error>
#include <unistd.h>

namespace texbuild_tool {

namespace fs = std::filesystem;

std::string read_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path default_data_folder(const variable_reader& variable) {
  // The specification: a relative path is to be ignored.
  if (const fs::path cache = variable("XDG_CACHE_HOME"); cache.is_absolute()) return cache / "texbuild";
  if (const fs::path home = variable("HOME"); home.is_absolute()) return home / ".cache/texbuild";
  return {};
}

fs::path font_cache_folder(const fs::path& wanted, const variable_reader& variable) {
  if (!wanted.empty()) return fs::absolute(wanted) / "cache";
  const auto folder = default_data_folder(variable);
  if (folder.empty()) return {};
  auto cache = folder / "cache";
  std::error_code failed;
  fs::create_directories(cache, failed);
  if (failed || ::access(cache.c_str(), W_OK) != 0) return {};
  return cache;
}

fs::path builds_folder(const fs::path& wanted, const variable_reader& variable) {
  const auto folder = wanted.empty() ? default_data_folder(variable) : fs::absolute(wanted);
  if (folder.empty()) return {};
  std::error_code failed;
  fs::create_directories(folder, failed);
  return failed || ::access(folder.c_str(), W_OK) != 0 ? fs::path() : folder / "builds";
}

}  // namespace texbuild_tool
