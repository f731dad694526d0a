#include "src/warm/preload_image.hpp"

// The assembler reads the file; TEXBUILD_PRELOAD names it.
asm(".pushsection .rodata\n"
    ".global texbuild_preload_begin\n.hidden texbuild_preload_begin\n"
    ".global texbuild_preload_end\n.hidden texbuild_preload_end\n"
    "texbuild_preload_begin:\n.incbin \"" TEXBUILD_PRELOAD
    "\"\n"
    "texbuild_preload_end:\n"
    ".popsection\n");

extern "C" const char texbuild_preload_begin[];
extern "C" const char texbuild_preload_end[];

namespace texbuild {
inline namespace v0 {
namespace warm {

std::string_view preload_image() noexcept {
  return {texbuild_preload_begin, static_cast<std::size_t>(texbuild_preload_end - texbuild_preload_begin)};
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
