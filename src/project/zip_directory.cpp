#include "src/project/zip_directory.hpp"

#include "src/project/names.hpp"

#include <boost/crc.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <sys/stat.h>

namespace texbuild {
inline namespace v0 {
namespace projects {
namespace {

constexpr std::uint32_t local_magic = 0x04034b50;
constexpr std::uint32_t central_magic = 0x02014b50;
constexpr std::uint32_t end_magic = 0x06054b50;
constexpr std::uint32_t end64_magic = 0x06064b50;
constexpr std::uint32_t locator_magic = 0x07064b50;
constexpr std::uint32_t descriptor_magic = 0x08074b50;
constexpr std::uint64_t local_size = 30;
constexpr std::uint64_t central_size = 46;
constexpr std::uint64_t end_size = 22;
constexpr std::uint64_t end64_size = 56;
constexpr std::uint64_t locator_size = 20;
constexpr std::uint64_t most_table_bytes = 32U << 20U;  // ten thousand entries with very long names take 12 MB
constexpr std::uint16_t in_zip64 = 0xffff;
constexpr std::uint32_t in_zip64_long = 0xffffffff;

std::uint64_t number(std::span<const std::byte> bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8U | std::to_integer<std::uint64_t>(bytes[at + i]);
  return value;
}
std::uint16_t u16(std::span<const std::byte> b, std::size_t at) { return static_cast<std::uint16_t>(number(b, at, 2)); }
std::uint32_t u32(std::span<const std::byte> b, std::size_t at) { return static_cast<std::uint32_t>(number(b, at, 4)); }
std::uint64_t u64(std::span<const std::byte> b, std::size_t at) { return number(b, at, 8); }

bool read_exactly(const byte_source& zip, std::uint64_t at, std::span<std::byte> out) {
  return zip.read(at, out) == static_cast<std::int64_t>(out.size());
}

error bad_zip(std::string why) { return error(errc::invalid_input, std::move(why)); }

error cut_off() {
  return bad_zip("the ZIP is damaged or cut off: its table of contents is missing; make it again and send it whole");
}

error inconsistent() {
  return bad_zip("the ZIP contradicts itself: its table of contents is not where it says; make it again");
}

struct table {
  std::uint64_t entries = 0;
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
};

// The table as the end record at `end` (`record`) describes it, through zip64 if there is that.
result<table> table_of(const byte_source& zip, std::uint64_t end, std::span<const std::byte> record) {
  table found{u16(record, 10), u32(record, 16), u32(record, 12)};
  std::uint64_t table_end = end;
  std::array<std::byte, locator_size> locator{};
  if (end >= locator_size && read_exactly(zip, end - locator_size, locator) && u32(locator, 0) == locator_magic) {
    const auto at = u64(locator, 8);
    std::array<std::byte, end64_size> wide{};
    if (at > end - locator_size || end - locator_size - at < end64_size || !read_exactly(zip, at, wide)) {
      return inconsistent();
    }
    if (u32(wide, 0) != end64_magic || u64(wide, 4) != end - locator_size - at - 12) return inconsistent();
    if (u32(locator, 4) != 0 || u32(locator, 16) > 1 || u32(wide, 16) != 0 || u32(wide, 20) != 0) {
      return bad_zip("the ZIP is one part of several; send one whole ZIP");
    }
    const table narrow = found;
    found = {u64(wide, 32), u64(wide, 48), u64(wide, 40)};
    if (u64(wide, 24) != found.entries || (narrow.entries != in_zip64 && narrow.entries != found.entries) ||
        (narrow.begin != in_zip64_long && narrow.begin != found.begin) ||
        (narrow.bytes != in_zip64_long && narrow.bytes != found.bytes)) {
      return inconsistent();
    }
    table_end = at;
  } else if (u16(record, 4) != 0 || u16(record, 6) != 0 || u16(record, 8) != found.entries) {
    return bad_zip("the ZIP is one part of several; send one whole ZIP");
  }
  if (found.begin > table_end || found.bytes != table_end - found.begin) return inconsistent();
  return found;
}

// The end record is searched from the back, since a comment or stray bytes may follow it.
result<table> find_table(const byte_source& zip) {
  const auto size = zip.size();
  std::array<std::byte, 4> first{};
  const bool like_zip = read_exactly(zip, 0, first) && (u32(first, 0) == local_magic || u32(first, 0) == end_magic);
  const error missing =
      like_zip ? cut_off() : error(errc::invalid_input, "this is not a ZIP; send the project's folder as a ZIP");
  if (size < end_size) return missing;
  const auto window = std::min<std::uint64_t>(size, end_size + 0xffff);
  std::vector<std::byte> tail(window);
  if (!read_exactly(zip, size - window, tail)) return error(errc::internal, "the ZIP could not be read");
  std::optional<error> first_failure;
  for (auto at = window - end_size + 1; at-- > 0;) {
    const std::span<const std::byte> record = std::span<const std::byte>(tail).subspan(at);
    if (u32(record, 0) != end_magic || u16(record, 20) > record.size() - end_size) continue;
    auto found = table_of(zip, size - window + at, record);
    if (found) return found;
    if (!first_failure) first_failure = found.error();
  }
  return first_failure ? *first_failure : missing;
}

// The zip64 and Unicode fields among the extra fields; what is malformed beyond them does not matter.
struct extra_fields {
  std::span<const std::byte> wide;
  std::span<const std::byte> unicode_name;
};

extra_fields find_extra(std::span<const std::byte> extra) {
  extra_fields found;
  while (extra.size() >= 4) {
    const auto id = u16(extra, 0);
    const auto size = u16(extra, 2);
    if (size > extra.size() - 4) break;
    if (id == 0x0001) found.wide = extra.subspan(4, size);
    if (id == 0x7075) found.unicode_name = extra.subspan(4, size);
    extra = extra.subspan(4U + size);
  }
  return found;
}

// Replaces a value that did not fit by the next one of the zip64 field.
bool widen(std::uint64_t& value, std::span<const std::byte>& wide) {
  if (value != in_zip64_long) return true;
  if (wide.size() < 8) return false;
  value = u64(wide, 0);
  wide = wide.subspan(8);
  return true;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// macOS writes UTF-8 without saying so; Info-ZIP adds it in a field; DOS and old Windows use the PC's code page.
result<std::string> decoded(std::span<const std::byte> raw, bool says_utf8, std::span<const std::byte> unicode) {
  const auto text = as_text(raw);
  if (says_utf8) {
    if (!is_utf8(text)) return bad_entry(text, "is not UTF-8 though the ZIP says so; rename it");
    return std::string(text);
  }
  if (unicode.size() > 5 && unicode[0] == std::byte{1}) {
    boost::crc_32_type crc;
    crc.process_bytes(raw.data(), raw.size());
    const auto better = as_text(unicode.subspan(5));
    if (crc.checksum() == u32(unicode, 1) && is_utf8(better)) return std::string(better);
  }
  return is_utf8(text) ? std::string(text) : from_code_page_437(text);
}

bool is_encrypted(std::uint16_t flags, std::uint16_t method) { return (flags & 0x2041U) != 0 || method == 99; }

result<zip_kind> kind_of(const zip_entry& entry, std::uint16_t made_by, std::uint32_t attributes) {
  const bool slash = entry.raw_name.ends_with('/');
  const auto system = made_by >> 8U;
  const bool unix_mode = system == 3 || system == 19 || system == 0;
  const auto mode = unix_mode ? attributes >> 16U & S_IFMT : 0U;
  if (mode == S_IFIFO || mode == S_IFCHR || mode == S_IFBLK || mode == S_IFSOCK) {
    return bad_entry(entry.name, "is a device, pipe or socket, not a file; leave it out");
  }
  if (mode == S_IFLNK) {
    if (slash) return bad_entry(entry.name, "is both a link and a folder; make the ZIP again");
    return zip_kind::link;
  }
  return slash || mode == S_IFDIR ? zip_kind::folder : zip_kind::file;
}

struct central_entry {
  zip_entry entry;
  std::uint16_t flags = 0;
  std::uint64_t next = 0;  // where the following record begins
};

result<central_entry> read_central(const byte_source& zip, std::uint64_t at, std::uint64_t end,
                                   const project_limits& limits) {
  std::array<std::byte, central_size> head{};
  if (end - at < central_size || !read_exactly(zip, at, head) || u32(head, 0) != central_magic) return inconsistent();
  const std::size_t name_size = u16(head, 28);
  const std::size_t extra_size = u16(head, 30);
  central_entry found;
  found.next = at + central_size + name_size + extra_size + u16(head, 32);
  if (found.next > end) return inconsistent();
  std::vector<std::byte> rest(name_size + extra_size);
  if (!read_exactly(zip, at + central_size, rest)) return inconsistent();
  const auto raw = std::span<const std::byte>(rest).first(name_size);
  const auto extra = find_extra(std::span<const std::byte>(rest).subspan(name_size));

  auto& entry = found.entry;
  entry.raw_name = as_text(raw);
  if (name_size > limits.name_bytes) return bad_entry(entry.raw_name, "is too long a name; shorten it");
  found.flags = u16(head, 8);
  auto name = decoded(raw, (found.flags & 0x800U) != 0, extra.unicode_name);
  if (!name) return name.error();
  auto checked = checked_name(*name, limits);
  if (!checked) return checked.error();
  entry.name = std::move(*checked);
  entry.method = u16(head, 10);
  entry.crc = u32(head, 16);
  entry.packed = u32(head, 20);
  entry.bytes = u32(head, 24);
  entry.begin = u32(head, 42);
  auto wide = extra.wide;
  if (!widen(entry.bytes, wide) || !widen(entry.packed, wide) || !widen(entry.begin, wide)) {
    return bad_entry(entry.name, "has no size in the ZIP; make the ZIP again");
  }
  const auto disk = u16(head, 34);
  if (disk != 0 && disk != in_zip64)
    return bad_entry(entry.name, "lies in another part of the ZIP; send one whole ZIP");
  if (is_encrypted(found.flags, entry.method)) {
    return bad_entry(entry.name, "is encrypted; make the ZIP without a password");
  }
  if ((found.flags & 0x20U) != 0 || (entry.method != 0 && entry.method != 8)) {
    return bad_entry(entry.name, "is compressed in an unusual way (method " + std::to_string(entry.method) +
                                     "); make the ZIP with the usual \"deflate\"");
  }
  auto kind = kind_of(entry, u16(head, 4), u32(head, 38));
  if (!kind) return kind.error();
  entry.kind = *kind;
  return found;
}

error contradicts(const zip_entry& entry) {
  return bad_entry(entry.name, "is described in two ways that contradict each other; make the ZIP again");
}

// The sizes once more, after data that was written as a stream. Its four forms: with or without a magic, 32 or 64 bits.
std::optional<std::uint64_t> descriptor_end(const byte_source& zip, std::uint64_t at, const zip_entry& entry) {
  std::array<std::byte, 24> bytes{};
  const auto got = zip.read(at, bytes);
  for (const std::size_t magic : {std::size_t{4}, std::size_t{0}}) {
    if (magic != 0 && u32(bytes, 0) != descriptor_magic) continue;
    for (const std::size_t width : {std::size_t{4}, std::size_t{8}}) {
      const auto size = magic + 4 + 2 * width;
      if (got >= static_cast<std::int64_t>(size) && u32(bytes, magic) == entry.crc &&
          number(bytes, magic + 4, width) == entry.packed && number(bytes, magic + 4 + width, width) == entry.bytes) {
        return at + size;
      }
    }
  }
  return std::nullopt;
}

// Checks the local header against the central one. Gives where the entry's last byte ends.
result<std::uint64_t> check_local(const byte_source& zip, const central_entry& central, std::uint64_t end) {
  const auto& entry = central.entry;
  std::array<std::byte, local_size> head{};
  if (entry.begin > end || end - entry.begin < local_size || !read_exactly(zip, entry.begin, head) ||
      u32(head, 0) != local_magic) {
    return bad_entry(entry.name, "is not where the ZIP says; make the ZIP again");
  }
  const std::size_t name_size = u16(head, 26);
  const std::size_t extra_size = u16(head, 28);
  const auto flags = u16(head, 6);
  const auto data = entry.begin + local_size + name_size + extra_size;
  if (data > end || end - data < entry.packed) {
    return bad_entry(entry.name, "is cut off or lies about its size; make the ZIP again");
  }
  if (is_encrypted(flags, u16(head, 8))) return bad_entry(entry.name, "is encrypted; make the ZIP without a password");
  if (name_size != entry.raw_name.size() || u16(head, 8) != entry.method) return contradicts(entry);
  std::vector<std::byte> rest(name_size + extra_size);
  if (!read_exactly(zip, entry.begin + local_size, rest)) return contradicts(entry);
  if (as_text(std::span<const std::byte>(rest).first(name_size)) != entry.raw_name) return contradicts(entry);

  std::uint64_t packed = u32(head, 18);
  std::uint64_t bytes = u32(head, 22);
  auto wide = find_extra(std::span<const std::byte>(rest).subspan(name_size)).wide;
  if (!widen(bytes, wide) || !widen(packed, wide)) return contradicts(entry);
  const auto crc = u32(head, 14);
  const bool matches = crc == entry.crc && packed == entry.packed && bytes == entry.bytes;
  const bool streamed = ((flags | central.flags) & 0x8U) != 0;
  if (!streamed) {
    if (!matches) return contradicts(entry);
    return data + entry.packed;
  }
  if (!matches && (crc != 0 && crc != entry.crc)) return contradicts(entry);
  if (!matches && ((packed != 0 && packed != entry.packed) || (bytes != 0 && bytes != entry.bytes))) {
    return contradicts(entry);
  }
  const auto finish = descriptor_end(zip, data + entry.packed, entry);
  if (finish && *finish <= end) return *finish;
  // Folders and stored files often carry the flag and no descriptor: fine where the header itself was right.
  if (matches) return data + entry.packed;
  return contradicts(entry);
}

result<void> check_sizes(const std::vector<zip_entry>& entries, const project_limits& limits) {
  std::uint64_t total = 0;
  for (const auto& entry : entries) {
    if (entry.bytes > limits.unpacked_bytes || limits.unpacked_bytes - entry.bytes < total) {
      return bad_entry(entry.name, "and what comes before it unpack to more than the " +
                                       std::to_string(limits.unpacked_bytes >> 20U) +
                                       " MB a project may hold; leave out what TeX does not need");
    }
    total += entry.bytes;
    if (entry.bytes > (16U << 20U) && entry.bytes / std::max<std::uint64_t>(limits.ratio, 1) > entry.packed) {
      return bad_entry(entry.name, "unpacks to so many times its size as only a ZIP bomb does; leave it out");
    }
    if (entry.method == 0 && entry.bytes != entry.packed) return contradicts(entry);
    if (entry.kind == zip_kind::folder && entry.bytes != 0) {
      return bad_entry(entry.name, "is a folder that holds data itself; make the ZIP again");
    }
    if (entry.kind == zip_kind::link && entry.bytes > 4096) {
      return bad_entry(entry.name, "is a link to an impossibly long path; leave it out");
    }
  }
  return {};
}

}  // namespace

result<std::vector<zip_entry>> read_zip_directory(const byte_source& zip, const project_limits& limits) {
  const auto found = find_table(zip);
  if (!found) return found.error();
  if (found->entries > limits.entries) {
    return bad_zip("the ZIP holds " + std::to_string(found->entries) + " entries; at most " +
                   std::to_string(limits.entries) + " are allowed");
  }
  if (found->bytes > most_table_bytes) return bad_zip("the ZIP's table of contents is too large; make the ZIP again");
  if (found->bytes / central_size < found->entries) return inconsistent();

  std::vector<zip_entry> entries;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> extents;
  entries.reserve(found->entries);
  extents.reserve(found->entries);
  const auto end = found->begin + found->bytes;
  auto at = found->begin;
  for (std::uint64_t i = 0; i < found->entries; ++i) {
    auto central = read_central(zip, at, end, limits);
    if (!central) return central.error();
    const auto finish = check_local(zip, *central, found->begin);
    if (!finish) return finish.error();
    at = central->next;
    extents.emplace_back(central->entry.begin, *finish);
    entries.push_back(std::move(central->entry));
  }
  if (at != end) return inconsistent();
  if (auto sizes = check_sizes(entries, limits); !sizes) return sizes.error();

  std::vector<std::size_t> order(entries.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return extents[a] < extents[b]; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (extents[order[i]].first < extents[order[i - 1]].second) {
      return bad_entry(entries[order[i]].name, "overlaps another entry in the ZIP, as only a ZIP bomb does");
    }
  }
  return entries;
}

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
