// Makes ZIPs byte by byte, so that a test can tell any lie in them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild_test {

/// One entry. What is not set is derived from the data, truthfully.
struct zip_part {
  std::string name;
  std::string data;
  std::uint16_t method = 8;        ///< 8 deflates, anything else stores
  std::uint16_t flags = 0x800;     ///< names are UTF-8
  std::uint16_t made_by = 3 << 8;  ///< Unix
  std::uint32_t mode = 0100644;    ///< goes into the external attributes
  bool descriptor = false;         ///< sizes follow the data, as when the writer could not seek
  bool descriptor_magic = true;
  bool zip64 = false;  ///< sizes and offset in the zip64 field
  std::string extra;   ///< further extra fields, in both headers

  std::optional<std::string> local_name;
  std::optional<std::uint16_t> local_method, local_flags, claimed_method;
  std::optional<std::uint32_t> local_crc, central_crc;
  std::optional<std::uint64_t> local_packed, local_bytes, central_packed, central_bytes, central_offset;
  std::optional<std::string> packed;  ///< instead of what the method makes of the data
};

class zip_builder {
 public:
  /// The part may be changed until the next call of `add`.
  zip_part& add(std::string name, std::string data = "x");
  zip_part& link(std::string name, std::string target);
  zip_part& folder(std::string name);

  /// Has the shape of a whole ZIP, but for the lies.
  [[nodiscard]] std::string build() const;
  void save(const std::filesystem::path& to) const;

  std::string before;   ///< bytes in front, which the offsets know of
  std::string unknown;  ///< bytes in front, which the offsets do not know of
  std::string comment;
  std::string after;
  bool zip64_end = false;
  std::optional<std::uint64_t> claimed_entries, claimed_table_bytes, claimed_table_begin;
  std::uint16_t disk = 0;

 private:
  std::vector<zip_part> parts_;
};

/// Raw deflate.
[[nodiscard]] std::string deflated(std::string_view data);
[[nodiscard]] std::uint32_t crc_of(std::string_view data);
/// Little-endian.
[[nodiscard]] std::string number(std::uint64_t value, int bytes);
/// The bomb of D. Fifield: `count` entries that share one kernel of `kernel_bytes` zeros.
[[nodiscard]] std::string overlapping_bomb(int count, std::size_t kernel_bytes);

}  // namespace texbuild_test
