#include "server/assistant/form.hpp"

#include <array>

namespace texbuild::assistant {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '"' && c != '\r' && c != '\n' && c != '\0' && c != '\\') out += c;
  return out;
}

}  // namespace

form::form(entropy& random) : boundary_("texbuild-") {
  std::array<std::byte, 16> bytes{};
  random.fill(bytes);
  for (const auto b : bytes) boundary_ += "0123456789abcdefghjkmnpqrstvwxyz"[std::to_integer<unsigned>(b) & 31];
}

void form::add(std::string_view name, std::string_view value) {
  body_ += "--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + quoted(name) + "\"\r\n\r\n";
  body_ += value;
  body_ += "\r\n";
}

void form::add_file(std::string_view name, std::string_view file_name, std::string_view type, std::string_view bytes) {
  body_ += "--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + quoted(name) + "\"; filename=\"" +
           quoted(file_name) + "\"\r\nContent-Type: " + quoted(type) + "\r\n\r\n";
  body_ += bytes;
  body_ += "\r\n";
}

}  // namespace texbuild::assistant
