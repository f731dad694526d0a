#include "src/warm/preload_image.hpp"

// The assembler reads the files; TEXBUILD_PRELOAD and TEXBUILD_PERL_MODULE name them.
#define TEXBUILD_CARRIED(symbol, file)                                                                   \
  asm(".pushsection .rodata\n"                                                                           \
      ".global " symbol "_begin\n.hidden " symbol                                                        \
      "_begin\n"                                                                                         \
      ".global " symbol "_end\n.hidden " symbol "_end\n" symbol "_begin:\n.incbin \"" file "\"\n" symbol \
      "_end:\n"                                                                                          \
      ".popsection\n")

TEXBUILD_CARRIED("texbuild_preload", TEXBUILD_PRELOAD);
TEXBUILD_CARRIED("texbuild_perl_module", TEXBUILD_PERL_MODULE);

extern "C" const char texbuild_preload_begin[];
extern "C" const char texbuild_preload_end[];
extern "C" const char texbuild_perl_module_begin[];
extern "C" const char texbuild_perl_module_end[];

namespace texbuild {
inline namespace v0 {
namespace warm {

std::string_view preload_image() noexcept {
  return {texbuild_preload_begin, static_cast<std::size_t>(texbuild_preload_end - texbuild_preload_begin)};
}

std::string_view perl_module() noexcept {
  return {texbuild_perl_module_begin, static_cast<std::size_t>(texbuild_perl_module_end - texbuild_perl_module_begin)};
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild
