// What makes two projects the same: names and contents of their files.
#include "src/crypto/digest.hpp"
#include "src/crypto/hmac.hpp"
#include "src/project/source.hpp"

#include <string>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace projects {

result<std::string> hash_contents(const project::source& from, const std::function<bool(std::string_view)>& which) {
  crypto::sha256_stream all;
  crypto::sha256_stream one;
  std::unique_ptr<project::source::reader> reader;
  constexpr std::string_view end("\0", 1);  // no name holds it
  const auto& tree = from.tree();
  for (std::size_t i = 0; i < tree.files.size(); ++i) {
    const auto& name = tree.files[i].name;
    if (which && !which(name)) continue;
    all.add(name);
    all.add(end);
    if (const auto known = from.known_hash(tree.origins[i]); !known.empty()) {
      all.add(known);
      continue;
    }
    if (!reader) {
      auto opened = from.open();
      if (!opened) return opened.error();
      reader = std::move(*opened);
    }
    auto read = reader->stream(tree.origins[i], [&](std::span<const std::byte> part) -> result<void> {
      one.add({reinterpret_cast<const char*>(part.data()), part.size()});
      return {};
    });
    if (!read) return read.error();
    all.add(one.finish());
  }
  if (!which) {
    for (const auto& name : tree.empty_folders) {
      all.add(name);
      all.add("/");
      all.add(end);
    }
  }
  return crypto::hex(all.finish());
}

}  // namespace projects
}  // namespace v0
}  // namespace texbuild
