// A build through the library (sandbox on, clean start, SyncTeX on) against latexmk on the same project: wall time,
// interleaved in one run. Prints a Markdown table of medians and ratios.
//
//   bench_latexmk [rounds] [document …]
#include <texbuild/engine.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;
using milliseconds = std::chrono::duration<double, std::milli>;

struct document {
  std::string name;
  texbuild::tex_engine engine;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// What was measured in every round.
struct figures {
  std::vector<double> wall;  // ms
  int passes = 0;            // of the TeX engine

  [[nodiscard]] double wall_median() const { return median(wall); }
};

template <class F>
void measure(figures& into, F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  into.wall.push_back(milliseconds(std::chrono::steady_clock::now() - start).count());
}

bool latexmk(const fs::path& folder, texbuild::tex_engine engine) {
  const char* mode = engine == texbuild::tex_engine::xelatex    ? "-pdfxe"
                     : engine == texbuild::tex_engine::lualatex ? "-pdflua"
                                                                : "-pdf";
  const std::string command = "cd '" + folder.string() + "' && exec latexmk -norc " + mode +
                              " -interaction=nonstopmode -synctex=1 main.tex >latexmk.out 2>&1 </dev/null";
  return std::system(command.c_str()) == 0;
}

/// How often latexmk ran the engine: "Run number 2 of rule 'pdflatex'", and no other rule that has "latex" in its name.
int latexmk_passes(const fs::path& folder) {
  std::ifstream said(folder / "latexmk.out");
  int passes = 0;
  for (std::string line; std::getline(said, line);)
    passes += line.starts_with("Run number ") && line.find("latex'") != std::string::npos;
  return passes;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 7;
  const std::vector<std::string> wanted(argv + std::min(argc, 2), argv + argc);
  using texbuild::tex_engine;
  const std::vector<document> documents = {{"a_hello", tex_engine::pdflatex},  {"b_article", tex_engine::pdflatex},
                                           {"c_beamer", tex_engine::pdflatex}, {"d_pgfplots", tex_engine::pdflatex},
                                           {"e_xefont", tex_engine::xelatex},  {"f_luafont", tex_engine::lualatex},
                                           {"g_biber", tex_engine::pdflatex}};

  texbuild::engine_options options;
  options.cache_folder = fs::temp_directory_path() / "texbuild-bench-cache";
  options.result_cache_bytes = 0;  // every round is the first build of its project, as it is for latexmk
  options.keep_state = false;
  auto engine = texbuild::engine::open(options).value();
  std::cerr << "warming the font cache …\n";
  engine.warm().value();

  std::cout << "| document | texbuild, ms | latexmk, ms | ratio | passes, texbuild / latexmk |\n"
               "|---|---:|---:|---:|---:|\n";
  const auto scratch = fs::temp_directory_path() / ("texbuild-bench-" + std::to_string(::getpid()));
  for (const auto& document : documents) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), document.name) == wanted.end()) continue;
    const auto source = fs::path(TEXBUILD_BENCH_DOCUMENTS) / document.name;
    figures theirs;
    figures ours;
    for (int round = -1; round < rounds; ++round) {  // round -1 warms the disk and is thrown away
      fs::remove_all(scratch);
      fs::copy(source, scratch, fs::copy_options::recursive);
      if (round == 0) theirs = ours = {};
      bool good = true;
      const auto run_theirs = [&] { measure(theirs, [&] { good = latexmk(scratch, document.engine) && good; }); };
      const auto run_ours = [&] {
        measure(ours, [&] {
          texbuild::build_request request;
          request.engine = document.engine;
          const auto outcome = engine.build(texbuild::project::from_folder(source).value(), request).value();
          good = good && outcome.succeeded() && outcome.pdf;
          ours.passes = outcome.info.passes;
          if (!outcome.succeeded()) std::cerr << outcome.info.message << '\n';
        });
      };
      if (round % 2 == 0) run_ours();  // who goes first changes, so that neither finds the disk warmer
      run_theirs();
      if (round % 2 != 0) run_ours();
      theirs.passes = latexmk_passes(scratch);
      if (!good) {
        std::cerr << document.name << ": a build failed; nothing to compare\n";
        return 1;
      }
    }
    std::printf("| %s | %.0f | %.0f | %.2f | %d / %d |\n", document.name.c_str() + 2, ours.wall_median(),
                theirs.wall_median(), ours.wall_median() / theirs.wall_median(), ours.passes, theirs.passes);
    std::fflush(stdout);
  }
  fs::remove_all(scratch);
  return 0;
}
