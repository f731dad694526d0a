// The documents of the measurements against latexmk, copies of them that are edited word by word, and both ways to
// build one.
#pragma once

#include "bench/measure.hpp"

#include <texbuild/engine.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace bench {

namespace fs = std::filesystem;

struct document {
  const char* folder;
  const char* word;   // for the command line
  const char* title;  // for tables
  texbuild::tex_engine engine;
};

inline constexpr std::array<document, 7> documents{{
    {"a_hello", "hello", "hello", texbuild::tex_engine::pdflatex},
    {"b_article", "article", "article + bibtex", texbuild::tex_engine::pdflatex},
    {"c_beamer", "beamer", "beamer", texbuild::tex_engine::pdflatex},
    {"d_pgfplots", "pgfplots", "pgfplots", texbuild::tex_engine::pdflatex},
    {"e_xefont", "xelatex", "xelatex", texbuild::tex_engine::xelatex},
    {"f_luafont", "lualatex", "lualatex", texbuild::tex_engine::lualatex},
    {"g_biber", "biber", "biblatex + biber", texbuild::tex_engine::pdflatex},
}};

/// A folder that is gone at the end.
struct scratch_folder {
  fs::path path;
  scratch_folder() {
    auto pattern = (fs::temp_directory_path() / "texbuild-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path = pattern;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

/// A copy of a document, in one folder or in several.
class working_copy {
 public:
  working_copy(const document& d, const std::vector<fs::path>& folders) : folders_(folders) {
    const auto source = fs::path(TEXBUILD_BENCH_DOCUMENTS) / d.folder;
    for (const auto& folder : folders) {
      fs::remove_all(folder);
      fs::create_directories(folder.parent_path());
      fs::copy(source, folder, fs::copy_options::recursive);
    }
    text_ = text_of(source / "main.tex");
  }

  /// Adds a letter to a word of the running text, chosen at random between two places of the body (0: its start, 1: its
  /// end). Where there are not ten words between them, among the ten nearest.
  void edit(double from, double to, std::mt19937& dice) {
    const std::string_view begin = "\\begin{document}";
    const auto body = text_.find(begin) + begin.size();
    const auto distance = [&](std::size_t at) {
      const double place = static_cast<double>(at - body) / static_cast<double>(text_.size() - body);
      return place < from ? from - place : std::max(place - to, 0.0);
    };
    auto words = words_after(body);
    std::stable_sort(words.begin(), words.end(), [&](auto a, auto b) { return distance(a) < distance(b); });
    const auto inside = std::count_if(words.begin(), words.end(), [&](auto at) { return distance(at) == 0; });
    const auto choice = std::min(words.size(), static_cast<std::size_t>(std::max<std::ptrdiff_t>(inside, 10)));
    const auto at = words.at(dice() % choice);
    text_.insert(at, 1, static_cast<char>('a' + dice() % 26));
    for (const auto& folder : folders_) std::ofstream(folder / "main.tex", std::ios::binary) << text_;
  }

 private:
  /// The ends of words in lines of running text, which begin with a letter or an item: no titles, captions, drawings.
  /// A blank is before the word, a blank or the end of a sentence behind it: no labels, formulas, arguments.
  [[nodiscard]] std::vector<std::size_t> words_after(std::size_t at) const {
    std::vector<std::size_t> ends;
    bool running = false;
    for (; at < text_.size(); ++at) {
      if (text_[at - 1] == '\n')
        running = std::isalpha(static_cast<unsigned char>(text_[at])) != 0 || text_.compare(at, 5, "\\item") == 0;
      if (!running || text_[at] != ' ') continue;
      auto end = at + 1;
      while (end < text_.size() && std::islower(static_cast<unsigned char>(text_[end]))) ++end;
      if (end - at > 3 && end < text_.size() && std::string_view(" .!").find(text_[end]) != std::string_view::npos)
        ends.push_back(end);
    }
    return ends;
  }

  std::vector<fs::path> folders_;
  std::string text_;
};

/// The settings of an engine for a measurement: all as they are when nobody sets any, but for fonts, whose lists last
/// from one measurement to the next.
inline texbuild::engine_options usual_options() {
  texbuild::engine_options options;
  options.cache_folder = fs::temp_directory_path() / "texbuild-bench-cache";
  return options;
}

/// Builds through the library; throws unless there is a PDF.
inline texbuild::build_outcome build(texbuild::engine& engine, const document& d, const fs::path& folder,
                                     const std::string& owner) {
  texbuild::build_request request;
  request.engine = d.engine;
  request.owner = owner;
  auto outcome = engine.build(texbuild::project::from_folder(folder).value(), request).value();
  if (!outcome.succeeded() || !outcome.pdf) throw std::runtime_error(std::string(d.word) + ": " + outcome.info.message);
  return outcome;
}

/// Builds with latexmk; its processor time and that of all it ran, in ms. Throws when it fails.
inline double latexmk(const document& d, const fs::path& folder) {
  const char* mode = d.engine == texbuild::tex_engine::xelatex    ? "-pdfxe"
                     : d.engine == texbuild::tex_engine::lualatex ? "-pdflua"
                                                                  : "-pdf";
  std::string command = "cd '" + folder.string() + "' && exec latexmk -norc " + mode +
                        " -interaction=nonstopmode -synctex=1 main.tex >latexmk.out 2>&1 </dev/null";
  char shell[] = "/bin/sh";
  char option[] = "-c";
  char* const argv[] = {shell, option, command.data(), nullptr};
  pid_t pid = -1;
  int status = 0;
  rusage used{};
  if (::posix_spawn(&pid, shell, nullptr, nullptr, argv, environ) != 0 || ::wait4(pid, &status, 0, &used) != pid ||
      status != 0)
    throw std::runtime_error("latexmk: " + text_of(folder / "latexmk.out"));
  const auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

/// How often latexmk ran the engine: "Run number 2 of rule 'pdflatex'", and no other rule that has "latex" in its name.
inline int latexmk_passes(const fs::path& folder) {
  std::ifstream said(folder / "latexmk.out");
  int passes = 0;
  for (std::string line; std::getline(said, line);)
    passes += line.starts_with("Run number ") && line.find("latex'") != std::string::npos;
  return passes;
}

}  // namespace bench
