#include "tests/project/zip_builder.hpp"

#include <fstream>
#include <stdexcept>
#include <zlib.h>

namespace texbuild_test {

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

std::string deflated(std::string_view data) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("deflate");
  std::string in(data);
  std::string out(deflateBound(&stream, in.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (done != Z_STREAM_END) throw std::runtime_error("deflate");
  return out;
}

std::uint32_t crc_of(std::string_view data) {
  const std::string in(data);
  return static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(in.data()), static_cast<uInt>(in.size())));
}

zip_part& zip_builder::add(std::string name, std::string data) {
  auto& part = parts_.emplace_back();
  part.name = std::move(name);
  part.data = std::move(data);
  return part;
}

zip_part& zip_builder::link(std::string name, std::string target) {
  auto& part = add(std::move(name), std::move(target));
  part.mode = 0120777;
  part.method = 0;
  return part;
}

zip_part& zip_builder::folder(std::string name) {
  auto& part = add(std::move(name), "");
  part.mode = 0040755;
  part.method = 0;
  return part;
}

std::string zip_builder::build() const {
  std::string out = before;
  std::string table;
  for (const auto& part : parts_) {
    const auto packed = part.packed ? *part.packed : part.method == 8 ? deflated(part.data) : part.data;
    const auto crc = crc_of(part.data);
    const std::uint64_t begin = out.size();
    const auto flags = static_cast<std::uint16_t>(part.flags | (part.descriptor ? 8 : 0));
    const auto method = part.claimed_method.value_or(part.method);
    const auto local_name = part.local_name.value_or(part.name);
    const auto local_packed = part.local_packed.value_or(part.descriptor ? 0 : packed.size());
    const auto local_bytes = part.local_bytes.value_or(part.descriptor ? 0 : part.data.size());
    const std::uint64_t wide = 0xffffffff;

    std::string extra = part.extra;
    if (part.zip64) extra += number(1, 2) + number(16, 2) + number(local_bytes, 8) + number(local_packed, 8);
    out += "PK\3\4" + number(45, 2) + number(part.local_flags.value_or(flags), 2) +
           number(part.local_method.value_or(method), 2) + number(0x58215000, 4) +
           number(part.local_crc.value_or(part.descriptor ? 0 : crc), 4) + number(part.zip64 ? wide : local_packed, 4) +
           number(part.zip64 ? wide : local_bytes, 4) + number(local_name.size(), 2) + number(extra.size(), 2) +
           local_name + extra + packed;
    if (part.descriptor) {
      const int width = part.zip64 ? 8 : 4;
      if (part.descriptor_magic) out += "PK\7\10";
      out += number(crc, 4) + number(packed.size(), width) + number(part.data.size(), width);
    }

    const auto central_packed = part.central_packed.value_or(packed.size());
    const auto central_bytes = part.central_bytes.value_or(part.data.size());
    const auto offset = part.central_offset.value_or(begin);
    extra = part.extra;
    if (part.zip64) {
      extra += number(1, 2) + number(24, 2) + number(central_bytes, 8) + number(central_packed, 8) + number(offset, 8);
    }
    table += "PK\1\2" + number(part.made_by | 45, 2) + number(45, 2) + number(flags, 2) + number(method, 2) +
             number(0x58215000, 4) + number(part.central_crc.value_or(crc), 4) +
             number(part.zip64 ? wide : central_packed, 4) + number(part.zip64 ? wide : central_bytes, 4) +
             number(part.name.size(), 2) + number(extra.size(), 2) + number(0, 2) + number(0, 2) + number(0, 2) +
             number(std::uint64_t{part.mode} << 16, 4) + number(part.zip64 ? wide : offset, 4) + part.name + extra;
  }
  const auto entries = claimed_entries.value_or(parts_.size());
  const auto table_bytes = claimed_table_bytes.value_or(table.size());
  const auto table_begin = claimed_table_begin.value_or(out.size());
  out += table;
  if (zip64_end) {
    const auto at = out.size();
    out += "PK\6\6" + number(44, 8) + number(45, 2) + number(45, 2) + number(disk, 4) + number(disk, 4) +
           number(entries, 8) + number(entries, 8) + number(table_bytes, 8) + number(table_begin, 8);
    out += "PK\6\7" + number(0, 4) + number(at, 8) + number(1, 4);
    out += "PK\5\6" + number(0xffff, 2) + number(0xffff, 2) + number(0xffff, 2) + number(0xffff, 2) +
           number(0xffffffff, 4) + number(0xffffffff, 4);
  } else {
    out += "PK\5\6" + number(disk, 2) + number(disk, 2) + number(entries, 2) + number(entries, 2) +
           number(table_bytes, 4) + number(table_begin, 4);
  }
  return unknown + out + number(comment.size(), 2) + comment + after;
}

void zip_builder::save(const std::filesystem::path& to) const {
  std::ofstream file(to, std::ios::binary);
  file << build();
  if (!file.flush()) throw std::runtime_error("cannot write the ZIP");
}

std::string overlapping_bomb(int count, std::size_t kernel_bytes) {
  const std::string zeros(kernel_bytes, '\0');
  const auto packed = deflated(zeros);
  const auto crc = crc_of(zeros);
  const std::string sizes = number(crc, 4) + number(packed.size(), 4) + number(zeros.size(), 4);
  const std::string kind = number(20, 2) + number(0, 2) + number(8, 2) + number(0x58215000, 4);
  const std::string name = "a";
  std::string out = "PK\3\4" + kind + sizes + number(1, 2) + number(0, 2) + name + packed;
  const auto begin = out.size();
  for (int i = 0; i < count; ++i) {
    out += "PK\1\2" + number(3 << 8, 2) + kind + sizes + number(1, 2) + std::string(12, char{0}) + number(0, 4) +
           static_cast<char>('a' + i % 26);
  }
  const auto bytes = out.size() - begin;
  return out + "PK\5\6" + number(0, 4) + number(count, 2) + number(count, 2) + number(bytes, 4) + number(begin, 4) +
         number(0, 2);
}

}  // namespace texbuild_test
