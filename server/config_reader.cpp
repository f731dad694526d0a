#include "server/config_reader.hpp"

#include "server/text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace texbuild::server {

std::string variable_of(const std::string& flag) {
  static constexpr std::array<std::string_view, 7> services{"clerk-",    "razorpay-", "polar-",  "akashml-",
                                                            "telegram-", "akash-",    "inngest-"};
  const bool of_a_service =
      std::any_of(services.begin(), services.end(), [&](const auto s) { return flag.starts_with(s); });
  std::string name = of_a_service ? "" : "TEXBUILD_";
  for (const char c : flag) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

void setting_reader::text(const char* flag, std::string& into) {
  if (const auto* v = value(flag)) into = *v;
}

void setting_reader::path(const char* flag, std::filesystem::path& into) {
  if (const auto* v = value(flag)) into = *v;
}

void setting_reader::list(const char* flag, std::vector<std::string>& into) {
  if (const auto* v = value(flag)) into = split(*v, ',');
}

void setting_reader::boolean(const char* flag, bool& into) {
  const auto* v = value(flag);
  if (v == nullptr) return;
  if (const auto b = parse_boolean(*v)) {
    into = *b;
  } else {
    fail(flag, "must be true or false");
  }
}

void setting_reader::origin(const char* flag, std::string& into) {
  text(flag, into);
  while (into.ends_with('/')) into.pop_back();
  if (into.ends_with("/v1")) into.resize(into.size() - 3);
  if (!into.starts_with("https://") && !into.starts_with("http://"))
    fail(flag, "must begin with https:// (or http://)");
}

void setting_reader::secrets(const std::string& flag, std::vector<std::string>& into) {
  const auto previous = flag + "-previous";
  for (const auto& name : {flag, previous}) {
    const auto* key = value(name.c_str());
    if (key == nullptr) continue;
    if (key->size() < 32) fail(name.c_str(), "must have at least 32 bytes; 'openssl rand -hex 32' makes one");
    into.push_back(*key);
  }
  if (value(previous.c_str()) != nullptr && value(flag.c_str()) == nullptr)
    fail(previous.c_str(), "is set without --" + flag + " (" + variable_of(flag) + ")");
}

std::optional<std::uint64_t> setting_reader::number_in(const char* flag, std::uint64_t least, std::uint64_t most) {
  const auto* v = value(flag);
  if (v == nullptr) return std::nullopt;
  const auto n = parse_number(*v);
  if (n && *n >= least && *n <= most) return n;
  fail(flag, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

void setting_reader::fail(const char* flag, const std::string& why) {
  if (!wrong_)
    wrong_ =
        error(errc::invalid_input, "--" + std::string(flag) + " (" + variable_of(flag) + ") " + why).with_subject(flag);
}

const std::string* setting_reader::value(const char* flag) const {
  const auto found = from_.find(flag);
  return found == from_.end() ? nullptr : &found->second;
}

}  // namespace texbuild::server
