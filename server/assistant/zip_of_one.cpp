#include "server/assistant/zip_of_one.hpp"

#include <cstdint>

namespace texbuild::assistant {
namespace {

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

/// Little endian.
void put(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
}

}  // namespace

std::string zip_of_one(std::string_view name, std::string_view bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const auto length = static_cast<std::uint32_t>(name.size());
  std::string entry;        // what both headers have in common
  put(entry, 20, 2);        // version 2.0
  put(entry, 1U << 11, 2);  // the name is UTF-8
  put(entry, 0, 2);         // stored
  put(entry, 0, 2);         // time
  put(entry, 0x21, 2);      // 1980-01-01
  put(entry, crc32(bytes), 4);
  put(entry, size, 4);
  put(entry, size, 4);
  put(entry, length, 2);
  put(entry, 0, 2);  // no extra field

  std::string out;
  put(out, 0x04034B50, 4);
  out += entry;
  out += name;
  out += bytes;
  const auto directory = static_cast<std::uint32_t>(out.size());
  put(out, 0x02014B50, 4);
  put(out, 20, 2);  // made by
  out += entry;
  put(out, 0, 2);  // comment
  put(out, 0, 2);  // disk
  put(out, 0, 2);  // internal attributes
  put(out, 0, 4);  // external attributes
  put(out, 0, 4);  // offset
  out += name;
  const auto directory_size = static_cast<std::uint32_t>(out.size()) - directory;
  put(out, 0x06054B50, 4);
  put(out, 0, 2);
  put(out, 0, 2);
  put(out, 1, 2);
  put(out, 1, 2);
  put(out, directory_size, 4);
  put(out, directory, 4);
  put(out, 0, 2);
  return out;
}

}  // namespace texbuild::assistant
