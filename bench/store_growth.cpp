// What submitting and listing cost with few and with 100 000 stored builds: medians and ratios of one run.
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

template <class F>
double median_of(int rounds, F&& work) {
  std::vector<double> values;
  for (int i = 0; i < rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    values.push_back(microseconds(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct figures {
  double submit;
  double list;
  double find;
};

figures measure(texbuild::engine& engine, const texbuild::project& project) {
  texbuild::build_request request;
  request.owner = "user_bench";
  figures f{};
  std::string id;
  f.submit = median_of(101, [&] { id = engine.submit(project, request).value().id; });
  f.list = median_of(301, [&] { (void)engine.list("user_bench", 1, 20).value(); });
  f.find = median_of(301, [&] { (void)engine.find(id).value(); });
  return f;
}

}  // namespace

int main(int argc, char** argv) {
  const int builds = argc > 1 ? std::atoi(argv[1]) : 100'000;
  const auto folder = fs::temp_directory_path() / ("texbuild-bench-store-" + std::to_string(::getpid()));
  fs::create_directories(folder / "source");
  std::ofstream(folder / "source/main.tex") << "\\documentclass{article}\\begin{document}Hello\\end{document}\n";
  const auto project = texbuild::project::from_folder(folder / "source").value();

  texbuild::engine_options options;
  options.data_folder = folder / "data";
  options.accept_only = true;  // nothing is compiled: the store alone is measured
  auto engine = texbuild::engine::open(options).value();
  const auto empty = measure(engine, project);
  for (int i = 0; i < builds; ++i) {
    texbuild::build_request request;
    request.owner = i % 2 == 0 ? "user_bench" : "user_" + std::to_string(i);  // half of them of the one who is measured
    (void)engine.submit(project, request).value();
    if (i % 5000 == 4999) std::cerr << i + 1 << " builds stored\n";
  }
  const auto full = measure(engine, project);
  std::printf("| operation | empty store, µs | %d builds, µs | ratio |\n|---|---|---|---|\n", builds);
  const auto row = [](const char* name, double a, double b) {
    std::printf("| %s | %.0f | %.0f | %.2f |\n", name, a, b, b / a);
  };
  row("submit", empty.submit, full.submit);
  row("list, page 1", empty.list, full.list);
  row("status", empty.find, full.find);
  fs::remove_all(folder);
  return 0;
}
