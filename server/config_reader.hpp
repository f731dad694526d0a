// Settings by their flags, read into values of their kind; for config.cpp and config_platform.cpp.
#pragma once

#include "server/config.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace texbuild::server {

using setting_values = std::map<std::string, std::string>;

/// `listen` is TEXBUILD_LISTEN, `clerk-issuer` is CLERK_ISSUER.
std::string variable_of(const std::string& flag);

/// Reads values into settings; the first that is wrong stays in `wrong`.
class setting_reader {
 public:
  setting_reader(const setting_values& from, std::optional<error>& wrong) : from_(from), wrong_(wrong) {}

  void text(const char* flag, std::string& into);
  void path(const char* flag, std::filesystem::path& into);
  void list(const char* flag, std::vector<std::string>& into);
  void boolean(const char* flag, bool& into);
  /// The origin of an address: without a slash at the end, and without the `/v1` that some write.
  void origin(const char* flag, std::string& into);
  /// Secrets of at least 32 bytes, the present one first.
  void secrets(const std::string& flag, std::vector<std::string>& into);
  template <class T>
  void number(const char* flag, std::uint64_t least, std::uint64_t most, T& into) {
    if (const auto n = number_in(flag, least, most)) into = static_cast<T>(*n);
  }
  void fail(const char* flag, const std::string& why);
  /// Null if it was not given.
  [[nodiscard]] const std::string* value(const char* flag) const;

 private:
  std::optional<std::uint64_t> number_in(const char* flag, std::uint64_t least, std::uint64_t most);
  const setting_values& from_;
  std::optional<error>& wrong_;
};

/// The settings of the platform: Polar, chat, assistants, durable functions.
void read_platform(setting_reader& r, settings& s);

}  // namespace texbuild::server
