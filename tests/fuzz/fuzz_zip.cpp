// The reader of ZIP directories against any bytes, and what it lets through against its own promises.
#include "src/project/files.hpp"
#include "src/project/zip_directory.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace projects = texbuild::projects;
  const projects::memory_source zip(std::as_bytes(std::span(data, size)));
  texbuild::project_limits limits;
  limits.entries = 100;
  const auto entries = projects::read_zip_directory(zip, limits);
  if (!entries) return 0;
  std::uint64_t packed = 0;
  for (const auto& entry : *entries) {
    packed += entry.packed;
    const auto& name = entry.name;
    if (name.starts_with('/') || name == ".." || name.starts_with("../") || name.find("/../") != name.npos)
      std::abort();
    if (name.find('\0') != name.npos || name.find('\\') != name.npos) std::abort();
  }
  // Without overlaps, the parts cannot be more than the whole.
  if (packed > size || entries->size() > limits.entries) std::abort();
  return 0;
}
