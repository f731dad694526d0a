// Any bytes as a form, cut at a place that the first byte chooses: no crash, no part without an end before the next.
#include "server/multipart.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

struct checker final : texbuild::server::part_sink {
  bool inside = false;
  texbuild::result<void> begin(const texbuild::server::part_header&) override {
    if (inside) std::abort();
    inside = true;
    return {};
  }
  texbuild::result<void> data(std::string_view) override {
    if (!inside) std::abort();
    return {};
  }
  texbuild::result<void> end() override {
    if (!inside) std::abort();
    inside = false;
    return {};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)texbuild::server::multipart_boundary(text);
  checker sink;
  texbuild::server::multipart_parser parser("b");
  const auto cut = text.empty() ? 0 : data[0] % text.size();
  if (parser.feed(text.substr(0, cut), sink)) (void)parser.feed(text.substr(cut), sink);
  return 0;
}
