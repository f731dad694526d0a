#include "tests/edits/picture.hpp"

#include <cstdint>
#include <cstdio>
#include <vector>
#include <zlib.h>

namespace {

std::string big_endian(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
  return out;
}

const unsigned char* bytes_of(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string chunk(const std::string& kind, const std::string& data) {
  const auto body = kind + data;
  const auto sum = ::crc32(0, bytes_of(body), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(static_cast<std::uint32_t>(sum));
}

}  // namespace

std::string png_picture(int number) {
  const auto n = static_cast<unsigned>(number);
  const auto wide = 3 + n % 5;
  const auto high = 3 + n % 7;
  std::string rows;
  for (unsigned y = 0; y < high; ++y) {
    rows += '\0';  // no filter
    for (unsigned x = 0; x < wide * 3; ++x) rows += static_cast<char>(n * 37 + y * 11 + x * 5);
  }
  auto size = ::compressBound(static_cast<uLong>(rows.size()));
  std::vector<unsigned char> packed(size);
  ::compress(packed.data(), &size, bytes_of(rows), static_cast<uLong>(rows.size()));
  const std::string head = big_endian(wide) + big_endian(high) + std::string("\x08\x02\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", head) +
         chunk("IDAT", std::string(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size))) +
         chunk("IEND", "");
}

std::string pdf_picture(int number) {
  const auto side = std::to_string(20 + number % 50);
  const auto content = "BT /F 8 Tf 2 5 Td (" + std::to_string(number) + ") Tj ET";
  const std::vector<std::string> objects{
      "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 " + side + " " + side +
          "] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
      "<< /Length " + std::to_string(content.size()) + " >>\nstream\n" + content + "\nendstream",
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"};
  std::string out = "%PDF-1.4\n";
  std::string table;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    char line[32];
    std::snprintf(line, sizeof line, "%010zu 00000 n \n", out.size());
    table += line;
    out += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
  }
  const auto start = out.size();
  const auto count = std::to_string(objects.size() + 1);
  return out + "xref\n0 " + count + "\n0000000000 65535 f \n" + table + "trailer\n<< /Size " + count +
         " /Root 1 0 R >>\nstartxref\n" + std::to_string(start) + "\n%%EOF\n";
}
