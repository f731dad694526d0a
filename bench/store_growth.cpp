// What submitting and listing cost with few and with 100 000 stored builds: medians of calls in turns on an empty and
// on a full store, and their ratios.
//
//   bench_store [builds]
#include <texbuild/engine.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;
using microseconds = std::chrono::duration<double, std::micro>;

double median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The same call on the store that has few builds and on the one that has many, in turns: what else the machine does
/// then slows both.
struct row {
  std::vector<double> few;
  std::vector<double> many;

  template <class F>
  void measure(int rounds, texbuild::engine& small, texbuild::engine& large, F&& work) {
    const auto once = [&work](texbuild::engine& engine) {
      const auto start = std::chrono::steady_clock::now();
      work(engine);
      return microseconds(std::chrono::steady_clock::now() - start).count();
    };
    for (int i = 0; i < rounds; ++i) {
      few.push_back(once(small));
      many.push_back(once(large));
    }
  }
  void print(const char* name) {
    const double a = median(few);
    const double b = median(many);
    std::printf("| %s | %.0f | %.0f | %.2f |\n", name, a, b, b / a);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int builds = argc > 1 ? std::atoi(argv[1]) : 100'000;
  const auto folder = fs::temp_directory_path() / ("texbuild-bench-store-" + std::to_string(::getpid()));
  fs::create_directories(folder / "source");
  std::ofstream(folder / "source/main.tex") << "\\documentclass{article}\\begin{document}Hello\\end{document}\n";
  const auto project = texbuild::project::from_folder(folder / "source").value();

  const auto open = [&](const char* name) {
    texbuild::engine_options options;
    options.data_folder = folder / name;
    options.accept_only = true;  // nothing is compiled: the store alone is measured
    return texbuild::engine::open(options).value();
  };
  auto large = open("large");
  for (int i = 0; i < builds; ++i) {
    texbuild::build_request request;
    request.owner = i % 2 == 0 ? "user_bench" : "user_" + std::to_string(i);  // half of them of the one who is measured
    (void)large.submit(project, request).value();
    if (i % 5000 == 4999) std::cerr << i + 1 << " builds stored\n";
  }
  auto small = open("small");
  texbuild::build_request request;
  request.owner = "user_bench";
  row submit;
  submit.measure(201, small, large, [&](auto& engine) { (void)engine.submit(project, request).value(); });
  row list;  // 20 builds a page, in both
  list.measure(501, small, large, [](auto& engine) { (void)engine.list("user_bench", 1, 20).value(); });
  const auto newest = [](auto& engine) { return engine.list("user_bench", 1, 1).value().builds.front().id; };
  const std::string ids[] = {newest(small), newest(large)};
  row status;
  status.measure(501, small, large, [&](auto& engine) { (void)engine.find(ids[&engine == &large]).value(); });
  std::printf("| operation | empty store, µs | %d builds, µs | ratio |\n|---|---:|---:|---:|\n", builds);
  submit.print("submit");
  list.print("list, page 1");
  status.print("status");
  fs::remove_all(folder);
  return 0;
}
