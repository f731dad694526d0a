// Wall time of a build through the library (sandbox on, clean start, SyncTeX on) against latexmk on the same project,
// interleaved in one run. Prints a Markdown table of medians and ratios.
//
//   bench_latexmk [rounds] [document …]
#include <texbuild/engine.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
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

template <class F>
double timed(F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return milliseconds(std::chrono::steady_clock::now() - start).count();
}

bool latexmk(const fs::path& folder, texbuild::tex_engine engine) {
  const char* mode = engine == texbuild::tex_engine::xelatex    ? "-pdfxe"
                     : engine == texbuild::tex_engine::lualatex ? "-pdflua"
                                                                : "-pdf";
  const std::string command = "cd '" + folder.string() + "' && exec latexmk -norc " + mode +
                              " -interaction=nonstopmode -synctex=1 main.tex >latexmk.out 2>&1 </dev/null";
  return std::system(command.c_str()) == 0;
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
  auto engine = texbuild::engine::open(options).value();
  std::cerr << "warming the font cache …\n";
  engine.warm().value();

  std::cout << "| document | latexmk, ms | texbuild, ms | ratio |\n|---|---|---|---|\n";
  const auto scratch = fs::temp_directory_path() / ("texbuild-bench-" + std::to_string(::getpid()));
  for (const auto& document : documents) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), document.name) == wanted.end()) continue;
    const auto source = fs::path(TEXBUILD_BENCH_DOCUMENTS) / document.name;
    std::vector<double> theirs;
    std::vector<double> ours;
    for (int round = -1; round < rounds; ++round) {  // round -1 warms the disk and is thrown away
      fs::remove_all(scratch);
      fs::copy(source, scratch, fs::copy_options::recursive);
      bool good = true;
      const auto a = timed([&] { good = latexmk(scratch, document.engine); });
      const auto b = timed([&] {
        texbuild::build_request request;
        request.engine = document.engine;
        const auto outcome = engine.build(texbuild::project::from_folder(source).value(), request).value();
        good = good && outcome.succeeded() && outcome.pdf;
        if (!outcome.succeeded()) std::cerr << outcome.info.message << '\n';
      });
      if (!good) {
        std::cerr << document.name << ": a build failed; nothing to compare\n";
        return 1;
      }
      if (round < 0) continue;
      theirs.push_back(a);
      ours.push_back(b);
    }
    std::printf("| %s | %.0f | %.0f | %.2f |\n", document.name.c_str() + 2, median(theirs), median(ours),
                median(ours) / median(theirs));
    std::fflush(stdout);
  }
  fs::remove_all(scratch);
  return 0;
}
