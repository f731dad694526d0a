#include "src/process/tex_environment.hpp"

namespace texbuild {
inline namespace v0 {
namespace process {

std::vector<std::pair<std::string, std::string>> tex_environment() {
  return {
      {"HOME", "/tmp"},
      {"TMPDIR", "/tmp"},
      {"LANG", "C.UTF-8"},
      {"TEXMFHOME", "/tmp/texmf-home"},
      {"TEXMFCONFIG", "/tmp/texmf-config"},
      {"TEXMFVAR", "/tmp/texmf-var"},
      {"TEXMFCACHE", "/tmp/texmf-var"},  // luaotfload; see font_cache.hpp for how it sees /cache
      // Fonts that Metafont makes go to TEXMFVAR; earlier ones are found in /cache too.
      {"VARTEXFONTS", "/tmp/texfonts"},
      {"PKFONTS",
       ".:$TEXMF/fonts/pk/{$MAKETEX_MODE,modeless}//:$VARTEXFONTS/pk/{$MAKETEX_MODE,modeless}//:/cache/fonts/pk//"},
      {"TFMFONTS", ".:$TEXMF/fonts/tfm//:$VARTEXFONTS/tfm//:/cache/fonts/tfm//"},
      {"XDG_CACHE_HOME", "/tmp/xdg-cache"},
      // TeX's own guards, beside the sandbox's: no writing above the working folder.
      {"openout_any", "p"},
      {"openin_any", "a"},
      // What TeX may start without shell escape: an .eps becomes a .pdf, a bitmap's size is asked for.
      {"shell_escape_commands", "repstopdf,extractbb,kpsewhich"},
  };
}

}  // namespace process
}  // namespace v0
}  // namespace texbuild
