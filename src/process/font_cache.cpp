#include "src/process/font_cache.hpp"

#include "src/process/hostile_folder.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace process {
namespace {

namespace fs = std::filesystem;

// Loads every cut, weight and size of LaTeX's own fonts (a document's title alone asks for sizes that its text does
// not). A font that is missing here is prepared again by every pass of every build that uses it, which takes 0.1 to 0.5
// s.
constexpr const char* lua_document = R"(\documentclass{article}
\usepackage{fontspec,amsmath}
\makeatletter
\begin{document}
\@for\family:=lmr,lmss,lmtt\do{\@for\series:=m,b,bx\do{\@for\shape:=n,it,sl,sc\do{%
\@for\size:=5,6,7,8,9,10,10.95,12,14.4,17.28,20.74,24.88\do{%
{\fontfamily{\family}\fontseries{\series}\fontshape{\shape}\fontsize{\size}{\size}\selectfont x }}}}}
$a^2+b^2=\sqrt{c}$
\end{document}
)";

constexpr const char* bitmap_document = R"(\documentclass{article}
\usepackage[T1]{fontenc}
\begin{document}
Roman \textbf{bold} \textit{italic} \texttt{mono} \textsf{sans} {\Large large \textbf{bold}} {\footnotesize small}
\end{document}
)";

/// Changes when TeX Live does (packages rewrite ls-R, engines are replaced), and when other fonts are warmed.
std::string fingerprint() {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto mix = [&hash](std::uint64_t value) {
    hash ^= value;
    hash *= 0x100000001b3ULL;
  };
  for (const char* file : {"/usr/share/texlive/texmf-dist/ls-R", "/usr/share/texmf-dist/ls-R", "/usr/share/texmf/ls-R",
                           "/var/lib/texmf/ls-R", "/usr/local/share/texmf/ls-R", "/usr/bin/luahbtex",
                           "/usr/bin/lualatex", "/usr/bin/pdftex", "/usr/share/fonts"}) {
    struct stat info {};
    if (::stat(file, &info) != 0) continue;
    mix(static_cast<std::uint64_t>(info.st_mtim.tv_sec));
    mix(static_cast<std::uint64_t>(info.st_size));
  }
  for (const std::string_view document : {lua_document, bitmap_document})
    for (const unsigned char c : document) mix(c);
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash));
  return std::string("fonts-") + text.data();
}

}  // namespace

std::optional<fs::path> warm_font_cache(const fs::path& cache_folder) {
  auto folder = cache_folder / fingerprint();
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return std::nullopt;
  return folder;
}

namespace {

/// Removes what processes that were killed while they made a cache have left.
void remove_abandoned(const fs::path& cache_folder) {
  constexpr std::string_view prefix = ".new-";
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(cache_folder, ignored)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto maker = std::atoi(name.c_str() + prefix.size());
    if (maker > 0 && maker != ::getpid() && ::kill(maker, 0) != 0 && errno == ESRCH) remove_folder(entry.path());
  }
}

}  // namespace

result<void> warm_fonts(process_runner& processes, const fs::path& cache_folder, std::stop_token stop,
                        const std::function<void(std::string_view)>& progress) {
  if (warm_font_cache(cache_folder)) return {};
  remove_abandoned(cache_folder);
  static std::atomic<unsigned> count{0};
  const auto work = cache_folder / (".new-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
  std::error_code failed;
  for (const char* part : {"job", "tmp", "cache"}) fs::create_directories(work / part, failed);
  if (failed) return error(errc::unavailable, "the font cache's folder cannot be written", failed.message());
  std::ofstream(work / "job/lua.tex") << lua_document;
  std::ofstream(work / "job/bitmap.tex") << bitmap_document;

  const std::vector<std::vector<std::string>> steps = {
      {"luaotfload-tool", "--update"},
      {"lualatex", "-interaction=batchmode", "lua.tex"},
      {"pdflatex", "-interaction=batchmode", "bitmap.tex"},
  };
  const auto run_all = [&]() -> result<void> {
    for (const auto& argv : steps) {
      if (progress) progress(argv.front());
      command step;
      step.argv = argv;
      step.root = work / "job";
      step.scratch = work / "tmp";
      step.writable = {{work / "cache", "/cache"}};
      step.variables = {{"TEXMFVAR", "/cache"}, {"TEXMFCACHE", "/cache"}};
      step.limits.wall = std::chrono::minutes(10);
      step.limits.cpu = std::chrono::minutes(10);
      const auto ran = processes.run(
          step, [](std::string_view) {}, stop);
      if (!ran) return ran.error();
      if (ran->canceled) return error(errc::canceled, "warming was stopped");
      // A program that is not installed or fails leaves its part of the cache empty: builds then do without.
    }
    return {};
  };
  auto done = run_all();
  if (done) {
    fs::rename(work / "cache", cache_folder / fingerprint(), failed);  // fails when another one was quicker
    for (const auto& old : fs::directory_iterator(cache_folder, failed)) {
      const auto name = old.path().filename().string();
      if (name.starts_with("fonts-") && name != fingerprint())
        fs::remove_all(old.path(), failed);  // of an older TeX Live
    }
  }
  fs::remove_all(work, failed);
  return done;
}

void link_font_cache(const fs::path& warm, const fs::path& scratch) {
  std::error_code ignored;  // without a link the font is made again: slower, never wrong
  const auto from = warm / "luatex-cache";
  const auto to = scratch / "texmf-var/luatex-cache";
  for (const auto& entry : fs::recursive_directory_iterator(from, ignored)) {
    const auto relative = entry.path().lexically_relative(from);
    if (entry.is_directory(ignored)) {
      fs::create_directories(to / relative, ignored);
    } else if (entry.path().filename().string().starts_with("luaotfload-lookup-cache")) {
      fs::create_directories((to / relative).parent_path(), ignored);
      fs::copy_file(entry.path(), to / relative, ignored);  // written again by every run that looks up a font
    } else {
      fs::create_symlink("/cache/luatex-cache" / relative, to / relative, ignored);
    }
  }
}

}  // namespace process
}  // namespace v0
}  // namespace texbuild
