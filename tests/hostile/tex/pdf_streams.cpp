#include "tests/hostile/tex/pdf_streams.hpp"

#include <array>
#include <zlib.h>

namespace hostile {

std::string inflated_streams(std::string_view pdf) {
  std::string all;
  constexpr std::string_view begin = "stream";
  for (auto at = pdf.find(begin); at != std::string_view::npos; at = pdf.find(begin, at + 1)) {
    auto data = pdf.substr(at + begin.size());
    while (!data.empty() && (data.front() == '\r' || data.front() == '\n')) data.remove_prefix(1);
    z_stream z{};
    if (::inflateInit(&z) != Z_OK) continue;
    // zlib's interface is older than const.
    z.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(data.data()));
    z.avail_in = static_cast<uInt>(data.size());
    std::array<char, 65536> chunk{};
    int state = Z_OK;
    while (state == Z_OK) {
      z.next_out = reinterpret_cast<Bytef*>(chunk.data());
      z.avail_out = static_cast<uInt>(chunk.size());
      state = ::inflate(&z, Z_NO_FLUSH);
      all.append(chunk.data(), chunk.size() - z.avail_out);
    }
    ::inflateEnd(&z);
  }
  return all;
}

}  // namespace hostile
