// The headers by which a client asks for a part of a file, or only for what has changed (RFC 9110, 13 and 14).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace texbuild::server {

struct byte_range {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const byte_range&, const byte_range&) = default;
};

/// What is to be sent: everything, one part, or nothing because no such part exists.
struct range_answer {
  enum class kind { whole, part, none };
  kind what = kind::whole;
  byte_range range;
};

/// `header` is the value of `Range`; anything but one range of bytes is passed over, as the standard allows.
range_answer choose_range(std::string_view header, std::uint64_t size);
/// Whether a list of entity tags (`If-None-Match`) has this one; `tag` with its quotes. `*` has every one.
bool has_tag(std::string_view list, std::string_view tag);

}  // namespace texbuild::server
