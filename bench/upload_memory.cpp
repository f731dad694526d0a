// Peak memory of a real server while an upload of nearly 100 MB arrives, is checked and stored, above its memory
// before.
#include "bench/server_process.hpp"

#include <texbuild/project.hpp>

#include <cstdio>
#include <random>

int main() {
  const bench::server_process server;
  const auto project = server.folder / "project";
  std::filesystem::create_directory(project);
  std::ofstream(project / "main.tex") << "\\documentclass{article}\\begin{document}x\\end{document}\n";
  {
    std::mt19937_64 random(1);
    std::ofstream out(project / "data.bin", std::ios::binary);
    for (int i = 0; i < 12'900'000; ++i) {
      const auto word = random();
      out.write(reinterpret_cast<const char*>(&word), sizeof word);
    }
  }
  const auto zip = server.folder / "project.zip";
  texbuild::project::from_folder(project).value().write_zip(zip).value();

  const auto before = server.memory_kb("VmRSS");
  const auto id = server.upload(zip);
  const auto arrived = server.memory_kb("VmHWM");
  const auto status = server.wait(id);
  const auto built = server.memory_kb("VmHWM");
  std::printf(
      "| upload | idle | peak while it arrives | above idle | peak until it is built | build "
      "|\n|---|---|---|---|---|---|\n");
  std::printf("| %.1f MB | %.1f MB | %.1f MB | %.1f MB | %.1f MB | %s |\n",
              static_cast<double>(std::filesystem::file_size(zip)) / (1 << 20), static_cast<double>(before) / 1024,
              static_cast<double>(arrived) / 1024, static_cast<double>(arrived - before) / 1024,
              static_cast<double>(built) / 1024, status.c_str());
}
